/** The view of keys (W4–W10, W31–W33); rows come in the daemon's order (D39). */

import * as vscode from 'vscode';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { Ctx } from '../ctx.ts';
import { badgeGap, type KeyFact, type KeyText, keyMenu, keyText } from './keyText.ts';
import type { ViewDefinition } from './view.ts';

const scheme = 'workflow-keys-key';

/** A card, or one of the lines below it. */
export type KeyNode = { kind: 'key'; row: KeyRow } | { kind: 'fact'; row: KeyRow; index: number };

export const keysView: ViewDefinition<KeyNode> = {
  id: 'workflowKeys.keys',
  // A run by a key is a use of it (W9).
  nouns: ['keys', 'workflows', 'organizations', 'runs'],
  untrusted: true,
  load: async (ctx) =>
    (await ctx.request('workflowKeys/keys/list', null)).map((row): KeyNode => ({ kind: 'key', row })),
  children(node, context) {
    if (node.kind === 'fact') return [];
    const { row } = node;
    return keyText(row, context).facts.map((_, index): KeyNode => ({ kind: 'fact', row, index }));
  },
  item(node, context) {
    const { row } = node;
    const text = keyText(row, context);
    const fact = node.kind === 'fact' && text.facts[node.index];
    if (fact) return factItem(fact);
    const item = new vscode.TreeItem(
      { label: text.label, highlights: highlightsOf(text) },
      vscode.TreeItemCollapsibleState.Expanded,
    );
    item.id = row.id;
    item.description = text.badges
      .filter(({ isEnd }) => !isEnd)
      .map(({ title }) => title)
      .join(' · ');
    item.tooltip = new vscode.MarkdownString(text.tooltip, true);
    item.accessibilityInformation = { label: text.spoken };
    item.contextValue = keyMenu(row);
    item.iconPath = new vscode.ThemeIcon(
      text.icon,
      text.tone === 'normal' ? undefined : new vscode.ThemeColor(toneColors[text.tone]),
    );
    // The decoration below colours the row; the query makes it differ when the key's fate does.
    item.resourceUri = vscode.Uri.from({ scheme, path: `/${row.id}`, query: text.tone });
    return item;
  },
  badge(nodes) {
    const broken = nodes.filter(({ row }) => row.orphaned || row.expired).length;
    if (broken === 0) return undefined;
    return { value: broken, tooltip: vscode.l10n.t('{0} keys are orphaned or expired', broken) };
  },
};

function factItem({ text, icon }: KeyFact): vscode.TreeItem {
  const item = new vscode.TreeItem('');
  item.description = text;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor('descriptionForeground'));
  item.accessibilityInformation = { label: text };
  return item;
}

/** Where in the label each badge stands. */
function highlightsOf({ labelBadges }: KeyText): [number, number][] {
  let end = -badgeGap.length;
  return labelBadges.map((badge) => {
    const start = end + badgeGap.length;
    end = start + badge.length;
    return [start, end];
  });
}

/** Those for lists have no colour in themes of high contrast. */
const toneColors = { orphaned: 'errorForeground', expired: 'editorWarning.foreground' };

/** W31, W33: an orphaned key is red, an expired one in the colour of warnings. */
export function decorateKeys(ctx: Ctx): void {
  ctx.extension.subscriptions.push(
    vscode.window.registerFileDecorationProvider({
      provideFileDecoration(uri) {
        if (uri.scheme !== scheme || !(uri.query in toneColors)) return undefined;
        const tone = uri.query as keyof typeof toneColors;
        return { color: new vscode.ThemeColor(toneColors[tone]), badge: '!' };
      },
    }),
  );
}
