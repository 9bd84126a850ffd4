/** The embedded history engine on `node:sqlite`; it does not know what runs or audit records mean. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { Failure } from '../errors.ts';
import { type AuditInsert, auditFromRow, auditToRow, exactAuditRecord } from './auditRow.ts';
import type { AuditFilter, AuditHead, AuditRecord } from './contracts/audit.ts';
import type { History, PinnedHistory } from './contracts/history.ts';
import type { RunFilter, RunRecord, RunSummary } from './contracts/runs.ts';
import type { Millis } from './contracts/time.ts';
import { GroupCommit } from './groupCommit.ts';
import { historyFailure, openHistoryDatabase } from './historyDatabase.ts';
import { prepareStatements } from './historyStatements.ts';
import { pinHistory } from './pinnedHistory.ts';
import { runFromRow, runToRow, summaryColumns, summaryFromRow, withArrays } from './runRow.ts';

/**
 * Opens `history.db` in `directory`, which exists and is locked by the caller; a missing file is an empty history.
 *
 * Writes that wait together share a commit, which holds the event loop for their statements only, and an fsync.
 * Rejects with `data-damaged`, `data-too-new` or `storage-failed`, and then leaves the file as it is.
 */
export async function openSqliteHistory(options: { directory: string }): Promise<History> {
  const { database, path } = await openHistoryDatabase(options.directory);
  try {
    return new SqliteHistory(database, path);
  } catch (cause) {
    database.close();
    throw historyFailure(path, cause);
  }
}

