/** The view of runs, newest first. */

import * as vscode from 'vscode';
import type { RunRow } from '../../server/protocol/runs.ts';
import { isActive, runText } from './runText.ts';
import type { ViewDefinition } from './view.ts';

const shownRuns = 100;

export const runsView: ViewDefinition<RunRow> = {
  id: 'workflowKeys.runs',
  nouns: ['runs'],
  untrusted: false,
  load: (ctx) => ctx.request('workflowKeys/runs/list', { limit: shownRuns }),
  item(row, context) {
    const text = runText(row, context);
    const item = new vscode.TreeItem(text.label);
    item.id = row.id;
    item.description = text.description;
    item.tooltip = `${row.status} · ${row.id}`;
    item.accessibilityInformation = { label: text.spoken };
    item.contextValue = isActive(row) ? 'run-active' : 'run';
    item.iconPath = new vscode.ThemeIcon(
      text.icon.name,
      text.icon.color ? new vscode.ThemeColor(text.icon.color) : undefined,
    );
    item.command = { command: 'workflowKeys.runs.show', title: vscode.l10n.t('Show'), arguments: [row] };
    return item;
  },
};
