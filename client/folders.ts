/** Tells the daemon of the folders that are open and trusted. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';
import { interpreterOf, watchInterpreter } from './interpreter.ts';
import { report } from './report.ts';

/**
 * Registers the window's folders with each new connection, and again when folders, trust or interpreter change.
 * The daemon remembers them, so that endpoints outlive the window.
 *
 * Invariant: a folder that is not trusted is never registered, so its workflows never run.
 */
export function registerFolders(ctx: Ctx): void {
  const register = () => {
    if (ctx.daemon.state.kind !== 'ready' || !vscode.workspace.isTrusted) return;
    for (const folder of vscode.workspace.workspaceFolders ?? []) void registerFolder(ctx, folder.uri);
  };
  let watching = false;
  ctx.extension.subscriptions.push(
    ctx.daemon.onDidChangeState((state) => {
      register();
      if (state.kind !== 'ready' || watching) return;
      watching = true;
      void watchInterpreter(ctx, register);
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(register),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('workflowKeys.python')) register();
    }),
  );
}

async function registerFolder(ctx: Ctx, folder: vscode.Uri): Promise<void> {
  if (folder.scheme !== 'file') return;
  try {
    const python = await interpreterOf(ctx, folder);
    const { workflows } = await ctx.request('workflowKeys/folders/register', {
      path: folder.fsPath,
      ...(python === undefined ? {} : { python }),
    });
    ctx.log.info(`Registered ${folder.fsPath}: ${workflows} workflows.`);
  } catch (error) {
    await report(ctx, error);
  }
}
