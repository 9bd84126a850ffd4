/** The view of credentials for outgoing calls: one row each, without their values. */

import * as vscode from 'vscode';
import type { CredentialRow } from '../../server/protocol/credentials.ts';
import { credentialText } from './credentialText.ts';
import type { ViewDefinition } from './view.ts';

export const credentialsView: ViewDefinition<CredentialRow> = {
  id: 'workflowKeys.credentials',
  nouns: ['credentials', 'organizations'],
  untrusted: true,
  load: (ctx) => ctx.request('workflowKeys/credentials/list', {}),
  item(row, context) {
    const text = credentialText(row, context);
    const item = new vscode.TreeItem(text.label);
    item.id = `credential/${row.id}`;
    item.description = text.description;
    item.tooltip = new vscode.MarkdownString(text.tooltip);
    item.accessibilityInformation = { label: text.spoken };
    item.contextValue = 'credential';
    item.iconPath = new vscode.ThemeIcon('plug');
    return item;
  },
};
