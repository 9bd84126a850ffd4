/** Puts new store files in the place of the present ones, all of them or none, whenever the process ends. */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFile, syncFolder } from '../durability.ts';
import { Failure } from '../errors.ts';
import type { Millis } from './contracts/time.ts';

/** Here the new files are made; it counts for nothing and is thrown away. */
const staging = 'restore.new';
/**
 * The staging folder once it is complete.
 *
 * Invariant: where it stands, the new files are the ones that count, and whoever takes the lock finishes first.
 */
const committed = 'restore.ready';
/** In the committed folder: what was there before. */
const former = 'former';

/** What belongs together; what SQLite keeps beside its file goes before the file itself. */
const files = [
  { name: 'history.db', beside: ['history.db-wal', 'history.db-shm'] },
  { name: 'state.json', beside: ['state.json.tmp'] },
];

/** An empty folder (0700) for the new files. The caller holds the data directory's lock. */
export function openStaging(directory: string): string {
  const path = join(directory, staging);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  return path;
}

export function dropStaging(directory: string): void {
  rmSync(join(directory, staging), { recursive: true, force: true });
}

/** Whether there is anything to be replaced. */
export function holdsFiles(directory: string): boolean {
  return files.some(({ name }) => existsSync(join(directory, name)));
}

/**
 * Makes the staged files, which are closed and durable, the ones that count.
 *
 * @param openedWith names of files of which the former ones get a copy, since they are worth nothing without.
 * @returns the folder in which the former files are kept, if there were any.
 */
export async function commitStaging(
  directory: string,
  now: Millis,
  openedWith: readonly string[],
): Promise<string | undefined> {
  if (holdsFiles(directory)) await copyAside(directory, openedWith);
  await syncFolder(join(directory, staging));
  renameSync(join(directory, staging), join(directory, committed));
  await syncFolder(directory);
  return finish(directory, now);
}

async function copyAside(directory: string, names: readonly string[]): Promise<void> {
  const aside = join(directory, staging, former);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of names) {
    if (!existsSync(join(directory, name))) continue;
    copyFileSync(join(directory, name), join(aside, name));
    syncFile(join(aside, name));
  }
  await syncFolder(aside);
}

/**
 * Finishes what a commit has begun, if there is one.
 *
 * @returns the folder in which the former files are kept, if there were any.
 * @throws Failure `storage-failed`; whoever comes next finishes it.
 */
export async function finishReplacement(directory: string, now: Millis): Promise<string | undefined> {
  try {
    return await finish(directory, now);
  } catch (cause) {
    throw new Failure(
      'storage-failed',
      `A restore into ${directory} was cut off, and could not be finished. Check the folder's rights and the free space, and that ${join(directory, committed)} holds nothing but what was restored.`,
      { cause },
    );
  }
}

/** Each step can be the last of a process. */
async function finish(directory: string, now: Millis): Promise<string | undefined> {
  const ready = join(directory, committed);
  if (!existsSync(ready)) return undefined;
  const aside = join(ready, former);
  for (const { name, beside } of files) {
    // Once it has been moved, the file under its name is the new one.
    if (!existsSync(join(ready, name))) continue;
    for (const old of [...beside, name]) {
      if (!existsSync(join(directory, old))) continue;
      mkdirSync(aside, { recursive: true, mode: 0o700 });
      renameSync(join(directory, old), join(aside, old));
    }
    renameSync(join(ready, name), join(directory, name));
  }
  await syncFolder(directory);
  const kept = existsSync(aside) ? freeName(directory, now) : undefined;
  if (kept !== undefined) renameSync(aside, kept);
  rmdirSync(ready);
  await syncFolder(directory);
  return kept;
}

/** E.g. `before-restore-20261121-065501`. */
function freeName(directory: string, now: Millis): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const path = join(directory, `before-restore-${stamp}`);
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? path : `${path}-${count}`;
    if (!existsSync(candidate)) return candidate;
  }
}
