/** A whole store as the daemon wires it, by name, so that a child process can open the same one. */

import { createHash } from 'node:crypto';

import { type AuditLog, openAuditLog } from '../../server/audit/auditLog.ts';
import type { History } from '../../server/store/contracts/history.ts';
import type { State } from '../../server/store/contracts/state.ts';
import { lockDataDirectory } from '../../server/store/lock.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';

export interface Store extends AsyncDisposable {
  state: State;
  history: History;
  audit: AuditLog;
  /** Records that were marked as aborted when it opened. */
  aborted: number;
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export const engines = {
  async embedded(directory: string): Promise<Store> {
    const lock = lockDataDirectory(directory);
    const history = await openSqliteHistory({ directory });
    const audit = await openAuditLog({ history, hash: sha256, clock: Date.now });
    const state = await openLowdbState({
      directory,
      writeAudit: async (entries) => {
        await audit.append(entries);
      },
    });
    const aborted = await audit.reconcile(state.revision);
    return {
      state,
      history,
      audit,
      aborted,
      [Symbol.asyncDispose]: async () => {
        await state.close();
        await history.close();
        lock.release();
      },
    };
  },
};

export type EngineName = keyof typeof engines;
