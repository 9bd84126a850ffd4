/** SQLite writes that wait together share one transaction and one fsync; it does not know what they write. */

import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';

import { Failure } from '../errors.ts';

interface Waiting {
  write: () => void;
  durable: boolean;
  settled: PromiseWithResolvers<void>;
}

/** The log's times need not be on the disk, and SQLite writes most of it over older records. */
const syncData = promisify(fdatasync);

/**
 * Gathers writes: those of one turn of the event loop, and those that come while the disk is busy with the last ones.
 *
 * SQLite itself would hold the event loop for the fsync of each commit. So it commits without one (WAL mode with
 * synchronous NORMAL keeps the file whole), and the log is synced from here, off the event loop, before a write
 * is said to be durable. SQLite's locks are on its other two files, so that opening the log a second time is safe.
 *
 * Invariant: a write that throws a `Failure` has changed nothing, and is refused alone;
 * anything else that is thrown undoes and rejects all that shared the transaction.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #logPath: string;
  readonly #onUndone: () => void;
  readonly #describe: (cause: unknown) => Failure;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #log: number | undefined;

  /** `onUndone` forgets what writes have noted in memory; `describe` says what a failed transaction means. */
  constructor(options: {
    database: DatabaseSync;
    /** The database's `-wal` file. */
    logPath: string;
    onUndone: () => void;
    describe: (cause: unknown) => Failure;
  }) {
    this.#database = options.database;
    this.#logPath = options.logPath;
    this.#onUndone = options.onUndone;
    this.#describe = options.describe;
    this.#database.exec('PRAGMA synchronous = NORMAL');
  }

  /** Resolves once the write is committed; unless `durable` is false it then survives a power cut. */
  add(write: () => void, { durable = true } = {}): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#waiting.push({ write, durable, settled });
    this.#flushing ??= this.#flush();
    return settled.promise;
  }

  /** Resolves when nothing waits any more; then nothing may be added. */
  async close(): Promise<void> {
    await this.#flushing;
    if (this.#log !== undefined) closeSync(this.#log);
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const refused = new Map<Waiting, Failure>();
      try {
        this.#commit(group, refused);
        if (group.some(({ durable }) => durable)) await this.#sync();
      } catch (cause) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        this.#onUndone();
        const failure = this.#describe(cause);
        for (const { settled } of group) settled.reject(failure);
        continue;
      }
      for (const waiting of group) {
        const failure = refused.get(waiting);
        if (failure) waiting.settled.reject(failure);
        else waiting.settled.resolve();
      }
    }
    this.#flushing = undefined;
  }

  #commit(group: Waiting[], refused: Map<Waiting, Failure>): void {
    this.#database.exec('BEGIN IMMEDIATE');
    for (const waiting of group) {
      try {
        waiting.write();
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown;
        refused.set(waiting, thrown);
      }
    }
    this.#database.exec('COMMIT');
  }

  async #sync(): Promise<void> {
    // SQLite makes the file with the first write, and keeps it until the database is closed.
    this.#log ??= openSync(this.#logPath, 'r+');
    await syncData(this.#log);
  }
}
