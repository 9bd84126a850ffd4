/**
 * The page of cards, one for each key (D38): its panel, and which command a button of it means.
 *
 * Invariant: no key ever stands in it, only what the daemon tells of keys.
 */

import * as vscode from 'vscode';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { Ctx } from '../ctx.ts';
import { keyPage, type PageCommand } from '../views/keyCardText.ts';
import { type KeyNode, keysView } from '../views/keys.ts';

const viewType = 'workflowKeys.keyCards';

const commands: Record<PageCommand, string> = {
  create: 'workflowKeys.keys.create',
  createApi: 'workflowKeys.keys.createApi',
  start: 'workflowKeys.daemon.start',
  rebind: 'workflowKeys.keys.rebind',
  rotate: 'workflowKeys.keys.rotate',
  revoke: 'workflowKeys.keys.revoke',
};

type KeyCardsParts = Pick<Ctx, 'extension' | 'log' | 'daemon'>;

/** At most one page a window; it comes back when the editor starts again with it open. */
export class KeyCards implements vscode.Disposable {
  readonly #parts: KeyCardsParts;
  readonly #serializer: vscode.Disposable;
  #panel: vscode.WebviewPanel | undefined;
  /** What the page shows, by id. */
  #rows = new Map<string, KeyRow>();

  constructor(parts: KeyCardsParts) {
    this.#parts = parts;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (panel) => this.#adopt(panel),
    });
  }

  open(): void {
    if (this.#panel) {
      this.#panel.reveal();
    } else {
      const title = vscode.l10n.t('Workflow Keys');
      this.#adopt(vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active));
    }
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#panel?.dispose();
  }

  #adopt(panel: vscode.WebviewPanel): void {
    this.#panel?.dispose();
    this.#panel = panel;
    const { daemon, extension } = this.#parts;
    const files = vscode.Uri.joinPath(extension.extensionUri, 'dist', 'pages');
    panel.iconPath = new vscode.ThemeIcon('key');
    panel.webview.options = { enableScripts: true, localResourceRoots: [files] };
    const listeners = [
      panel.webview.onDidReceiveMessage((message) => this.#receive(message)),
      daemon.onDidChangeState(() => this.#refresh()),
      daemon.onDidChangeRows((nouns) => {
        if (nouns.some((noun) => keysView.nouns.includes(noun))) this.#refresh();
      }),
    ];
    panel.onDidDispose(() => {
      for (const listener of listeners) listener.dispose();
      if (this.#panel === panel) this.#panel = undefined;
    });
    panel.webview.html = shellOf(panel.webview, files);
  }

  /** A hidden page is taken down by the editor; its script says when it is there again. */
  #refresh(): void {
    if (!this.#panel?.visible) return;
    void this.#load().catch((error) => this.#parts.log.error('The page of keys could not be read.', error));
  }

  async #load(): Promise<void> {
    const { daemon } = this.#parts;
    const { kind } = daemon.state;
    const rows = kind === 'ready' ? await daemon.request('workflowKeys/keys/list', null) : [];
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    const { t } = vscode.l10n;
    await this.#panel?.webview.postMessage(
      keyPage(kind, rows, { t, now: Date.now(), language: vscode.env.language }),
    );
  }

  /** Only words that are known, and only keys that are shown: a page is outside. */
  #receive(message: unknown): void {
    const { command, id } = Object(message) as { command?: unknown; id?: unknown };
    if (command === 'ready') this.#refresh();
    if (typeof command !== 'string' || !Object.hasOwn(commands, command)) return;
    const row = this.#rows.get(String(id));
    if (id !== undefined && !row) return;
    const node: KeyNode[] = row ? [{ kind: 'key', row }] : [];
    void vscode.commands.executeCommand(commands[command as PageCommand], ...node);
  }
}

/** The script and the style of this page run in it, and nothing else, from nowhere else. */
function shellOf(webview: vscode.Webview, files: vscode.Uri): string {
  const nonce = crypto.randomUUID();
  const address = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(files, name));
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!doctype html>
<html lang="${vscode.env.language}">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" nonce="${nonce}" href="${address('keyCards.css')}" />
    <title>Workflow Keys</title>
  </head>
  <body>
    <main id="page" aria-busy="true"></main>
    <script type="module" nonce="${nonce}" src="${address('keyCards.js')}"></script>
  </body>
</html>`;
}
