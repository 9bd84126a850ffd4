/** One daemon per data directory, by a lock that the system frees when its holder dies; it knows no store. */

import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Failure } from '../errors.ts';

/** Keeps the locks from being collected, and so given up, when the caller does not keep them. */
const held = new Set<DatabaseSync>();

/**
 * Takes the data directory for this process, and makes it (0700) where it is missing.
 *
 * Throws `data-locked`, naming the holder, when another process has it, and `storage-failed` when it cannot be used.
 *
 * Invariant: nothing else in this process opens `daemon.lock`; closing it would give up the lock (POSIX).
 */
export function lockDataDirectory(directory: string): { release(): void } {
  const path = join(directory, 'daemon.lock');
  let database: DatabaseSync | undefined;
  try {
    makeDirectory(directory);
    checkOwnersOnly(directory);
    createPrivately(path);
    // An exclusive SQLite transaction is the one kernel lock that Node offers everywhere without native modules.
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    nameHolder(directory);
  } catch (cause) {
    database?.close();
    if (cause instanceof Failure) throw cause;
    throw isBusy(cause) ? locked(directory, cause) : unusable(directory, cause);
  }
  const lock = database;
  held.add(lock);
  return {
    release: () => {
      if (!held.delete(lock)) return;
      rmSync(holderFile(directory), { force: true });
      lock.close();
    },
  };
}

/** Level by level: Node's own recursive way never ends where a file system answers ENOENT to it, as /proc does. */
function makeDirectory(directory: string): void {
  if (isDirectory(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    // Another daemon that starts right now may have been faster.
    if (!isDirectory(directory)) throw thrown;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Makes an empty 0600 file unless there is one, without opening the one that is there. */
function createPrivately(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
    chmodSync(path, 0o600);
  }
}

function isBusy(thrown: unknown): boolean {
  const sqliteBusy = 5;
  return thrown instanceof Error && 'errcode' in thrown && thrown.errcode === sqliteBusy;
}

function locked(directory: string, cause: unknown): Failure {
  return new Failure(
    'data-locked',
    `The data directory ${directory} is in use by ${holder(directory)}. Stop it with "workflow-keys stop", or choose another directory with --data.`,
    { cause },
  );
}

function unusable(directory: string, cause: unknown): Failure {
  return new Failure(
    'storage-failed',
    `The data directory ${directory} cannot be used. Check that it is a folder that you may write to, or choose another one with --data.`,
    { cause },
  );
}

/** Who may write to the folder can put a file of his own in the place of any of ours. */
function checkOwnersOnly(directory: string): void {
  // Windows has no such mode; there the folder's own rights protect it.
  if (process.platform === 'win32' || (statSync(directory).mode & 0o002) === 0) return;
  throw new Failure(
    'storage-failed',
    `Every user may write to the data directory ${directory}. Make it yours alone with "chmod 700", or choose another one with --data.`,
  );
}

/** Only for the message to others; the lock itself is what counts, and outlives no process as this file may. */
const holderFile = (directory: string) => join(directory, 'daemon.pid');

function nameHolder(directory: string): void {
  rmSync(holderFile(directory), { force: true });
  writeFileSync(holderFile(directory), `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
}

function holder(directory: string): string {
  try {
    const pid = readFileSync(holderFile(directory), 'utf8').trim();
    if (/^\d+$/.test(pid)) return `the daemon with process id ${pid}`;
  } catch {
    // It is written right after the lock is taken, and gone right before it is given up.
  }
  return 'another daemon';
}
