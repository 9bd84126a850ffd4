/** Commands on the audit log: read it, verify its chain. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { openAudit } from '../documents.ts';

const { t } = vscode.l10n;

export async function showAudit(ctx: Ctx): Promise<void> {
  // Why there is no daemon is said here; a document that cannot be read only says that it cannot.
  await ctx.daemon.start();
  await openAudit();
}

export async function verifyAudit(ctx: Ctx): Promise<void> {
  const { records, firstBad, unsealed = [] } = await ctx.request('workflowKeys/audit/verify', null);
  if (firstBad) {
    const show = t('Show Audit Log');
    const message = t('The audit log was changed at record {0}: {1}', firstBad.seq, firstBad.reason);
    if ((await vscode.window.showErrorMessage(message, show)) === show) await showAudit(ctx);
  } else {
    const gaps = unsealed.map(({ from, to }) =>
      t('Records {0} to {1} have no seal, since the secret key was another one then.', from, to),
    );
    const whole = t('All {0} records of the audit log are intact.', records);
    void vscode.window.showInformationMessage([whole, ...gaps].join(' '));
  }
}
