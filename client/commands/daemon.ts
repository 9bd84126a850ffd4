/** Commands on the daemon: start, stop, restart, and the menu of the status item. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { alone, askChoice, type Choice, withoutBack } from '../prompts.ts';
import { report } from '../report.ts';
import { chosenOrganization } from '../settings.ts';

const { t } = vscode.l10n;

export async function startDaemon(ctx: Ctx): Promise<void> {
  await ctx.daemon.start();
}

export async function restartDaemon(ctx: Ctx): Promise<void> {
  await ctx.daemon.restart();
}

export async function stopDaemon(ctx: Ctx): Promise<void> {
  await ctx.daemon.stop();
}

export async function showLog(ctx: Ctx): Promise<void> {
  ctx.log.show();
}

/** What runs where, and what can be done about it. */
export async function showStatus(ctx: Ctx): Promise<void> {
  const { state } = ctx.daemon;
  if (state.kind === 'failed') return await report(ctx, state.failure);
  const run = (command: string) => async () => {
    await vscode.commands.executeCommand(command);
  };
  const choices: Choice<() => Promise<void>>[] =
    state.kind === 'ready'
      ? [
          await addressChoice(ctx),
          {
            label: `$(organization) ${t('Organization: {0}', chosenOrganization() ?? t('Global'))}`,
            description: t('for diagnostics, and for runs from here'),
            value: run('workflowKeys.organizations.choose'),
          },
          { label: `$(debug-restart) ${t('Restart Daemon')}`, value: run('workflowKeys.daemon.restart') },
          {
            label: `$(debug-stop) ${t('Stop Daemon')}`,
            description: t('endpoints no longer answer'),
            value: run('workflowKeys.daemon.stop'),
          },
        ]
      : [{ label: `$(play) ${t('Start Daemon')}`, value: run('workflowKeys.daemon.start') }];
  choices.push(
    { label: `$(output) ${t('Show Log')}`, value: run('workflowKeys.daemon.showLog') },
    {
      label: `$(gear) ${t('Settings')}`,
      value: async () => {
        await vscode.commands.executeCommand('workbench.action.openSettings', 'workflowKeys');
      },
    },
  );
  const placeholder = { ready: t('The daemon is running'), starting: t('The daemon is starting') };
  const chosen = await askChoice(
    alone('Workflow Keys'),
    state.kind === 'stopped' ? t('The daemon is stopped') : placeholder[state.kind],
    choices,
  );
  await withoutBack(chosen)();
}

async function addressChoice(ctx: Ctx): Promise<Choice<() => Promise<void>>> {
  const status = await ctx.request('workflowKeys/daemon/status', null);
  return {
    label: `$(copy) ${t('Copy {0}', status.url)}`,
    description: t(
      'version {0} · clients: {1} · runs: {2}',
      status.version,
      status.clients,
      status.activeRuns,
    ),
    value: async () => await vscode.env.clipboard.writeText(status.url),
  };
}
