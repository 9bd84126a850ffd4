/** The file of a backup: the history's SQLite database with the state's document in a table of its own. */

import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { syncFile, syncFolder } from '../durability.ts';
import { Failure } from '../errors.ts';
import type { CopyProgress, PinnedHistory } from './contracts/history.ts';
import type { FrozenState } from './contracts/state.ts';
import type { Millis } from './contracts/time.ts';
import { copyDatabase } from './pinnedHistory.ts';
import { readDocument, type StateDocument } from './stateDocument.ts';

/** Raised when an older program would restore less than what a newer one backs up. */
const backupVersion = 1;

/** What a backup says of itself. */
export interface BackupHead {
  madeAt: Millis;
  /** Of the program that made it. */
  program: string;
  revision: number;
}

/** A backup that was found whole. */
export interface BackupFile {
  head: BackupHead;
  document: StateDocument;
  /** The state's document as it was written. */
  bytes: Uint8Array;
  /** Copies the history alone into the empty file at `path`. */
  copyHistoryTo(path: string, onProgress: (progress: CopyProgress) => void): Promise<void>;
  close(): void;
}

/**
 * Writes state and history, as they were at one moment, into one new file (0600) that is whole or not there.
 *
 * @throws Failure `conflict` when there is such a file and it is not to be replaced, `storage-failed`.
 */
export async function writeBackupFile({
  path,
  replace,
  state,
  history,
  head,
  onProgress,
}: {
  path: string;
  replace: boolean;
  state: FrozenState;
  history: PinnedHistory;
  head: Omit<BackupHead, 'revision'>;
  onProgress: (progress: CopyProgress) => void;
}): Promise<void> {
  const checkFree = () => {
    if (replace || !existsSync(path)) return;
    throw new Failure('conflict', `${path} is there already. Choose another name; nothing was written.`);
  };
  const draft = `${path}.${process.pid}.part`;
  checkFree();
  try {
    writeFileSync(draft, '', { flag: 'wx', mode: 0o600 });
    await history.copyTo(draft, onProgress);
    addState(draft, state, head);
    syncFile(draft);
    checkFree();
    renameSync(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      'storage-failed',
      `${path} could not be written. Check its folder, its rights and the free space; nothing was left there.`,
      { cause },
    );
  }
}

function addState(
  path: string,
  { revision, document }: FrozenState,
  head: Omit<BackupHead, 'revision'>,
): void {
  const database = new DatabaseSync(path);
  try {
    // One file, without the log that the original has beside it.
    database.exec(`
      PRAGMA journal_mode = DELETE;
      CREATE TABLE backup (
        version INTEGER NOT NULL,
        made_at INTEGER NOT NULL,
        program TEXT NOT NULL,
        revision INTEGER NOT NULL,
        state BLOB NOT NULL
      );
    `);
    database
      .prepare('INSERT INTO backup (version, made_at, program, revision, state) VALUES (?, ?, ?, ?, ?)')
      .run(backupVersion, head.madeAt, head.program, revision, document);
  } finally {
    database.close();
  }
}

/**
 * Opens a backup and checks it: that every page is readable, that it holds what a backup holds, and the state's document.
 * The file is only read.
 *
 * @throws Failure `bad-input` when it is none, `data-damaged`, `data-too-new`.
 */
export function openBackupFile(path: string): BackupFile {
  if (!existsSync(path)) throw new Failure('bad-input', `${path} does not exist. Nothing was changed.`);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    // A file from elsewhere brings no code of its own.
    database.exec('PRAGMA trusted_schema = OFF');
    const { head, bytes } = readHead(database, path);
    checkPages(database, path);
    const source = database;
    return {
      head,
      bytes,
      document: readDocument(readText(bytes, path), path),
      copyHistoryTo: (target, onProgress) => copyHistory(source, target, onProgress),
      close: () => source.close(),
    };
  } catch (cause) {
    database?.close();
    if (cause instanceof Failure) throw cause;
    throw notABackup(path, cause);
  }
}

function readHead(database: DatabaseSync, path: string): { head: BackupHead; bytes: Uint8Array } {
  const foreign = database
    .prepare("SELECT count(*) AS number FROM sqlite_schema WHERE type IN ('trigger', 'view')")
    .get();
  if (foreign?.number !== 0) throw notABackup(path);
  const version = Number(database.prepare('SELECT version FROM backup').get()?.version);
  if (version > backupVersion) {
    throw new Failure(
      'data-too-new',
      `${path} is a backup of version ${version}, and this program knows versions up to ${backupVersion}. Update Workflow Keys; nothing was changed.`,
    );
  }
  const row = database.prepare('SELECT made_at, program, revision, state FROM backup').get();
  if (!row || !(row.state instanceof Uint8Array)) throw notABackup(path);
  const head = { madeAt: Number(row.made_at), program: String(row.program), revision: Number(row.revision) };
  return { head, bytes: row.state };
}

function checkPages(database: DatabaseSync, path: string): void {
  const [found] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
  if (found !== 'ok') throw damaged(path);
}

async function copyHistory(
  source: DatabaseSync,
  target: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  writeFileSync(target, '', { flag: 'wx', mode: 0o600 });
  await copyDatabase(source, target, onProgress);
  const copy = new DatabaseSync(target);
  try {
    // Nothing of the state stays behind in the pages that it leaves.
    copy.exec('PRAGMA secure_delete = ON; DROP TABLE backup');
  } finally {
    copy.close();
  }
}

function readText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function notABackup(path: string, cause?: unknown): Failure {
  const sqliteCorrupt = 11;
  if (cause instanceof Error && 'errcode' in cause && Number(cause.errcode) === sqliteCorrupt) {
    return damaged(path, cause);
  }
  return new Failure(
    'bad-input',
    `${path} is no backup of Workflow Keys. To take over the file of an export: workflow-keys import. Nothing was changed.`,
    { cause },
  );
}

function damaged(path: string, cause?: unknown): Failure {
  return new Failure(
    'data-damaged',
    `${path} is damaged or cut off; use another backup. Nothing was changed.`,
    { cause },
  );
}
