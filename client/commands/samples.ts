/** The command that gives a program for a key or a workflow, in the language that is chosen (A4). */

import * as vscode from 'vscode';
import type { SampleLanguage, SampleRow } from '../../server/protocol/samples.ts';
import type { Ctx } from '../ctx.ts';
import { ignoreEnvFile, isEnvFileIgnored } from '../envFile.ts';
import { alone, askChoice, type Choice, withoutBack } from '../prompts.ts';
import type { KeyNode } from '../views/keys.ts';
import { type WorkflowArgument, workflowOf } from './workflows.ts';

const { t } = vscode.l10n;

/** For what the row stands for; the palette asks for a workflow. */
export async function copySample(ctx: Ctx, argument?: KeyNode | WorkflowArgument): Promise<void> {
  if (argument && 'kind' in argument) {
    const samples = await ctx.request('workflowKeys/keys/samples', { id: argument.row.id });
    return await tellOfSample(await copyOneOf(samples));
  }
  const workflow = await workflowOf(ctx, title(), argument, {
    of: (row) => row.endpointEnabled && !row.duplicate,
    nothing: t('There is no workflow with its endpoint on; switch one on with endpoint_enabled=True.'),
  });
  const samples = await ctx.request('workflowKeys/workflows/samples', { id: workflow.id });
  await tellOfSample(await copyOneOf(samples), vscode.Uri.file(workflow.file));
}

/** Asks for the language and copies. Rejects with `Cancelled` when the user leaves. */
export async function copyOneOf(samples: readonly SampleRow[]): Promise<SampleRow> {
  const choices = samples.map(
    (sample): Choice<SampleRow> => ({ ...languages[sample.language], value: sample }),
  );
  const sample = withoutBack(await askChoice(alone(title()), t('In which language?'), choices));
  await vscode.env.clipboard.writeText(sample.code);
  return sample;
}

/** What was copied, and what else can be done: see it, and keep its key out of version control (A22). */
export async function tellOfSample(sample: SampleRow, near?: vscode.Uri): Promise<void> {
  const folder =
    (near && vscode.workspace.getWorkspaceFolder(near)) ?? vscode.workspace.workspaceFolders?.[0];
  const copied = copiedText(sample);
  const open = t('Open in Editor');
  const ignore = t('Add .env to .gitignore');
  const isAtRisk = sample.needsKey && folder !== undefined && !(await isEnvFileIgnored(folder.uri));
  const chosen = isAtRisk
    ? await vscode.window.showWarningMessage(
        t('{0}. It reads the key from .env, which .gitignore does not cover.', copied),
        ignore,
        open,
      )
    : await vscode.window.showInformationMessage(`${copied}.`, open);
  if (chosen === open) {
    const { language } = languages[sample.language];
    const document = await vscode.workspace.openTextDocument({ language, content: sample.code });
    await vscode.window.showTextDocument(document);
  } else if (chosen === ignore && folder) {
    await ignoreEnvFile(folder.uri);
    vscode.window.setStatusBarMessage(t('$(check) .gitignore covers .env'), 3000);
  }
}

export function copiedText({ language }: SampleRow): string {
  return t('The {0} sample is in the clipboard', languages[language].label);
}

/** `language` is the editor's own id. */
const languages: Record<SampleLanguage, { label: string; description: string; language: string }> = {
  curl: { label: 'curl', description: t('for a shell'), language: 'shellscript' },
  javascript: { label: 'JavaScript', description: t('Node.js, without packages'), language: 'javascript' },
  typescript: { label: 'TypeScript', description: t('Node.js, without packages'), language: 'typescript' },
  python: { label: 'Python', description: t('the standard library'), language: 'python' },
};

function title(): string {
  return t('Copy Sample');
}
