/** What all side-bar trees share: reading rows again when they changed; it knows no noun. */

import * as vscode from 'vscode';
import type { ChangedNoun } from '../../server/protocol.ts';
import type { Ctx } from '../ctx.ts';
import type { TextContext } from '../text.ts';

export interface ViewDefinition<Node> {
  /** As in the manifest, e.g. `workflowKeys.keys`. */
  id: string;
  /** Read again when one of these changed. */
  nouns: readonly ChangedNoun[];
  /** So are these settings, e.g. `workflowKeys.organization`. */
  settings?: readonly string[];
  /** Whether it shows anything in a workspace that is not trusted. */
  untrusted: boolean;
  load(ctx: Ctx): Promise<Node[]>;
  children?(node: Node, context: TextContext): Node[];
  item(node: Node, context: TextContext): vscode.TreeItem;
  /** A number on the container's icon, when something needs attention. */
  badge?(nodes: Node[]): vscode.ViewBadge | undefined;
}

/** So long a row's relative times are right, to the minute. */
const freshMs = 60_000;

/** Shows a view for as long as the extension lives. It never starts the daemon: a view only shows what is there. */
export function showView<Node>(ctx: Ctx, definition: ViewDefinition<Node>): vscode.TreeView<Node> {
  const changed = new vscode.EventEmitter<undefined>();
  let loadedAt = Number.POSITIVE_INFINITY;
  const load = async (): Promise<Node[]> => {
    loadedAt = Date.now();
    view.message = '';
    if (ctx.daemon.state.kind !== 'ready') return [];
    if (!definition.untrusted && !vscode.workspace.isTrusted) return [];
    try {
      const nodes = await definition.load(ctx);
      view.badge = definition.badge?.(nodes);
      return nodes;
    } catch (error) {
      ctx.log.error(`${definition.id} could not be read.`, error);
      view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  };
  const context = () => ({ t: vscode.l10n.t, now: Date.now(), language: vscode.env.language });
  const view = vscode.window.createTreeView<Node>(definition.id, {
    showCollapseAll: definition.children !== undefined,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      async getChildren(node) {
        if (node !== undefined) return definition.children?.(node, context()) ?? [];
        const rows = readAhead;
        readAhead = undefined;
        return rows ?? (await load());
      },
      getTreeItem: (node) => definition.item(node, context()),
    },
  });
  // From the event until the rows are there an icon in a row belongs to nothing, so they are read before it.
  let readAhead: Node[] | undefined;
  let isStale = false;
  let isReading = false;
  const refresh = async () => {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale) {
      isStale = false;
      readAhead = view.visible ? await load() : undefined;
      changed.fire(undefined);
    }
    isReading = false;
  };
  ctx.extension.subscriptions.push(
    view,
    changed,
    ctx.daemon.onDidChangeState(() => void refresh()),
    ctx.daemon.onDidChangeRows((nouns) => {
      if (nouns.some((noun) => definition.nouns.includes(noun))) void refresh();
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (definition.settings?.some((setting) => change.affectsConfiguration(setting))) void refresh();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void refresh()),
    // Times in rows are relative, and grow old while nobody looks. Rows that were just read are not read again: the
    // icon that somebody presses first would belong to nothing.
    view.onDidChangeVisibility(({ visible }) => {
      if (visible && Date.now() - loadedAt > freshMs) void refresh();
    }),
  );
  return view;
}
