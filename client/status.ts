/** The one status item: whether the daemon answers, on which port, and for which organization one works here. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';
import type { DaemonState } from './daemon.ts';
import { shownId } from './organizationText.ts';
import { chosenOrganization } from './settings.ts';

/** Shows the daemon's state, here and as the context key that welcome contents and menus ask for. */
export function showStatus(ctx: Ctx): void {
  const item = vscode.window.createStatusBarItem('workflowKeys.status', vscode.StatusBarAlignment.Left);
  item.name = 'Workflow Keys';
  item.command = 'workflowKeys.daemon.status';
  const update = (state: DaemonState) => {
    const { text, tooltip } = statusText(state);
    item.text = text;
    item.tooltip = tooltip;
    item.accessibilityInformation = { label: tooltip, role: 'button' };
    item.backgroundColor =
      state.kind === 'failed' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    void vscode.commands.executeCommand('setContext', 'workflowKeys.daemon', state.kind);
  };
  update(ctx.daemon.state);
  item.show();
  ctx.extension.subscriptions.push(
    item,
    ctx.daemon.onDidChangeState(update),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('workflowKeys.organization')) update(ctx.daemon.state);
    }),
  );
}

function statusText(state: DaemonState): { text: string; tooltip: string } {
  const { t } = vscode.l10n;
  switch (state.kind) {
    case 'stopped':
      return { text: '$(circle-slash) Workflow Keys', tooltip: t('Workflow Keys: the daemon is stopped') };
    case 'starting':
      return { text: '$(loading~spin) Workflow Keys', tooltip: t('Workflow Keys: the daemon is starting') };
    case 'ready': {
      const organization = shownId(chosenOrganization());
      const endpoints = t('Workflow Keys: endpoints at {0}', state.url);
      return organization === ''
        ? { text: `$(key) ${portOf(state.url)}`, tooltip: endpoints }
        : {
            text: `$(key) ${portOf(state.url)} $(organization) ${organization}`,
            tooltip: t('{0}; current organization: {1}', endpoints, organization),
          };
    }
    case 'failed':
      return {
        text: '$(error) Workflow Keys',
        tooltip: t('Workflow Keys: {0}', state.failure.message),
      };
  }
}

function portOf(url: string): string {
  return URL.canParse(url) ? new URL(url).port || '80' : url;
}
