/** Commands on runs: show one, cancel one, retry one. */

import * as vscode from 'vscode';
import type { RunRow } from '../../server/protocol/runs.ts';
import type { Ctx } from '../ctx.ts';
import { openRun } from '../documents.ts';
import { askRow, type Choice } from '../prompts.ts';
import { isActive, runText } from '../views/runText.ts';

const { t } = vscode.l10n;

export async function showRun(ctx: Ctx, row?: RunRow): Promise<void> {
  await openRun(
    row ?? (await askRun(ctx, t('Show Run'), { of: () => true, nothing: t('Nothing has run yet.') })),
  );
}

export async function cancelRun(ctx: Ctx, row?: RunRow): Promise<void> {
  const { id } =
    row ?? (await askRun(ctx, t('Cancel Run'), { of: isActive, nothing: t('No run is going on.') }));
  await ctx.request('workflowKeys/runs/cancel', { id });
}

/** The new run is shown: it may fail as the old one did. */
export async function retryRun(ctx: Ctx, row?: RunRow): Promise<void> {
  const { id } =
    row ??
    (await askRun(ctx, t('Retry Run'), {
      of: (run) => !isActive(run),
      nothing: t('No run has finished yet.'),
    }));
  await openRun(await ctx.request('workflowKeys/runs/retry', { id }));
}

async function askRun(
  ctx: Ctx,
  title: string,
  fits: { of(row: RunRow): boolean; nothing: string },
): Promise<RunRow> {
  const rows = await ctx.request('workflowKeys/runs/list', { limit: 100 });
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.filter(fits.of).map((row): Choice<RunRow> => {
    const { label, description, icon } = runText(row, context);
    return { label: `$(${icon.name}) ${label}`, description: `${row.status} · ${description}`, value: row };
  });
  return await askRow(title, t('Which run?'), choices, fits.nothing);
}
