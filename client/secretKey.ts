/** Says when stored secrets do not open with the daemon's present secret key (D6); it knows neither. */

import * as vscode from 'vscode';
import type { Ctx } from './ctx.ts';

/** Asks with each new connection, and warns once per daemon. */
export function watchSecretKey(ctx: Ctx): void {
  let warnedOf: number | undefined;
  ctx.extension.subscriptions.push(
    ctx.daemon.onDidChangeState(async (state) => {
      if (state.kind !== 'ready') return;
      try {
        const { pid, secretKey } = await ctx.request('workflowKeys/daemon/status', null);
        if (secretKey === 'ok' || warnedOf === pid) return;
        warnedOf = pid;
        const showLog = vscode.l10n.t('Show Log');
        const chosen = await vscode.window.showWarningMessage(
          vscode.l10n.t(
            'Stored secrets can be neither read nor changed: they were sealed with another secret key. Start the daemon with that BIFROST_SECRET_KEY.',
          ),
          showLog,
        );
        if (chosen === showLog) ctx.log.show(true);
      } catch (error) {
        ctx.log.warn('The state of the secret key is not known.', error);
      }
    }),
  );
}
