/** One daemon per data directory, by a lock that the system frees when its holder dies; it knows no store. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    createPrivately(path);
    // An exclusive SQLite transaction is the one kernel lock that Node offers everywhere without native modules.
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    throw isBusy(cause) ? locked(directory, cause) : unusable(directory, cause);
  }
  const lock = database;
  held.add(lock);
  return {
    release: () => {
      if (held.delete(lock)) lock.close();
    },
  };
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

function holder(directory: string): string {
  try {
    const { pid }: { pid?: unknown } = JSON.parse(readFileSync(join(directory, 'daemon.json'), 'utf8'));
    if (Number.isSafeInteger(pid)) return `the daemon with process id ${pid}`;
  } catch {
    // A daemon that has only just started has not written it yet.
  }
  return 'another daemon';
}
