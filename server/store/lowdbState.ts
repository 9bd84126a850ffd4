/** The embedded state engine: a lowdb document in memory and in `state.json`; it does not know what records mean. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { Low } from 'lowdb';

import { Failure } from '../errors.ts';
import type { AuditEntry } from './contracts/audit.ts';
import type {
  AuditWriter,
  CollectionName,
  Collections,
  FrozenState,
  IndexedField,
  State,
  StateTransaction,
} from './contracts/state.ts';
import { openDurableFile } from './durableFile.ts';
import { emptyDocument, readDocument, type StateDocument, stateSchemaVersion } from './stateDocument.ts';
import { StateEncoder } from './stateEncoder.ts';
import { type Changes, StateTables } from './stateTables.ts';
import { Transaction } from './stateTransaction.ts';

/**
 * Opens `state.json` in `directory`, which exists and is locked by the caller; a missing file is an empty store.
 *
 * Every batch of transactions goes to `writeAudit` before it is written (D34).
 * Rejects with `data-damaged`, `data-too-new` or `storage-failed`, and then leaves the file as it is.
 */
export async function openLowdbState(options: {
  directory: string;
  writeAudit: AuditWriter;
}): Promise<State> {
  const path = join(options.directory, 'state.json');
  const file = await openDurableFile(path);
  const encoder = new StateEncoder();
  const low = new Low<StateDocument>(
    {
      read: async () => {
        const text = await file.read();
        return text === undefined ? null : readDocument(text, path);
      },
      write: (document) => file.write(encoder.encode(document)),
    },
    emptyDocument(),
  );
  await low.read();
  return new LowdbState(low, options.writeAudit);
}

/** Transactions that share one write. */
interface Batch {
  changes: Changes[];
  entries: { entry: AuditEntry; revision: number }[];
  settled: PromiseWithResolvers<void>;
}

/** What a change came to, and the promise of what it has read and written becoming durable. */
type Outcome<T> = ({ value: T } | { thrown: unknown }) & { durable: Promise<void> | undefined };

/**
 * Invariant: `#durable` is what the file holds; `#latest` is that and all accepted transactions that wait.
 * A transaction reads `#latest`, everyone else `#durable`.
 */
class LowdbState implements State {
  readonly #low: Low<StateDocument>;
  readonly #writeAudit: AuditWriter;
  readonly #durable: StateTables;
  #revision: number;
  #latest: StateTables;
  #latestRevision: number;
  /** Resolves when the change before the next one has run. */
  #turn: Promise<void> = Promise.resolve();
  /** Takes the transactions that are accepted now. */
  #open: Batch | undefined;
  /** Is on its way to the disk. */
  #writing: Batch | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** The transaction that the present asynchronous call belongs to. */
  readonly #caller = new AsyncLocalStorage<Transaction>();

  constructor(low: Low<StateDocument>, writeAudit: AuditWriter) {
    this.#low = low;
    this.#writeAudit = writeAudit;
    this.#durable = new StateTables(low.data.collections);
    this.#revision = low.data.revision;
    this.#latest = new StateTables(low.data.collections);
    this.#latestRevision = low.data.revision;
  }

  get revision(): number {
    return this.#revision;
  }

  async get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined> {
    return this.#durable.get(collection, id);
  }

  async list<C extends CollectionName>(collection: C): Promise<Collections[C][]> {
    return this.#durable.list(collection);
  }

  async findBy<C extends CollectionName>(
    collection: C,
    field: IndexedField<C>,
    value: string,
  ): Promise<Collections[C][]> {
    return this.#durable.findBy(collection, field, value);
  }

  async transact<T>(change: (tx: StateTransaction) => Promise<T>): Promise<T> {
    if (this.#closed)
      throw new Failure('stopping', 'The store is closed. Try again when the daemon has started.');
    if (this.#caller.getStore()?.active) {
      throw new Failure(
        'internal',
        'A transaction was begun inside another one, which would wait for itself.',
      );
    }
    const outcome = await this.#inTurn(() => this.#attempt(change));
    // Also one that only read or threw waits: what it saw may not be told before it is durable.
    await outcome.durable;
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.value;
  }

  async freeze<T>(meanwhile: () => Promise<T>): Promise<FrozenState & { meanwhile: T }> {
    return this.#inTurn(async () => {
      await this.#flushing;
      const { revision, collections } = this.#low.data;
      const pieces = new StateEncoder().encode({ schemaVersion: stateSchemaVersion, revision, collections });
      return { revision, document: Buffer.concat(pieces), meanwhile: await meanwhile() };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await this.#flushing;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = Promise.withResolvers<void>();
    this.#turn = mine.promise;
    await before;
    try {
      return await work();
    } finally {
      mine.resolve();
    }
  }

  async #attempt<T>(change: (tx: StateTransaction) => Promise<T>): Promise<Outcome<T>> {
    const base = this.#latest;
    const transaction = new Transaction(base.draft());
    let result: { value: T } | { thrown: unknown };
    try {
      result = { value: await this.#caller.run(transaction, change, transaction) };
      transaction.end();
    } catch (thrown) {
      transaction.active = false;
      result = { thrown };
    }
    if (this.#latest !== base) {
      result = { thrown: storageFailed('A change before this one could not be stored') };
    } else if ('value' in result && transaction.audits.length > 0) {
      this.#accept(transaction);
    }
    return { ...result, durable: (this.#open ?? this.#writing)?.settled.promise };
  }

  #accept(transaction: Transaction): void {
    this.#open ??= { changes: [], entries: [], settled: Promise.withResolvers() };
    const changes = transaction.draft.changes();
    const revision = this.#latestRevision + 1;
    this.#latestRevision = revision;
    this.#latest.apply(changes);
    this.#open.changes.push(changes);
    this.#open.entries.push(...transaction.audits.map((entry) => ({ entry, revision })));
    this.#flushing ??= this.#flush();
  }

  /** Never rejects; each batch tells its own transactions. */
  async #flush(): Promise<void> {
    // Those that were called together are written together.
    await setImmediate();
    while (this.#open) {
      const batch = this.#open;
      this.#open = undefined;
      this.#writing = batch;
      try {
        await this.#write(batch);
        batch.settled.resolve();
      } catch (cause) {
        this.#fallBack(batch, cause);
      }
      this.#writing = undefined;
    }
    this.#flushing = undefined;
  }

  async #write(batch: Batch): Promise<void> {
    const before = this.#low.data;
    // Taken now: while the audit record is written, transactions of the next batch change the latest tables.
    const after: StateDocument = {
      schemaVersion: stateSchemaVersion,
      revision: this.#latestRevision,
      collections: this.#latest.records(),
    };
    await this.#writeAudit(batch.entries);
    try {
      this.#low.data = after;
      await this.#low.write();
    } catch (cause) {
      this.#low.data = before;
      throw cause;
    }
    for (const changes of batch.changes) this.#durable.apply(changes);
    this.#revision = after.revision;
  }

  /** Forgets all that is not durable; who waits has built on it. */
  #fallBack(batch: Batch, cause: unknown): void {
    this.#latest = new StateTables(this.#durable.records());
    this.#latestRevision = this.revision;
    const failure = storageFailed('The change could not be stored', cause);
    batch.settled.reject(failure);
    this.#open?.settled.reject(failure);
    this.#open = undefined;
  }
}

function storageFailed(what: string, cause?: unknown): Failure {
  return new Failure(
    'storage-failed',
    `${what}, so nothing was changed. Check the free space and the rights of the data directory, then try again.`,
    { cause },
  );
}
