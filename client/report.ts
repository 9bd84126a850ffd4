/** Tells of what failed, with the one click that fits; it catches nothing itself. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';
import { Failure } from './failure.ts';
import { nextFreePort } from './port.ts';
import { Cancelled } from './prompts.ts';
import { choosePort, daemonSettings } from './settings.ts';

/** Shows a failure's own message; anything else goes to the log and is only named. */
export async function report(ctx: Ctx, error: unknown): Promise<void> {
  if (error instanceof Cancelled) return;
  const failure = error instanceof Failure ? error : undefined;
  if (failure) ctx.log.warn(`${failure.code}: ${failure.message}`);
  else ctx.log.error('A command failed.', error);
  const message = failure?.message ?? vscode.l10n.t('That did not work; the log has the cause.');
  const showLog = { title: vscode.l10n.t('Show Log'), act: async () => ctx.log.show(true) };
  const remedy = failure && remedies(ctx, failure.code);
  const offered: Remedy[] = [
    ...(remedy ? [remedy] : []),
    ...(failure && selfExplanatory.has(failure.code) ? [] : [showLog]),
  ];
  if (offered.length === 0 && message.length > shownCharacters) offered.push(copyOf(message));
  const chosen = await vscode.window.showErrorMessage(message, ...offered);
  if (chosen) await chosen.act().catch((next: unknown) => report(ctx, next));
}

/** What was asked for could not be; the message says why, and the log knows no more. */
const selfExplanatory = new Set(['bad-input', 'conflict', 'not-found', 'stopping']);

/** A notification without a button is cut off after one line, and what to do stands at a message's end. */
const shownCharacters = 60;

function copyOf(message: string): Remedy {
  return {
    title: vscode.l10n.t('Copy Message'),
    act: async () => await vscode.env.clipboard.writeText(message),
  };
}

interface Remedy extends vscode.MessageItem {
  act(): Promise<void>;
}

function remedies(ctx: Ctx, code: string): Remedy | undefined {
  switch (code) {
    case 'port-taken':
      return { title: vscode.l10n.t('Use Another Port'), act: () => useAnotherPort(ctx) };
    case 'daemon-unreachable':
      return { title: vscode.l10n.t('Restart Daemon'), act: () => ctx.daemon.restart() };
    case 'python-unavailable':
      return {
        title: vscode.l10n.t('Choose Interpreter'),
        act: () => openSetting('workflowKeys.python.interpreter'),
      };
    case 'storage-failed':
      return {
        title: vscode.l10n.t('Choose Data Directory'),
        act: () => openSetting('workflowKeys.daemon.dataDirectory'),
      };
    default:
      return undefined;
  }
}

/** These settings are the machine's; of a remote one they stand on a page of their own. */
async function openSetting(name: string): Promise<void> {
  const page = vscode.env.remoteName === undefined ? 'openSettings' : 'openRemoteSettings';
  await vscode.commands.executeCommand(`workbench.action.${page}`, { query: name });
}

/** D40: the next free port is kept in the settings, so that its address stays the same from now on. */
async function useAnotherPort(ctx: Ctx): Promise<void> {
  const { host, port } = daemonSettings();
  const free = await nextFreePort(host, port + 1);
  if (free === undefined) {
    throw new Failure(
      'port-taken',
      vscode.l10n.t('No port after {0} is free; choose one in the settings.', port),
    );
  }
  await choosePort(free);
  await ctx.daemon.restart();
  void vscode.window.showInformationMessage(vscode.l10n.t('The daemon now listens on port {0}.', free));
}
