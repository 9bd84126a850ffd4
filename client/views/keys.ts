/** The view of keys (W4–W10, W31–W33); rows come in the daemon's order (D39). */

import * as vscode from 'vscode';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { Ctx } from '../ctx.ts';
import { badgeGap, type KeyFact, type KeyText, keyMenu, keyText } from './keyText.ts';
import type { ViewDefinition } from './view.ts';

const scheme = 'workflow-keys-key';

/** A card, or one of the lines below it. */
export type KeyNode =
  | {
      kind: 'key';
      row: KeyRow;
      /** Its lines stand beside it instead, until it is opened. */
      isFolded?: boolean;
    }
  | { kind: 'fact'; row: KeyRow; index: number };

/** The editor asks for the lines of every open card at each change, and more cards than that are looked through. */
const openCards = 50;

export const keysView: ViewDefinition<KeyNode> = {
  id: 'workflowKeys.keys',
  // A run by a key is a use of it (W9).
  nouns: ['keys', 'workflows', 'organizations', 'runs'],
  untrusted: true,
  async load(ctx) {
    const rows = await ctx.request('workflowKeys/keys/list', null);
    const isFolded = rows.length > openCards;
    return rows.map((row): KeyNode => ({ kind: 'key', row, isFolded }));
  },
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
    const isFolded = node.kind === 'key' && node.isFolded === true;
    const item = new vscode.TreeItem(
      { label: text.label, highlights: highlightsOf(text) },
      vscode.TreeItemCollapsibleState[isFolded ? 'Collapsed' : 'Expanded'],
    );
    // The editor remembers by it what was open and folded.
    item.id = isFolded ? `folded/${row.id}` : row.id;
    item.description = [
      ...text.badges.filter(({ isEnd }) => !isEnd).map(({ title }) => title),
      ...(isFolded ? text.facts.map((fact) => fact.text) : []),
    ].join(' · ');
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
    const tooltip =
      broken === 1
        ? vscode.l10n.t('One key is orphaned or expired')
        : vscode.l10n.t('{0} keys are orphaned or expired', broken);
    return { value: broken, tooltip };
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