class SqliteHistory implements History {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #commit: GroupCommit;
  readonly #statements;
  /** Run lists by their conditions, e.g. `workflow_id = ? AND id < ?`. */
  readonly #runLists = new Map<string, Prepared>();
  /** Number of the newest audit record, with those of the transaction under way; `undefined` when it has to be read. */
  #headSeq: number | undefined;
  /** Runs that have begun and are not written yet; most end before their note would be written. */
  readonly #noted = new Map<string, RunRecord>();
  #noteTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#statements = prepareStatements(database);
    this.#commit = new GroupCommit({
      database,
      logPath: `${path}-wal`,
      describe: (cause) => historyFailure(path, cause),
      onUndone: () => {
        this.#headSeq = undefined;
      },
    });
  }

  async putRun(run: RunRecord): Promise<void> {
    this.#checkOpen();
    // First, so that a run that is refused here leaves no note behind that would be refused again.
    this.#noted.delete(run.id);
    const row = runToRow(run);
    await this.#commit.add(() => this.#statements.putRun.run(...row));
    if (run.inputScrubbed) this.#forgetFormerRows();
  }

  /** The write-ahead log still holds the row with the secret that was taken out of it. */
  #forgetFormerRows(): void {
    if (this.#closed) return;
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Somebody else uses the file; the next one, or the end, empties the log.
    }
  }

  noteRun(run: RunRecord): void {
    this.#checkOpen();
    this.#noted.set(run.id, run);
    this.#noteTimer ??= setTimeout(() => this.#writeNotes(), noteDelayMs).unref();
  }

  /** A note is a trace for the case of a crash; what it could not write, the run's own record still will. */
  #writeNotes(): void {
    clearTimeout(this.#noteTimer);
    this.#noteTimer = undefined;
    if (this.#noted.size === 0) return;
    const notes = [...this.#noted.values()];
    const rows = notes.flatMap(noteToRow);
    const write = () => {
      for (const row of rows) this.#statements.putRun.run(...row);
    };
    // Until it is written, whoever asks for the run gets the note.
    const forget = () => {
      for (const run of notes) if (this.#noted.get(run.id) === run) this.#noted.delete(run.id);
    };
    this.#commit.add(write, { durable: false }).then(forget, forget);
  }

  async getRun(id: string): Promise<RunRecord | undefined> {
    const noted = this.#noted.get(id);
    if (noted) return structuredClone(noted);
    return this.#read(() => {
      const row = this.#statements.getRun.get(id);
      return row && runFromRow(row);
    });
  }

  async listRuns(filter: RunFilter): Promise<RunSummary[]> {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    // SQLite does not know how many rows match: a plus sign keeps it from another index than that of the first filter.
    const plus = () => (conditions.length > 0 ? '+' : '');
    where('triggered_by = ?', filter.triggeredBy);
    where(`${plus()}organization_id = ?`, filter.organizationId);
    const last = plus();
    where(`${last}workflow_id = ?`, filter.workflowId);
    where(`${last}status = ?`, filter.status);
    where('created_at >= ?', filter.createdFrom);
    where('created_at < ?', filter.createdTo);
    where('(created_at, id) < (SELECT created_at, id FROM runs WHERE id = ?)', filter.before);
    await this.#settleNotes();
    return this.#read(() =>
      this.#runList(conditions.join(' AND '))
        .all(...values, filter.limit)
        .map(summaryFromRow),
    );
  }

  async findOnce(wanted: Parameters<History['findOnce']>[0]): Promise<RunRecord | undefined> {
    const { idempotencyKey, triggeredBy, workflowId, createdFrom } = wanted;
    const row = this.#read(() =>
      this.#statements.findOnce.get(idempotencyKey, triggeredBy, workflowId, createdFrom),
    );
    return row && this.getRun(String(row.id));
  }

  async unfinishedRuns(): Promise<RunRecord[]> {
    await this.#settleNotes();
    return this.#read(() => this.#statements.unfinishedRuns.all().map(runFromRow));
  }

  async appendAudit(records: AuditRecord[], seal?: string): Promise<void> {
    this.#checkOpen();
    if (records.length === 0) return;
    const rows = records.map(auditToRow);
    await this.#commit.add(() => this.#append(rows, seal));
  }

  async lastAudit(): Promise<AuditRecord | undefined> {
    const [record] = await this.listAudit({ limit: 1, newestFirst: true });
    return record;
  }

  async auditHead(): Promise<AuditHead | undefined> {
    return this.#read(() => {
      const row = this.#statements.auditHead.get();
      return (
        row && {
          seq: Number(row.seq),
          hash: String(row.hash),
          ...(row.seal !== null && { seal: String(row.seal) }),
        }
      );
    });
  }

  async listAudit(filter: AuditFilter): Promise<AuditRecord[]> {
    const { after = 0, before = Number.MAX_SAFE_INTEGER, limit, newestFirst, changesOnly } = filter;
    const order = newestFirst ? 'newest' : 'oldest';
    const statement = this.#statements[changesOnly ? 'auditChanges' : 'auditAll'][order];
    return this.#read(() => statement.all(after, before, limit).map(auditFromRow));
  }

  async listAuditExactly({ after, limit }: { after?: number; limit: number }): Promise<AuditRecord[]> {
    const from = after === undefined ? smallestInteger : BigInt(after);
    return this.#read(() => this.#statements.auditExactly.all(from, limit).map(exactAuditRecord));
  }

  async findAuditByRequest(requestId: string): Promise<AuditRecord[]> {
    return this.#read(() => this.#statements.auditByRequest.all(requestId).map(auditFromRow));
  }

  async saveLastUsed(lastUsed: ReadonlyMap<string, Millis>): Promise<void> {
    this.#checkOpen();
    const rows = [...lastUsed];
    await this.#commit.add(
      () => {
        for (const [keyId, at] of rows) this.#statements.putLastUsed.run(keyId, at);
      },
      { durable: false },
    );
  }

  async loadLastUsed(): Promise<Map<string, Millis>> {
    return this.#read(() => {
      const rows = this.#statements.allLastUsed.all();
      return new Map(rows.map((row) => [String(row.key_id), Number(row.at)]));
    });
  }

  async pin(): Promise<PinnedHistory> {
    this.#checkOpen();
    this.#writeNotes();
    await this.#commit.add(() => undefined, { durable: false });
    return this.#read(() => pinHistory(this.#path));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#writeNotes();
    await this.#commit.close();
    this.#database.close();
  }

  /** Lists are read from the database, so what is noted must be there. */
  async #settleNotes(): Promise<void> {
    if (this.#noted.size === 0) return;
    this.#writeNotes();
    await this.#commit.add(() => undefined, { durable: false });
  }

  #append(rows: AuditInsert[], seal: string | undefined): void {
    this.#headSeq ??= Number(this.#statements.headSeq.get()?.seq);
    const [first] = rows;
    if (first?.seq !== this.#headSeq + 1) {
      throw new Failure(
        'conflict',
        `Audit record ${first?.seq} was refused, because the next one is ${this.#headSeq + 1}. Read the head again.`,
      );
    }
    for (const { seq, revision, requestId, json } of rows) {
      this.#statements.putAudit.run(seq, revision, requestId, json);
    }
    const last = rows.at(-1) ?? first;
    this.#statements.putAuditHead.run(last.seq, last.hash, seal ?? null);
    this.#headSeq = last.seq;
  }

  #runList(conditions: string): Prepared {
    let statement = this.#runLists.get(conditions);
    if (!statement) {
      const where = conditions && `WHERE ${conditions}`;
      statement = withArrays(
        this.#database.prepare(
          `SELECT ${summaryColumns.join(', ')} FROM runs ${where} ORDER BY created_at DESC, id DESC LIMIT ?`,
        ),
      );
      this.#runLists.set(conditions, statement);
    }
    return statement;
  }

  #read<T>(query: () => T): T {
    this.#checkOpen();
    try {
      return query();
    } catch (cause) {
      throw historyFailure(this.#path, cause);
    }
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new Failure('stopping', 'The history is closed. Try again when the daemon has started.');
    }
  }
}

/** Of SQLite, so that a row which somebody has put before the first one is seen. */
const smallestInteger = -(2n ** 63n);
/** Longer than most runs, and short beside what a person waits for. */
const noteDelayMs = 50;

/** Nothing for a run that JSON cannot hold: one bad note must not hold up the others. */
function noteToRow(run: RunRecord): SQLInputValue[][] {
  try {
    return [runToRow(run)];
  } catch {
    return [];
  }
}

type Prepared = ReturnType<DatabaseSync['prepare']>;
