/** Commands on all there is: export and import it, back it up, give the values that an import left open. */

import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { NeededValue } from '../../server/protocol/bundles.ts';
import { exportText, neededText, previewText } from '../bundleText.ts';
import type { Ctx } from '../ctx.ts';
import { Failure } from '../failure.ts';
import { askSecret, askText, type Back, back, Cancelled, confirm, type Place, Pressed } from '../prompts.ts';
import { parseConfigValue } from '../values.ts';

const { t } = vscode.l10n;

/** “Export Portable Configuration…” (C21): no key, and no value of a secret. */
export async function exportBundle(ctx: Ctx): Promise<void> {
  const target = await vscode.window.showSaveDialog({
    title: t('Export Portable Configuration'),
    defaultUri: vscode.Uri.joinPath(work(), 'workflow-keys.yaml'),
    filters: { YAML: ['yaml', 'yml'] },
  });
  if (!target) return;
  const exported = await ctx.request('workflowKeys/bundles/export', null);
  await vscode.workspace.fs.writeFile(target, Buffer.from(exported.text));
  const open = t('Open');
  const [suspect] = exported.suspects;
  const told = exportText(exported, { t });
  const chosen =
    suspect === undefined
      ? await vscode.window.showInformationMessage(told, open)
      : await vscode.window.showWarningMessage(
          `${told} ${t('“{0}” looks like a secret and stands there as plain text.', exported.suspects.join('”, “'))}`,
          open,
        );
  if (chosen === open) await vscode.window.showTextDocument(target);
}

/** “Import Configuration…” (C22): shows what would change, then asks for what is missing. */
export async function importBundle(ctx: Ctx): Promise<void> {
  const [source] =
    (await vscode.window.showOpenDialog({
      title: t('Import Configuration'),
      defaultUri: work(),
      filters: { YAML: ['yaml', 'yml'] },
    })) ?? [];
  if (!source) return;
  const text = readText(await vscode.workspace.fs.readFile(source));
  const preview = await ctx.request('workflowKeys/bundles/preview', { text }).catch(async (error) => {
    if (!(error instanceof Failure) || error.code !== 'bad-input') throw error;
    const open = t('Open File');
    const chosen = await vscode.window.showErrorMessage(error.message, open);
    if (chosen === open) await vscode.window.showTextDocument(source);
    throw new Cancelled();
  });
  const detail = previewText(preview, { t });
  if (preview.items.some(({ change }) => change === 'refused')) {
    await vscode.window.showErrorMessage(t('Nothing can be imported from this file as it is.'), {
      modal: true,
      detail,
    });
    return;
  }
  if (preview.items.every(({ change, needsValue }) => change === 'unchanged' && !needsValue)) {
    void vscode.window.showInformationMessage(t('All of it is here already; there is nothing to import.'));
    return;
  }
  await confirm(t('Import this configuration?'), detail, t('Import'));
  const { needed } = await ctx.request('workflowKeys/bundles/import', { text, approved: preview.id });
  if (needed.length === 0) {
    void vscode.window.showInformationMessage(t('The configuration is imported.'));
    return;
  }
  await askForValues(ctx, needed);
}

/** “Enter Missing Values…”: what came without its value and was skipped. */
export async function enterMissing(ctx: Ctx): Promise<void> {
  const rows = await ctx.request('workflowKeys/configs/list', {});
  const needed = rows
    .filter(({ needsValue }) => needsValue)
    .map(
      ({ name, type, organizationId, description }): NeededValue => ({
        kind: 'config',
        name,
        type,
        ...(organizationId !== undefined && { organizationId }),
        ...(description !== undefined && { description }),
      }),
    );
  if (needed.length === 0) void vscode.window.showInformationMessage(t('No value is missing.'));
  else await askForValues(ctx, needed);
}

/** “Back Up…”: everything, encrypted as it is stored. */
export async function backUp(ctx: Ctx): Promise<void> {
  const stamp = new Date().toISOString().slice(0, 10);
  const target = await vscode.window.showSaveDialog({
    title: t('Back Up'),
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(homedir()), `workflow-keys-${stamp}.backup`),
    filters: { [t('Backup')]: ['backup'] },
  });
  if (!target) return;
  if (target.scheme !== 'file')
    throw new Failure('bad-input', t('A backup can only be written to this machine.'));
  const { keySource } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: t('Backing up…') },
    (progress) => withShares(ctx, progress, { path: target.fsPath, replace: true }),
  );
  // Modal, because who overlooks it has a backup without its secrets.
  await vscode.window.showInformationMessage(t('The backup is written.'), {
    modal: true,
    detail:
      keySource === 'environment'
        ? t('Its secrets need BIFROST_SECRET_KEY, which is not in it.')
        : t(
            'Its secrets need the file secret.key of the data directory, which is not in it: keep a copy elsewhere.',
          ),
  });
}

const lookEveryMs = 200;

async function withShares(
  ctx: Ctx,
  progress: vscode.Progress<{ increment: number }>,
  params: { path: string; replace: boolean },
) {
  let told = 0;
  const timer = setInterval(async () => {
    const reached = await ctx.request('workflowKeys/backups/progress', null).catch(() => null);
    if (!reached || reached.total === 0) return;
    const percent = Math.floor((100 * reached.done) / reached.total);
    progress.report({ increment: percent - told });
    told = percent;
  }, lookEveryMs);
  try {
    return await ctx.request('workflowKeys/backups/write', params);
  } finally {
    clearInterval(timer);
  }
}

/** The user leaves this one without a value. */
const skipped = Symbol('skipped');
const skip: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('debug-step-over'),
  tooltip: t('Skip'),
};

/** One box after the other, each with a way back and one past it; what was given is stored at once. */
async function askForValues(ctx: Ctx, needed: readonly NeededValue[]): Promise<void> {
  let position = 0;
  for (let value = needed[0]; value !== undefined; value = needed[position]) {
    const place = { title: t('Values That Are Missing'), step: position + 1, total: needed.length };
    const answer = await askUnlessSkipped(place, value);
    if (answer === back) position -= 1;
    else if (answer === skipped || (await give(ctx, value, answer))) position += 1;
  }
}

async function askUnlessSkipped(place: Place, needed: NeededValue): Promise<string | Back | typeof skipped> {
  const prompt = neededText(needed, { t });
  try {
    if (needed.kind === 'credential' || needed.type === 'secret') return await askSecret(place, prompt, skip);
    const { type } = needed;
    return await askText(place, {
      prompt,
      button: skip,
      validate: (text) => {
        const parsed = parseConfigValue(type, text, t);
        return parsed.ok ? undefined : parsed.problem;
      },
    });
  } catch (thrown) {
    if (thrown instanceof Pressed) return skipped;
    throw thrown;
  }
}

/** Whether it was taken; one that is refused is asked for again. */
async function give(ctx: Ctx, needed: NeededValue, value: string): Promise<boolean> {
  try {
    if (needed.kind === 'credential') {
      const { kind: _, ...credential } = needed;
      await ctx.request('workflowKeys/credentials/add', { ...credential, value });
    } else {
      const { name, type, organizationId } = needed;
      const scope = organizationId === undefined ? {} : { organizationId };
      await ctx.request('workflowKeys/configs/set', { name, type, value, ...scope });
    }
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'bad-input') throw thrown;
    void vscode.window.showErrorMessage(thrown.message);
    return false;
  }
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure('bad-input', t('The file is not UTF-8 text, so nothing was changed.'), { cause });
  }
}

/** Where an export is written, and an import looked for. */
function work(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  return folder?.uri ?? vscode.Uri.file(homedir());
}
