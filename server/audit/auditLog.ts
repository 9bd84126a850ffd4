/** The chained audit log over any history; it does not know how to hash, nor what the engine is. */

import { Failure } from '../errors.ts';
import type { AuditEntry, AuditFilter, AuditHead, AuditRecord, History, Millis } from '../store/contracts.ts';
import { genesisHash, recordHash, type Verification, verifyChain } from './chain.ts';

/** Named by the log's first record. */
const auditSchemaVersion = 1;
const abortedAction = 'change.aborted';
const abortPageSize = 100;

/** What is to be chained. */
interface Line {
  entry: AuditEntry;
  revision?: number;
}

/**
 * Invariant: records are numbered without gaps, each holds the hash of the one before, and the chain never forks.
 * Who can write the database and knows this code can make a whole new chain; the chain shows everything less than that.
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
  verify(): Promise<Verification>;
  /**
   * To be called at start with the state's revision: each record of a newer one gets a `change.aborted` record
   * (`detail.seq` is its number), since its change never came, or was lost with the state.
   * Answers how many were marked; a second call marks none.
   */
  reconcile(revision: number): Promise<number>;
  list(filter: AuditFilter): Promise<AuditRecord[]>;
  /** All that one request caused (D44). */
  findByRequest(requestId: string): Promise<AuditRecord[]>;
}

/**
 * Opens the log; an empty one gets a first record that names the schema.
 * `hash` gives lower-case hex SHA-256 of UTF-8 text.
 */
export async function openAuditLog(options: {
  history: History;
  hash: (text: string) => string;
  clock: () => Millis;
}): Promise<AuditLog> {
  const log = new ChainedLog(options);
  await log.start();
  return log;
}

class ChainedLog implements AuditLog {
  readonly #history: History;
  readonly #hash: (text: string) => string;
  readonly #clock: () => Millis;
  /** Of the newest record that was handed to the history; `undefined` when it has to be read (again). */
  #head: AuditHead | undefined;
  /** Reads the head; shared by all who wait for it. */
  #reading: Promise<void> | undefined;
  readonly #underWay = new Set<Promise<void>>();
  /** No record that still stands has a newer revision; it may be too high, which costs a look-up. */
  #newestRevision = 0;

  constructor(options: { history: History; hash: (text: string) => string; clock: () => Millis }) {
    this.#history = options.history;
    this.#hash = options.hash;
    this.#clock = options.clock;
  }

  async start(): Promise<void> {
    await this.#readHead();
    const [change] = await this.#history.listAudit({ changesOnly: true, newestFirst: true, limit: 1 });
    this.#newestRevision = change?.revision ?? 0;
    if (this.#head?.seq !== 0) return;
    await this.append([
      {
        entry: {
          actor: 'daemon',
          action: 'audit.opened',
          target: 'audit-log',
          outcome: 'ok',
          detail: { schema: auditSchemaVersion },
        },
      },
    ]);
  }

  async append(entries: Line[]): Promise<AuditRecord[]> {
    // As JSON gives it back, for the hash is over what is read again.
    const lines: Line[] = entries.map((line) => JSON.parse(JSON.stringify(line)));
    const revisions = lines.flatMap(({ revision }) => revision ?? []);
    const aborted = await this.#abortedLines((revisions[0] ?? Number.POSITIVE_INFINITY) - 1);
    const records = await this.#write([...aborted, ...lines]);
    return records.slice(aborted.length);
  }

  async verify(): Promise<Verification> {
    return verifyChain(this.#history, this.#hash);
  }

  async reconcile(revision: number): Promise<number> {
    const aborted = await this.#abortedLines(revision);
    if (aborted.length > 0) await this.#write(aborted);
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
    const records = this.#chain(this.#head, lines);
    const written = this.#history.appendAudit(records);
    this.#underWay.add(written);
    try {
      await written;
      return records;
    } catch (cause) {
      // The history refuses those that were already chained behind these, as their numbers no longer follow.
      this.#head = undefined;
      throw new Failure(
        'storage-failed',
        'The audit log could not be written, and without it nothing is changed. Check the free space and the rights of the data directory, then try again.',
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
    const { seq, hash } = (await this.#history.auditHead()) ??
      (await this.#history.lastAudit()) ?? { seq: 0, hash: genesisHash };
    this.#head = { seq, hash };
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

function abortedLine({ seq, action, target, organizationId, revision }: AuditRecord): Line {
  return {
    entry: {
      actor: 'daemon',
      action: abortedAction,
      target,
      outcome: 'aborted',
      ...(organizationId !== undefined && { organizationId }),
      detail: { seq, action },
    },
    ...(revision !== undefined && { revision }),
  };
}
