/** The view of configuration, by scope: global first, then each organization. */

import * as vscode from 'vscode';
import { chosenOrganization } from '../settings.ts';
import type { TextContext } from '../text.ts';
import { configText } from './configText.ts';
import { type ConfigNode, childNodes, scopeNodes } from './configTree.ts';
import type { ViewDefinition } from './view.ts';

export const configsView: ViewDefinition<ConfigNode> = {
  id: 'workflowKeys.configs',
  nouns: ['configs', 'organizations'],
  settings: ['workflowKeys.organization'],
  untrusted: true,
  async load(ctx) {
    const [rows, organizations] = await Promise.all([
      ctx.request('workflowKeys/configs/list', {}),
      ctx.request('workflowKeys/organizations/list', null),
    ]);
    const globalTitle = vscode.l10n.t('Global');
    return scopeNodes(rows, organizations, { current: chosenOrganization(), globalTitle });
  },
  children: childNodes,
  item(node, context) {
    if (node.kind === 'scope') return scopeItem(node);
    return node.kind === 'range' ? rangeItem(node) : configItem(node, context);
  },
};

function scopeItem(node: ConfigNode & { kind: 'scope' }): vscode.TreeItem {
  const { organizationId, title, isCurrent } = node;
  const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `scope/${organizationId ?? ''}`;
  item.iconPath = new vscode.ThemeIcon(organizationId ? 'organization' : 'globe');
  item.contextValue = organizationId ? 'organization' : 'global';
  item.description = [
    ...(organizationId && organizationId !== title ? [organizationId] : []),
    ...(isCurrent && organizationId ? [vscode.l10n.t('current')] : []),
  ].join(' · ');
  return item;
}

function rangeItem({ organizationId, index, rows }: ConfigNode & { kind: 'range' }): vscode.TreeItem {
  const [first, last] = [rows[0]?.name ?? '', rows.at(-1)?.name ?? ''];
  const item = new vscode.TreeItem(`${first} … ${last}`, vscode.TreeItemCollapsibleState.Collapsed);
  // By its place, so that a range that is open stays so when a name is added before it.
  item.id = `range/${organizationId ?? ''}/${index}`;
  item.description = String(rows.length);
  item.iconPath = new vscode.ThemeIcon('list-unordered');
  return item;
}

function configItem({ row }: ConfigNode & { kind: 'config' }, context: TextContext): vscode.TreeItem {
  const text = configText(row, context);
  const item = new vscode.TreeItem(text.label);
  item.id = `config/${row.organizationId ?? ''}/${row.name}`;
  item.description = text.description;
  item.tooltip = new vscode.MarkdownString(text.tooltip);
  item.accessibilityInformation = { label: text.spoken };
  item.contextValue = 'config';
  item.iconPath = new vscode.ThemeIcon(
    text.icon,
    row.needsValue ? new vscode.ThemeColor('editorWarning.foreground') : undefined,
  );
  return item;
}
