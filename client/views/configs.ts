/** The view of configuration, by scope: global first, then each organization. */

import * as vscode from 'vscode';
import type { ConfigRow } from '../../server/protocol.ts';
import { configText } from './configText.ts';
import type { ViewDefinition } from './view.ts';

export type ConfigNode =
  | { kind: 'scope'; organizationId?: string; title: string; rows: ConfigRow[] }
  | { kind: 'config'; row: ConfigRow };

export const configsView: ViewDefinition<ConfigNode> = {
  id: 'workflowKeys.configs',
  nouns: ['configs', 'organizations'],
  untrusted: true,
  async load(ctx) {
    const [rows, organizations] = await Promise.all([
      ctx.request('workflowKeys/configs/list', {}),
      ctx.request('workflowKeys/organizations/list', null),
    ]);
    if (rows.length === 0 && organizations.length === 0) return [];
    const ofScope = (organizationId?: string) =>
      rows
        .filter((row) => row.organizationId === organizationId)
        .sort((left, right) => left.name.localeCompare(right.name));
    return [
      { kind: 'scope', title: vscode.l10n.t('Global'), rows: ofScope() },
      ...organizations.map(
        ({ id, name }): ConfigNode => ({ kind: 'scope', organizationId: id, title: name, rows: ofScope(id) }),
      ),
    ];
  },
  children: (node) =>
    node.kind === 'scope' ? node.rows.map((row): ConfigNode => ({ kind: 'config', row })) : [],
  item(node, context) {
    if (node.kind === 'scope') {
      const item = new vscode.TreeItem(node.title, vscode.TreeItemCollapsibleState.Expanded);
      item.id = `scope/${node.organizationId ?? ''}`;
      item.iconPath = new vscode.ThemeIcon(node.organizationId ? 'organization' : 'globe');
      item.contextValue = node.organizationId ? 'organization' : 'global';
      if (node.organizationId && node.organizationId !== node.title) item.description = node.organizationId;
      return item;
    }
    const { row } = node;
    const text = configText(row, context);
    const item = new vscode.TreeItem(text.label);
    item.id = `config/${row.organizationId ?? ''}/${row.name}`;
    item.description = text.description;
    item.tooltip = new vscode.MarkdownString(text.tooltip);
    item.accessibilityInformation = { label: text.spoken };
    item.contextValue = 'config';
    item.iconPath = new vscode.ThemeIcon(
      text.icon,
      row.needsValue ? new vscode.ThemeColor('list.warningForeground') : undefined,
    );
    return item;
  },
};
