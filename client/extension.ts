/** Activates and ends the extension; it wires the parts and holds no logic. */

import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { registerCommands } from './commands/table.ts';
import type { Ctx } from './ctx.ts';
import { Daemon } from './daemon.ts';
import { provideDocuments } from './documents.ts';
import { registerFolders } from './folders.ts';
import { KeyCards } from './pages/keyCards.ts';
import { report } from './report.ts';
import { watchSecretKey } from './secretKey.ts';
import { changesConnection, chosenOrganization, daemonSettings } from './settings.ts';
import { showStatus } from './status.ts';
import { configsView } from './views/configs.ts';
import { credentialsView } from './views/credentials.ts';
import { decorateKeys, keysView } from './views/keys.ts';
import { runsView } from './views/runs.ts';
import { showView } from './views/view.ts';
import { workflowsView } from './views/workflows.ts';

let running: Daemon | undefined;

export function activate(extension: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Workflow Keys', { log: true });
  const daemon = new Daemon(extension, log);
  const keyCards = new KeyCards({ extension, log, daemon });
  running = daemon;
  const ctx: Ctx = {
    extension,
    log,
    daemon,
    keyCards,
    request: (method, params) => daemon.request(method, params),
  };
  extension.subscriptions.push(log, daemon, keyCards);

  showStatus(ctx);
  showView(ctx, keysView);
  showView(ctx, configsView);
  showView(ctx, credentialsView);
  showView(ctx, workflowsView);
  showView(ctx, runsView);
  decorateKeys(ctx);
  provideDocuments(ctx);
  registerCommands(ctx);
  registerFolders(ctx);
  handleUris(ctx);
  followSettings(ctx);
  watchSecretKey(ctx);

  extension.subscriptions.push(daemon.onDidGiveUp((failure) => report(ctx, failure)));
  // Not awaited: activation is over at once, and the status item tells the rest.
  void daemon.start().catch((error) => report(ctx, error));
}

export async function deactivate(): Promise<void> {
  await running?.disconnect();
}

/** D38: `…/settings/workflow-keys` is the page of cards. */
function handleUris(ctx: Ctx): void {
  ctx.extension.subscriptions.push(
    vscode.window.registerUriHandler({
      handleUri: (uri) => {
        if (uri.path === '/settings/workflow-keys') ctx.keyCards.open();
      },
    }),
  );
}

function followSettings(ctx: Ctx): void {
  const reconnect = () => {
    if (ctx.daemon.state.kind === 'ready') void ctx.daemon.reconnect().catch((error) => report(ctx, error));
  };
  let settings = daemonSettings();
  ctx.extension.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(reconnect),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (changesConnection(change)) reconnect();
      if (change.affectsConfiguration('workflowKeys.organization')) await tellOrganization(ctx);
      // Trust makes restricted settings “change” to what they already are.
      if (isDeepStrictEqual(settings, daemonSettings())) return;
      settings = daemonSettings();
      await offerRestart(ctx);
    }),
  );
}

async function tellOrganization(ctx: Ctx): Promise<void> {
  if (ctx.daemon.state.kind !== 'ready') return;
  const organizationId = chosenOrganization();
  try {
    await ctx.request(
      'workflowKeys/language/chooseOrganization',
      organizationId === undefined ? {} : { organizationId },
    );
  } catch (error) {
    await report(ctx, error);
  }
}

async function offerRestart(ctx: Ctx): Promise<void> {
  if (ctx.daemon.state.kind !== 'ready') return;
  const restart = vscode.l10n.t('Restart Daemon');
  const chosen = await vscode.window.showInformationMessage(
    vscode.l10n.t('The change takes effect when the daemon restarts.'),
    restart,
  );
  if (chosen === restart) await vscode.commands.executeCommand('workflowKeys.daemon.restart');
}
