/** Whether git would take a folder's `.env` along, and the line that keeps it out (A18, A22); it never reads the `.env`. */

import * as vscode from 'vscode';
import { ignores } from './gitignore.ts';

const envFile = '.env';

/**
 * Whether a `.gitignore`, the folder's own or one above it in the same repository, covers its `.env`.
 * A folder that is in no repository has its own only.
 */
export async function isEnvFileIgnored(folder: vscode.Uri): Promise<boolean> {
  let path = envFile;
  for (let place = folder; ; place = vscode.Uri.joinPath(place, '..')) {
    const text = await readText(vscode.Uri.joinPath(place, '.gitignore'));
    // The one that is nearest decides.
    const verdict = text === undefined ? undefined : ignores(text, path);
    if (verdict !== undefined) return verdict;
    const name = place.path.slice(place.path.lastIndexOf('/') + 1);
    if (name === '' || (await exists(vscode.Uri.joinPath(place, '.git')))) return false;
    path = `${name}/${path}`;
  }
}

/** Adds the line to the folder's `.gitignore`, which is made when there is none. */
export async function ignoreEnvFile(folder: vscode.Uri): Promise<void> {
  const file = vscode.Uri.joinPath(folder, '.gitignore');
  const text = (await readText(file)) ?? '';
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const before = text === '' || text.endsWith('\n') ? text : text + lineEnd;
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(before + envFile + lineEnd));
}

async function readText(file: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch {
    return undefined;
  }
}

async function exists(file: vscode.Uri): Promise<boolean> {
  return await vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
}
