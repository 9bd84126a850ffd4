/** The chained audit log over any history; it does not know how to hash, nor what the engine is. */

import { Failure } from '../errors.ts';
import type { AuditVerification } from '../protocol/audit.ts';
import type { AuditFilter, AuditHead, AuditRecord } from '../store/contracts/audit.ts';
import type { History } from '../store/contracts/history.ts';
import type { Millis } from '../store/contracts/time.ts';
import {
  genesisHash,
  lapsedSeal,
  readLapsedSeal,
  recordHash,
  type Seal,
  sealOf,
  verifyChain,
} from './chain.ts';
import { abortedAction, abortedLine, brokenLine, type Line, openedLine, resealedLine } from './ownLines.ts';

const abortPageSize = 100;

/**
 * Invariant: records are numbered without gaps, each holds the hash of the one before, and the chain never forks.
 * Its end is sealed with a key that is not in the history: who can write the history and does not have the key can
 * neither change nor cut the log unseen. What the seal would cover up, once it is renewed, is recorded before (an
 * `audit.broken` record).
 */
export interface AuditLog {
  /**
   * Makes the entries durable, in this order and after all earlier calls, and answers their records.
   * `revision` is of the state that the change leads to; they ascend, and all entries of one are in one call.
   * When earlier records have that revision or a newer one, their change never came, and they are marked first.
   *
   * Rejects with `storage-failed`, then nothing of the call is in the log, and with a TypeError for what JSON cannot hold.
   */
  append(entries: Line[]): Promise<AuditRecord[]>;
  /** Reads the whole log, page by page. */
  verify(): Promise<AuditVerification>;
  /**
   * To be called at start with the state's revision: each record of a newer one gets a `change.aborted` record
   * (`detail.seq` is its number), since its change never came, or was lost with the state.
   * Answers how many were marked; a second call marks none.
   */
  reconcile(revision: number): Promise<number>;
  list(filter: AuditFilter): Promise<AuditRecord[]>;
  /** All that one request caused (D44). */
  findByRequest(requestId: string): Promise<AuditRecord[]>;
  /** Calls back after records have become durable; answers how to stop that. */
  onAppend(listener: () => void): () => void;
  /** Seals from now on, in a log that was opened without a seal. */
  sealWith(seal: Seal): void;
  /** The key of the log is here again, and what was written without it is recorded as such. */
  resumeSeal(seal: Seal): Promise<void>;
}

interface AuditLogOptions {
  history: History;
  /** Lower-case hex SHA-256 of UTF-8 text. */
  hash: (text: string) => string;
  /** Absent when its key is not known; then nothing that needs it is checked. */
  seal?: Seal;
  clock: () => Millis;
}

