/** The SQLite file of the history: its schema, its making and what is refused; it does not know rows or records. */

import { chmodSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { syncFolder } from '../durability.ts';
import { Failure } from '../errors.ts';

/** Raised when an older program could not read, or would damage, what a newer one writes. */
const historySchemaVersion = 3;

const runsTable = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    folder TEXT NOT NULL,
    organization_id TEXT,
    triggered_by TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    dropped_log_bytes INTEGER NOT NULL,
    retry_of TEXT,
    input_scrubbed INTEGER NOT NULL,
    idempotency_key TEXT,
    body_hash TEXT,
    input TEXT NOT NULL,
    result TEXT,
    error TEXT,
    logs TEXT
  );
`;

/**
 * Each filter of a list has an index in the order of the list, so that a page costs the same however many runs there are.
 * Those of a caller and of an organization also hold what else is asked for of them: a run that does not match is passed
 * over without a look at its row.
 */
const runsIndexes = `
  CREATE INDEX runs_by_time ON runs (created_at, id);
  CREATE INDEX runs_by_workflow ON runs (workflow_id, created_at, id);
  CREATE INDEX runs_by_status ON runs (status, created_at, id);
  CREATE INDEX runs_by_workflow_and_status ON runs (workflow_id, status, created_at, id);
  CREATE INDEX runs_by_caller ON runs (triggered_by, created_at, id, workflow_id, status, organization_id);
  CREATE INDEX runs_by_organization ON runs (organization_id, created_at, id, workflow_id, status)
    WHERE organization_id IS NOT NULL;
  CREATE INDEX runs_by_idempotency_key ON runs (idempotency_key, triggered_by, workflow_id, created_at)
    WHERE idempotency_key IS NOT NULL;
`;

/**
 * Invariant: `audit.record` is the whole record as JSON, which keeps every string exactly, so that hashes hold;
 * the other columns of `audit` only find it. `audit_head` is written with the records that it names.
 */
const schema = `
  ${runsTable}
  ${runsIndexes}

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    revision INTEGER,
    request_id TEXT,
    record TEXT NOT NULL
  );
  CREATE INDEX audit_by_revision ON audit (seq) WHERE revision IS NOT NULL;
  CREATE INDEX audit_by_request ON audit (request_id) WHERE request_id IS NOT NULL;
  CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT
  );

  CREATE TABLE last_used (
    key_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) WITHOUT ROWID;

  PRAGMA user_version = ${historySchemaVersion};
`;

/**
 * Version 1 had neither retries nor idempotency keys, and did not say whether an input is what the run was given.
 * The rows are copied, since a column that is added stands behind the logs, where lists would have to read past them.
 */
const migrateRunsFrom1 = `
  DROP INDEX runs_by_workflow;
  DROP INDEX runs_by_status;
  DROP INDEX runs_by_organization;
  ALTER TABLE runs RENAME TO runs_1;
  ${runsTable}
  INSERT INTO runs
    SELECT id, workflow_id, folder, organization_id, triggered_by, mode, status, created_at, started_at, finished_at,
      dropped_log_bytes, NULL, instr(input, '[REDACTED]') > 0, NULL, NULL, input, result, error, logs
    FROM runs_1;
  DROP TABLE runs_1;
  ${runsIndexes}
  PRAGMA user_version = 2;
`;

/** Version 2 had no seal on the head of the audit log. */
const migrateAuditFrom2 = `
  ALTER TABLE audit_head ADD COLUMN seal TEXT;
  PRAGMA user_version = 3;
`;

/**
 * Opens `history.db` in `directory` for writing (0600), or makes it where there is none; one of an older schema is brought
 * up to the present one in a single transaction.
 *
 * Rejects with `data-too-new` for an unknown newer schema, with `data-damaged` for a file that is empty, truncated or
 * no history, and with `storage-failed` when it cannot be used. None is made in its place; only what its log holds may
 * have been written into it, as at any start after a crash.
 */
export async function openHistoryDatabase(
  directory: string,
): Promise<{ database: DatabaseSync; path: string }> {
  const path = join(directory, 'history.db');
  let database: DatabaseSync | undefined;
  try {
    if (exists(path)) checkPlainFile(path);
    else await create(directory, path);
    database = new DatabaseSync(path);
    migrate(database, readVersion(database, path));
    // What is taken out of a row, such as a secret in a run's input, is overwritten in the file too.
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = ON',
    );
    return { database, path };
  } catch (cause) {
    database?.close();
    throw historyFailure(path, cause);
  }
}

/** What an error of SQLite, or an unreadable row, means to the user. */
export function historyFailure(path: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const sqliteError = 1;
  const sqliteCorrupt = 11;
  const sqliteNotDatabase = 26;
  const errcode = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : undefined;
  if (errcode === sqliteCorrupt || errcode === sqliteNotDatabase || cause instanceof SyntaxError) {
    return damaged(path, 'it cannot be read as a history', cause);
  }
  if (errcode === sqliteError) return damaged(path, 'a table or a column is missing', cause);
  return new Failure(
    'storage-failed',
    `${path} could not be read or written. Check the disk's free space, the file's rights, and that no other program holds it.`,
    { cause },
  );
}

/** Made under another name, so that a crash in the middle never leaves an empty history that looks damaged. */
async function create(directory: string, path: string): Promise<void> {
  if (exists(`${path}-wal`)) {
    // SQLite would read the old history's log into the new one.
    throw damaged(path, `it is gone, but its log ${path}-wal is there`);
  }
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  rmSync(`${unfinished}-journal`, { force: true });
  // SQLite gives its own files beside it (-wal, -shm) the same mode.
  writeFileSync(unfinished, '', { flag: 'wx', mode: 0o600 });
  const database = new DatabaseSync(unfinished);
  try {
    database.exec(`BEGIN; ${schema} COMMIT`);
  } finally {
    database.close();
  }
  renameSync(unfinished, path);
  await syncFolder(directory);
}

function migrate(database: DatabaseSync, version: number): void {
  if (version === historySchemaVersion) return;
  const steps = [migrateRunsFrom1, migrateAuditFrom2].slice(version - 1);
  database.exec(`BEGIN IMMEDIATE; ${steps.join('')} COMMIT`);
}

function checkPlainFile(path: string): void {
  const stat = lstatSync(path);
  if (!stat.isFile()) {
    throw new Failure('storage-failed', `${path} is a link or a folder. Put the file itself in its place.`);
  }
  if (stat.size === 0) throw damaged(path, 'it is empty');
  chmodSync(path, 0o600);
}

function readVersion(database: DatabaseSync, path: string): number {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version > historySchemaVersion) {
    throw new Failure(
      'data-too-new',
      `${path} has schema version ${version}, and this program knows versions up to ${historySchemaVersion}. Update Workflow Keys, or choose another data directory.`,
    );
  }
  if (version < 1) throw damaged(path, 'it names no schema version');
  return version;
}

function damaged(path: string, reason: string, cause?: unknown): Failure {
  return new Failure(
    'data-damaged',
    `${path} is damaged: ${reason}. Restore it from a backup, or move it and its -wal file away to start empty.`,
    { cause },
  );
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
