/** Which Python a folder's workflows run with: the setting, else what the Python extension has selected. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';
import { chosenInterpreter } from './settings.ts';

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(resource: vscode.Uri): { path: string };
    resolveEnvironment(path: unknown): Promise<{ executable: { uri: vscode.Uri | undefined } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** Path of an interpreter; `undefined` leaves the choice to the daemon. */
export async function interpreterOf(ctx: Ctx, folder: vscode.Uri): Promise<string | undefined> {
  const chosen = chosenInterpreter();
  if (chosen) return chosen;
  try {
    const environments = (await pythonExtension())?.environments;
    const environment = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(folder));
    return environment?.executable.uri?.fsPath;
  } catch (error) {
    ctx.log.warn('The Python extension did not tell its interpreter.', error);
    return undefined;
  }
}

/** Calls `changed` when another interpreter is selected. */
export async function watchInterpreter(ctx: Ctx, changed: () => void): Promise<void> {
  try {
    const environments = (await pythonExtension())?.environments;
    if (environments)
      ctx.extension.subscriptions.push(environments.onDidChangeActiveEnvironmentPath(changed));
  } catch (error) {
    ctx.log.warn('The Python extension could not be watched.', error);
  }
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  return await vscode.extensions.getExtension<PythonExtension>('ms-python.python')?.activate();
}
