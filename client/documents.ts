/** Read-only documents of runs and of the audit log; they hold what the daemon answers, which is scrubbed. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';
import { auditDocument } from './views/auditText.ts';
import { runDocument } from './views/runText.ts';

const scheme = 'workflow-keys';
/** The ending that the manifest gives to the language `workflow-keys-run`. */
const ending = '.workflow-run';
const auditedRows = 1000;
/** Its path is its tab's title; the manifest gives it the same language. */
const audit = vscode.Uri.from({ scheme, path: '/Audit Log', authority: 'audit' });
/** Documents to be read again; the editor keeps what it has read, also after the tab was closed. */
const outdated = new vscode.EventEmitter<vscode.Uri>();

export async function openRun(run: { id: string; workflowId: string }): Promise<void> {
  await open(vscode.Uri.from({ scheme, path: `/${run.workflowId}${ending}`, query: run.id }));
}

/** Shows its end, where the newest lines are. */
export async function openAudit(): Promise<void> {
  outdated.fire(audit);
  const editor = await open(audit);
  const end = editor.document.lineAt(editor.document.lineCount - 1).range.end;
  editor.selection = new vscode.Selection(end, end);
  editor.revealRange(editor.selection);
}

/** Provides the documents, and reads them again while they are looked at and things go on. */
export function provideDocuments(ctx: Ctx): void {
  ctx.extension.subscriptions.push(
    outdated,
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: outdated.event,
      provideTextDocumentContent: (uri) => (isAudit(uri) ? auditText(ctx) : runText(ctx, uri.query)),
    }),
    ctx.daemon.onDidChangeRows((nouns) => {
      if (vscode.window.visibleTextEditors.some(({ document }) => isAudit(document.uri)))
        outdated.fire(audit);
      if (!nouns.includes('runs')) return;
      for (const { uri } of vscode.workspace.textDocuments)
        if (uri.scheme === scheme && !isAudit(uri)) outdated.fire(uri);
    }),
  );
}

function isAudit(uri: vscode.Uri): boolean {
  return uri.toString() === audit.toString();
}

async function open(uri: vscode.Uri): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(uri);
  return await vscode.window.showTextDocument(document, { preview: true });
}

async function runText(ctx: Ctx, id: string): Promise<string> {
  return runDocument(await ctx.request('workflowKeys/runs/show', { id }));
}

async function auditText(ctx: Ctx): Promise<string> {
  return auditDocument(await ctx.request('workflowKeys/audit/list', { limit: auditedRows }));
}
