/** The command that begins a workflow: a file that runs as it stands; it overwrites none. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { Failure } from '../failure.ts';
import { askText, type Place } from '../prompts.ts';
import { inSteps, type Steps } from '../steps.ts';
import { isWorkflowName, workflowSource } from '../workflowSource.ts';

const { t } = vscode.l10n;

/** Asks for the name, and writes and opens `workflows/<name>.py` in the folder. */
export async function newWorkflow(ctx: Ctx): Promise<void> {
  const folder = await chooseFolder();
  if (!folder) return;
  const steps: Steps<{ name: string }> = {
    name: {
      ask: (place: Place, soFar) =>
        askText(place, {
          prompt: t('The name of the workflow, which becomes its id in the address'),
          placeholder: 'send_invoice',
          value: soFar.name ?? '',
          validate: (text) =>
            isWorkflowName(text) ? undefined : t('Lower-case letters, digits and “_”, a letter first.'),
        }),
    },
  };
  const file = await inSteps(ctx, t('New Workflow'), steps, ({ name }) => write(folder.uri, name));
  await vscode.window.showTextDocument(file);
}

/** Fails with `conflict` where there is such a file already. */
async function write(folder: vscode.Uri, name: string): Promise<vscode.Uri> {
  const file = vscode.Uri.joinPath(folder, 'workflows', `${name}.py`);
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(file, { contents: Buffer.from(workflowSource(name)) });
  if (await vscode.workspace.applyEdit(edit)) return file;
  throw new Failure(
    'conflict',
    t('workflows/{0}.py could not be written; if there is such a file already, choose another name.', name),
  );
}

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length > 1) return await vscode.window.showWorkspaceFolderPick();
  const [only] = folders;
  if (only) return only;
  const open = t('Open Folder');
  const chosen = await vscode.window.showInformationMessage(t('Workflows are files of a folder.'), open);
  if (chosen === open) await vscode.commands.executeCommand('vscode.openFolder');
  return undefined;
}
