/** A real embedded store in a folder of its own, for the tests of the rooms that stand on it. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openReferences } from '../../server/configs/references.ts';
import type { AuditEntry } from '../../server/store/contracts/audit.ts';
import type { History } from '../../server/store/contracts/history.ts';
import type { State } from '../../server/store/contracts/state.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';

export interface TestStore {
  directory: string;
  state: State;
  history: History;
  /** Milliseconds since the epoch, for the test to move. */
  time: { now: number };
  clock: () => number;
  /** What was audited so far, oldest first. */
  audited: AuditEntry[];
  /** From now on no audit record can be written. */
  breakAudit(): void;
  /** From now on they can be again. */
  mendAudit(): void;
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Everything that is on the disk, as text. */
  readDisk(): Promise<string>;
}

/** For rooms that need somebody to resolve references, where no secret is one. */
export const references = openReferences({
  environment: {},
  commandEnvironment: {},
  dataDirectory: tmpdir(),
  timeoutMs: 1000,
});

export async function openStore(t: TestContext): Promise<TestStore> {
  const directory = await mkdtemp(join(tmpdir(), 'rooms-'));
  const audited: AuditEntry[] = [];
  let broken = false;
  const append = async (entries: AuditEntry[]) => {
    if (broken) throw new Error('The disk of the audit log is full.');
    audited.push(...entries);
  };
  const state = await openLowdbState({
    directory,
    writeAudit: (entries) => append(entries.map(({ entry }) => entry)),
  });
  const history = await openSqliteHistory({ directory });
  t.after(async () => {
    await state.close();
    await history.close();
    await rm(directory, { recursive: true });
  });
  const time = { now: Date.UTC(2026, 10, 21) };
  return {
    directory,
    state,
    history,
    time,
    clock: () => time.now,
    audited,
    breakAudit: () => {
      broken = true;
    },
    mendAudit: () => {
      broken = false;
    },
    appendAudit: (entry) => append([entry]),
    readDisk: async () => {
      const names = await readdir(directory);
      return (await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))).join('\n');
    },
  };
}
