/** What the commands on keys ask and show alike; the only place in the editor that sees a key. */

import * as vscode from 'vscode';
import { type CreatedKey, defaultExpiresInDays, type KeyRow } from '../../server/protocol/keys.ts';
import type { SampleRow } from '../../server/protocol/samples.ts';
import type { Ctx } from '../ctx.ts';
import { askRow, type Choice } from '../prompts.ts';
import { report } from '../report.ts';
import { plain } from '../text.ts';
import { keyText } from '../views/keyText.ts';
import { copiedText, copyOneOf, tellOfSample } from './samples.ts';

const { t } = vscode.l10n;

/**
 * Shows the key until it is closed; each copy leaves it open for the others. `note` is what else there is to know.
 *
 * Invariant: the key lives in this dialog and, when asked for, in the clipboard; nowhere else in the editor.
 */
export async function showOnce(ctx: Ctx, { row, key, curl }: CreatedKey, note?: string): Promise<void> {
  const copyKey = { title: t('Copy key') };
  const copyCurl = { title: t('Copy curl') };
  const copySample = { title: t('Copy sample…') };
  const close = { title: t('Close'), isCloseAffordance: true };
  const buttons = [copyKey, copyCurl, copySample, close];
  const detail = [
    t('It is shown only now. Keep it where secrets belong.'),
    ...(note === undefined ? [] : [note]),
    key,
    curl,
  ].join('\n\n');
  let message = t('The key “{0}” is ready', plain(row.description));
  let sample: SampleRow | undefined;
  for (;;) {
    const chosen = await vscode.window.showInformationMessage(message, { modal: true, detail }, ...buttons);
    if (chosen === copyKey) {
      await vscode.env.clipboard.writeText(key);
      message = t('The key is in the clipboard');
    } else if (chosen === copyCurl) {
      await vscode.env.clipboard.writeText(curl);
      message = t('The curl command is in the clipboard');
    } else if (chosen === copySample) {
      const copied = await tryToCopySample(ctx, row);
      if (copied) {
        sample = copied;
        message = copiedText(copied);
      }
    } else break;
  }
  if (sample) await tellOfSample(sample);
}

/** Whatever goes wrong with a sample, the key is still to be seen. */
async function tryToCopySample(ctx: Ctx, { id }: KeyRow): Promise<SampleRow | undefined> {
  try {
    return await copyOneOf(await ctx.request('workflowKeys/keys/samples', { id }));
  } catch (error) {
    void report(ctx, error);
    return undefined;
  }
}

/** One of the keys that fit. Ends the command, with a word, when there is none. */
export async function askKey(
  ctx: Ctx,
  title: string,
  fits: { of(row: KeyRow): boolean; nothing: string } = {
    of: () => true,
    nothing: t('There are no keys yet.'),
  },
): Promise<KeyRow> {
  const rows = (await ctx.request('workflowKeys/keys/list', null)).filter((row) => fits.of(row));
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.map((row): Choice<KeyRow> => {
    const { label, facts, icon } = keyText(row, context);
    const description = facts.map(({ text }) => text).join(' · ');
    return { label: `$(${icon}) ${label}`, description, value: row };
  });
  return await askRow(title, t('Which key?'), choices, fits.nothing);
}

/** A lifetime in days; `null` is for ever. */
export function expirationChoice<D extends number | null>(days: D): Choice<D> {
  return {
    label: days === null ? t('Never') : t('{0} days', days),
    ...(days === defaultExpiresInDays ? { description: t('default') } : {}),
    value: days,
  };
}
