/** An audit log over a real history of its own, which can be broken and tampered with. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { type AuditLog, openAuditLog } from '../../server/audit/auditLog.ts';
import type { AuditEntry } from '../../server/store/contracts/audit.ts';
import type { History } from '../../server/store/contracts/history.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { sha256 } from '../store/engines.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

export const read: AuditEntry = { actor: 'run:r1', action: 'secret.read', target: 'API_KEY', outcome: 'ok' };
export const created: AuditEntry = { actor: 'cli', action: 'key.created', target: 'k1', outcome: 'ok' };

export interface AuditPlace extends AsyncDisposable {
  history: History;
  audit: AuditLog;
  /** Changes the closed database behind the log's back, and opens both again. */
  tamper(sql: string): Promise<void>;
  reopen(): Promise<void>;
  breakWrites(): () => void;
}

export async function makeAuditPlace(clock = (): number => 1_795_000_000_000): Promise<AuditPlace> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'history.db');
  const open = async () => {
    const history = await openSqliteHistory({ directory: folder.path });
    return { history, audit: await openAuditLog({ history, hash: sha256, clock }) };
  };
  const place: AuditPlace = {
    ...(await open()),
    reopen: async () => {
      await place.history.close();
      Object.assign(place, await open());
    },
    tamper: async (sql) => {
      await place.history.close();
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
      Object.assign(place, await open());
    },
    breakWrites: () => {
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
    [Symbol.asyncDispose]: async () => {
      await place.history.close();
      folder.remove();
    },
  };
  return place;
}

/** Ten records in all: the first, and nine appended ones. */
export async function makeFilledAuditPlace(): Promise<AuditPlace> {
  const place = await makeAuditPlace();
  await place.audit.append(
    Array.from({ length: 9 }, (_, index) => ({ entry: { ...read, runId: `r${index}` } })),
  );
  return place;
}
