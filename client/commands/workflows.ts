/** Commands on workflows: open one, run one with asked parameters. */

import * as vscode from 'vscode';
import type { RunDetail } from '../../server/protocol/runs.ts';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import type { Ctx } from '../ctx.ts';
import { openRun } from '../documents.ts';
import {
  alone,
  askChoice,
  askRow,
  askText,
  type Back,
  Cancelled,
  type Choice,
  type Place,
  Pressed,
  withoutBack,
} from '../prompts.ts';
import { chosenOrganization } from '../settings.ts';
import { inSteps, type Steps } from '../steps.ts';
import { parseArgument, parseInput } from '../values.ts';
import { workflowText } from '../views/workflowText.ts';
import { organizationChoices } from './organizations.ts';

const { t } = vscode.l10n;

/** What a row of the view or a code lens says of the workflow it stands on. */
export type WorkflowArgument = { id: string } | { workflowId: string };

/** Asks for the parameters, runs the workflow, and opens the finished run. */
export async function runWorkflow(ctx: Ctx, argument?: WorkflowArgument): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  const workflow = await workflowOf(ctx, t('Run Workflow'), argument);
  await saveSource(workflow);
  await openRun(await startRun(ctx, workflow));
}

export async function openWorkflow(ctx: Ctx, argument?: WorkflowArgument): Promise<void> {
  const { file, range } = await workflowOf(ctx, t('Open Workflow'), argument);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
  const { start, end } = range;
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(start.line, start.character, end.line, end.character),
  });
}

/** For which organization it runs where its key says nothing (D28). */
export async function setWorkflowOrganization(ctx: Ctx, argument?: WorkflowArgument): Promise<void> {
  const title = t('Set Organization of Workflow');
  const { id, organizationId } = await workflowOf(ctx, title, argument);
  const choices = await organizationChoices(ctx);
  const question = t('For whom does “{0}” run, where its key belongs to no organization?', id);
  const active = choices.find(({ value }) => value === organizationId);
  const chosen = withoutBack(await askChoice(alone(title), question, choices, active));
  await ctx.request('workflowKeys/workflows/setOrganization', {
    id,
    ...(chosen === undefined ? {} : { organizationId: chosen }),
  });
}

/** The workflow that an argument names, else the one that the user chooses of those that fit. */
export async function workflowOf(
  ctx: Ctx,
  title: string,
  argument?: WorkflowArgument,
  fits: { of(row: WorkflowRow): boolean; nothing: string } = {
    of: () => true,
    nothing: t('There are no workflows in the open folders yet.'),
  },
): Promise<WorkflowRow> {
  // A row of the view is complete, and where names are duplicate it is the only one that says which is meant.
  if (argument && 'file' in argument) return argument as WorkflowRow;
  const rows = await ctx.request('workflowKeys/workflows/list', null);
  const id = argument && ('workflowId' in argument ? argument.workflowId : argument.id);
  const known = rows.find((row) => row.id === id);
  if (known) return known;
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.filter(fits.of).map((row): Choice<WorkflowRow> => {
    const { label, description, icon } = workflowText(row, context);
    return { label: `$(${icon}) ${label}`, description, value: row };
  });
  if (choices.length === 0 && !vscode.workspace.isTrusted) return await offerTrust();
  return await askRow(title, t('Which workflow?'), choices, fits.nothing);
}

/** There is nothing to choose from before the folder is trusted, so the command ends. */
async function offerTrust(): Promise<never> {
  const manage = t('Manage Workspace Trust');
  const chosen = await vscode.window.showInformationMessage(
    t('Workflows of a folder are registered once the workspace is trusted.'),
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  throw new Cancelled();
}

const asJson: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('json'),
  tooltip: t('Type the whole input as JSON'),
};

/** Asks for the input: one question per parameter; a parameter with a default may be left empty. */
async function startRun(ctx: Ctx, workflow: WorkflowRow): Promise<RunDetail> {
  const { id, parameters, acceptsExtra } = workflow;
  const title = t('Run {0}', id);
  const organizationId = chosenOrganization();
  const start = async (input: Record<string, unknown>) =>
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: t('Running {0}', id) },
      () =>
        ctx.request('workflowKeys/runs/start', {
          workflowId: id,
          input,
          ...(organizationId === undefined ? {} : { organizationId }),
        }),
    );
  const json: Steps<{ text: string }> = {
    text: { ask: (place, soFar) => askJson(place, soFar.text ?? emptyInput(workflow)) },
  };
  const startWithJson = () => inSteps(ctx, title, json, ({ text }) => start(JSON.parse(text)));
  if (parameters.length === 0) return acceptsExtra ? await startWithJson() : await start({});
  const steps: Steps<Record<string, string>> = Object.fromEntries(
    parameters.map((parameter) => [parameter.name, question(parameter)]),
  );
  try {
    return await inSteps(ctx, title, steps, (answers) => start(inputOf(workflow, answers)));
  } catch (error) {
    if (!(error instanceof Pressed)) throw error;
    return await startWithJson();
  }
}

function inputOf({ parameters }: WorkflowRow, answers: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    parameters
      .filter(({ name, required }) => required || answers[name] !== '')
      .map(({ name, annotation }) => [name, parseArgument(annotation, answers[name] ?? '')]),
  );
}

function question({ name, annotation, required }: WorkflowRow['parameters'][number]) {
  const prompt = annotation ? `${name}: ${annotation}` : name;
  return {
    ask: (place: Place, soFar: Partial<Record<string, string>>) =>
      askText(place, {
        prompt: required ? prompt : t('{0} (empty for its default)', prompt),
        value: soFar[name] ?? '',
        button: asJson,
      }),
  };
}

function askJson(place: Place, value: string): Promise<string | Back> {
  return askText(place, {
    prompt: t('The input, a JSON object'),
    value,
    validate: (typed) => {
      const parsed = parseInput(typed, t);
      return parsed.ok ? undefined : parsed.problem;
    },
  });
}

/** Every parameter by its name, to be filled in. */
function emptyInput({ parameters }: WorkflowRow): string {
  return JSON.stringify(Object.fromEntries(parameters.map(({ name }) => [name, ''])));
}

/** What runs is what stands in the editor. */
async function saveSource({ file }: WorkflowRow): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri, isDirty }) => isDirty && uri.fsPath === file);
  await document?.save();
}
