/** Commands on the audit log: read it, verify its chain. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { openAudit } from '../documents.ts';

const { t } = vscode.l10n;

export async function showAudit(): Promise<void> {
  await openAudit();
}

export async function verifyAudit(ctx: Ctx): Promise<void> {
  const { records, firstBad } = await ctx.request('workflowKeys/audit/verify', null);
  if (firstBad) {
    void vscode.window.showErrorMessage(
      t('The audit log was changed at record {0}: {1}', firstBad.seq, firstBad.reason),
    );
  } else {
    void vscode.window.showInformationMessage(t('All {0} records of the audit log are intact.', records));
  }
}
