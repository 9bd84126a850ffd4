/** The command that tells why a request was refused (D44). */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { alone, askText, withoutBack } from '../prompts.ts';

const { t } = vscode.l10n;

export async function explainRequest(ctx: Ctx): Promise<void> {
  const requestId = withoutBack(
    await askText(alone(t('Explain Request')), {
      prompt: t('The X-Request-Id of an answer with 401, 403, 404, 415, 421 or 429'),
      validate: (text) => (text.trim() === '' ? t('Paste the id of a request.') : undefined),
    }),
  );
  const { status, explanation, actor, target, at } = await ctx.request('workflowKeys/requests/explain', {
    requestId: requestId.trim(),
  });
  const time = new Date(at).toLocaleString();
  await vscode.window.showInformationMessage(`${status}: ${explanation}`, {
    modal: true,
    detail: t('{0}, by {1}, {2}', target, actor, time),
  });
}
