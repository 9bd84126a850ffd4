/** The view of workflows: each with the state of its endpoint. */

import * as vscode from 'vscode';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import type { ViewDefinition } from './view.ts';
import { endpointState, workflowText } from './workflowText.ts';

export const workflowsView: ViewDefinition<WorkflowRow> = {
  id: 'workflowKeys.workflows',
  nouns: ['workflows'],
  untrusted: false,
  load: (ctx) => ctx.request('workflowKeys/workflows/list', null),
  item(row, context) {
    const text = workflowText(row, context);
    const item = new vscode.TreeItem(text.label);
    // Duplicates share their name, so the place is part of the identity.
    item.id = `${row.file}:${row.range.start.line}:${row.id}`;
    item.description = text.description;
    item.tooltip = new vscode.MarkdownString(text.tooltip);
    item.accessibilityInformation = { label: text.spoken };
    item.contextValue = `workflow-${endpointState(row)}`;
    item.iconPath = new vscode.ThemeIcon(
      text.icon,
      row.duplicate ? new vscode.ThemeColor('errorForeground') : undefined,
    );
    item.command = {
      command: 'workflowKeys.workflows.open',
      title: vscode.l10n.t('Open'),
      arguments: [row],
    };
    return item;
  },
};
