/** SQLite writes that wait together share one transaction; it does not know what they write. */

import type { DatabaseSync } from 'node:sqlite';

import { Failure } from '../errors.ts';

interface Waiting {
  write: () => void;
  durable: boolean;
  settled: PromiseWithResolvers<void>;
}

/**
 * Gathers the writes of one turn of the event loop.
 *
 * Invariant: a write that throws a `Failure` has changed nothing, and is refused alone;
 * anything else that is thrown undoes and rejects all that shared the transaction.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #onUndone: () => void;
  readonly #describe: (cause: unknown) => Failure;
  #waiting: Waiting[] = [];
  #synchronous: 'FULL' | 'NORMAL' | undefined;

  /** `onUndone` forgets what writes have noted in memory; `describe` says what a failed transaction means. */
  constructor(options: {
    database: DatabaseSync;
    onUndone: () => void;
    describe: (cause: unknown) => Failure;
  }) {
    this.#database = options.database;
    this.#onUndone = options.onUndone;
    this.#describe = options.describe;
  }

  /** Resolves once the write is committed; unless `durable` is false it then survives a power cut. */
  add(write: () => void, { durable = true } = {}): Promise<void> {
    const settled = Promise.withResolvers<void>();
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push({ write, durable, settled });
    return settled.promise;
  }

  /** Commits what waits, now. */
  flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    const refused = new Map<Waiting, Failure>();
    try {
      this.#commit(group, refused);
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#onUndone();
      const failure = this.#describe(cause);
      for (const { settled } of group) settled.reject(failure);
      return;
    }
    for (const waiting of group) {
      const failure = refused.get(waiting);
      if (failure) waiting.settled.reject(failure);
      else waiting.settled.resolve();
    }
  }

  #commit(group: Waiting[], refused: Map<Waiting, Failure>): void {
    this.#setSynchronous(group.some(({ durable }) => durable) ? 'FULL' : 'NORMAL');
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

  /** In WAL mode, NORMAL leaves out the fsync of a commit and keeps the file whole; a later FULL one makes up for it. */
  #setSynchronous(level: 'FULL' | 'NORMAL'): void {
    if (level === this.#synchronous) return;
    this.#database.exec(`PRAGMA synchronous = ${level}`);
    this.#synchronous = level;
  }
}