/** Opens the log; an empty one gets a first record that names the schema. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const log = new ChainedLog(options);
  await log.start();
  return log;
}

class ChainedLog implements AuditLog {
  readonly #history: History;
  readonly #hash: (text: string) => string;
  readonly #clock: () => Millis;
  #seal: Seal | undefined;
  /** To be written before the next record. */
  #mark: Line | undefined;
  /** The last seal, which is taken along for as long as its key is not here. */
  #lapsed: string | undefined;
  /** Of the newest record that is known to be in the history. */
  #durable: AuditHead | undefined;
  /** Of the newest record that was handed to the history; `undefined` when it has to be read (again). */
  #head: AuditHead | undefined;
  /** Reads the head; shared by all who wait for it. */
  #reading: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #underWay = new Set<Promise<void>>();
  /** No record that still stands has a newer revision; it may be too high, which costs a look-up. */
  #newestRevision = 0;

  constructor(options: AuditLogOptions) {
    this.#history = options.history;
    this.#hash = options.hash;
    this.#seal = options.seal;
    this.#clock = options.clock;
  }

  async start(): Promise<void> {
    await this.#readHead();
    const [change] = await this.#history.listAudit({ changesOnly: true, newestFirst: true, limit: 1 });
    this.#newestRevision = change?.revision ?? 0;
    const isEmpty = this.#head?.seq === 0;
    if (isEmpty || this.#mark) await this.#write(isEmpty ? [openedLine] : []);
  }

  async append(entries: Line[]): Promise<AuditRecord[]> {
    // As JSON gives it back, for the hash is over what is read again.
    const lines: Line[] = entries.map((line) => JSON.parse(JSON.stringify(line)));
    const revisions = lines.flatMap(({ revision }) => revision ?? []);
    const aborted = await this.#abortedLines((revisions[0] ?? Number.POSITIVE_INFINITY) - 1);
    const records = await this.#write([...aborted, ...lines]);
    return lines.length === 0 ? [] : records.slice(-lines.length);
  }

  async verify(): Promise<AuditVerification> {
    return verifyChain(this.#history, this.#hash, { seal: this.#seal, known: this.#durable });
  }

  sealWith(seal: Seal): void {
    this.#seal = seal;
  }

  async resumeSeal(seal: Seal): Promise<void> {
    this.#seal = seal;
    this.#head = undefined;
    await this.#readHead();
    if (this.#mark) await this.#write([]);
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async reconcile(revision: number): Promise<number> {
    // Every change is in the log before it is in the state, so an older log has been put in this one's place.
    if (this.#newestRevision < revision) this.#mark = brokenLine('the log is older than the state');
    const aborted = await this.#abortedLines(revision);
    if (aborted.length > 0 || this.#mark) await this.#write(aborted);
    this.#newestRevision = revision;
    return aborted.length;
  }

  async list(filter: AuditFilter): Promise<AuditRecord[]> {
    return this.#history.listAudit(filter);
  }

  async findByRequest(requestId: string): Promise<AuditRecord[]> {
    return this.#history.findAuditByRequest(requestId);
  }

  async #write(lines: Line[]): Promise<AuditRecord[]> {
    while (!this.#head) await this.#readHead();
    const records = this.#chain(this.#head, this.#mark ? [this.#mark, ...lines] : lines);
    this.#mark = undefined;
    const seal = this.#seal ? sealOf(this.#head, this.#seal) : this.#lapsed;
    const written = this.#history.appendAudit(records, seal);
    this.#underWay.add(written);
    try {
      await written;
      this.#durable = records.at(-1);
      for (const listener of this.#listeners) listener();
      return records;
    } catch (cause) {
      // The history refuses those that were already chained behind these, as their numbers no longer follow.
      this.#head = undefined;
      throw new Failure(
        'storage-failed',
        'The audit log could not be written, and without it nothing is changed or read. Check the free space and the rights of the data directory, then try again.',
        { cause },
      );
    } finally {
      this.#underWay.delete(written);
    }
  }

  /** Without a pause from reading the head to moving it, so that no two records get one number. */
  #chain(head: AuditHead, lines: Line[]): AuditRecord[] {
    const at = this.#clock();
    let last = head;
    const records = lines.map(({ entry, revision }) => {
      const record = {
        ...entry,
        seq: last.seq + 1,
        at,
        ...(revision !== undefined && { revision }),
        previousHash: last.hash,
      };
      last = { seq: record.seq, hash: recordHash(record, this.#hash) };
      this.#newestRevision = Math.max(this.#newestRevision, revision ?? 0);
      return { ...record, hash: last.hash };
    });
    this.#head = last;
    return records;
  }

  #readHead(): Promise<void> {
    this.#reading ??= this.#readHeadAfterWrites().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readHeadAfterWrites(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    const head = await this.#history.auditHead();
    const last = await this.#lastRecord(head !== undefined);
    const isBehind = last !== undefined && !((head?.seq ?? 0) >= last.seq);
    const { seq, hash } = (isBehind ? last : head) ?? { seq: 0, hash: genesisHash };
    this.#lapsed = head && lapsedSeal(head);
    if (isBehind) this.#mark = brokenLine('records stood behind its end');
    else if (this.#seal && head?.seal !== sealOf({ seq, hash }, this.#seal)) {
      this.#mark = head ? await this.#lapseLine(head, this.#seal) : brokenLine('the log was gone');
    }
    this.#head = { seq, hash };
  }

  /** What is to be said of an end that the key has not sealed. */
  async #lapseLine({ seal: kept }: AuditHead, seal: Seal): Promise<Line> {
    const lapsed = readLapsedSeal(kept);
    const [record] = lapsed ? await this.#readable({ after: lapsed.seq - 1, limit: 1 }) : [];
    const fits = lapsed && record?.seq === lapsed.seq && sealOf(record, seal) === lapsed.seal;
    return fits ? resealedLine(lapsed.seq + 1) : brokenLine('the seal of its end did not fit');
  }

  /** None where one cannot be read. */
  async #readable(filter: AuditFilter): Promise<AuditRecord[]> {
    try {
      return await this.#history.listAudit(filter);
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'data-damaged') return [];
      throw thrown;
    }
  }

  /** One that cannot be read is left for the verification to find, when the head tells how to go on. */
  async #lastRecord(isHeadKnown: boolean): Promise<AuditRecord | undefined> {
    try {
      return await this.#history.lastAudit();
    } catch (thrown) {
      if (isHeadKnown && thrown instanceof Failure && thrown.code === 'data-damaged') return undefined;
      throw thrown;
    }
  }

  /** One `change.aborted` for each record that still stands with a revision newer than `revision`, oldest first. */
  async #abortedLines(revision: number): Promise<Line[]> {
    if (this.#newestRevision <= revision) return [];
    const aborted = new Set<unknown>();
    const lines: Line[] = [];
    let before: number | undefined;
    do {
      const page: AuditRecord[] = await this.#history.listAudit({
        changesOnly: true,
        newestFirst: true,
        limit: abortPageSize,
        ...(before !== undefined && { before }),
      });
      for (const record of page) {
        if (record.action === abortedAction) aborted.add(record.detail?.seq);
        else if (aborted.has(record.seq)) continue;
        else if ((record.revision ?? 0) > revision) lines.push(abortedLine(record));
        // All before it were settled when it was appended.
        else return lines.reverse();
      }
      before = page.length === abortPageSize ? page.at(-1)?.seq : undefined;
    } while (before !== undefined);
    return lines.reverse();
  }
}
