/** The Python files of a folder: which there are, and what they hold; it knows nothing of workflows. */

import { existsSync, lstat, readFile, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure } from '../errors.ts';

/** A file as it was read. `stamp` differs when the file does. */
interface ReadFile {
  /** Relative to the folder, with forward slashes. */
  file: string;
  stamp: string;
  bytes: Buffer;
}

/** What became of a file that was to be read. */
export type Reading =
  | ({ kind: 'read' } & ReadFile)
  | { kind: 'gone'; file: string }
  /** `reason` is a clause such as "it may not be read". */
  | { kind: 'unreadable'; file: string; reason: string };

const skippedNames = new Set(['node_modules', 'site-packages', '__pycache__']);

/** More at once is no faster, and takes file descriptors from the rest. */
const concurrentReads = 32;

/** Source is written by hand; a file larger than this is data. */
const limitBytes = 2 * 1024 * 1024;

/** Whether nothing below this folder is looked at: hidden, installed, or a virtual environment. */
export function isSkippedFolder(path: string): boolean {
  const name = basename(path);
  return name.startsWith('.') || skippedNames.has(name) || existsSync(join(path, 'pyvenv.cfg'));
}

export function isPythonFile(name: string): boolean {
  return name.endsWith('.py') && !name.startsWith('.');
}

/**
 * The folder's `.py` files, sorted, relative to it with forward slashes.
 * Links are not followed: what they lead to is either found at its own place, or lies outside.
 *
 * @throws Failure `bad-input` when the folder itself is missing or cannot be read; what lies below and cannot
 * be read is left out.
 */
export async function listPythonFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  await walk('');
  return files.sort();

  async function walk(inner: string): Promise<void> {
    const path = join(folder, inner);
    let entries: Awaited<ReturnType<typeof readEntries>>;
    try {
      entries = await readEntries(path);
    } catch (cause) {
      if (inner !== '') return;
      throw new Failure('bad-input', `The folder "${folder}" cannot be read: ${reasonOf(cause)}.`, { cause });
    }
    const below: Promise<void>[] = [];
    for (const entry of entries) {
      const way = inner === '' ? entry.name : `${inner}/${entry.name}`;
      if (entry.isFile() && isPythonFile(entry.name)) files.push(way);
      else if (entry.isDirectory() && !isSkippedFolder(join(folder, way))) below.push(walk(way));
    }
    await Promise.all(below);
  }
}

function readEntries(path: string) {
  return readdir(path, { withFileTypes: true });
}

/** The stamps of files; those that are gone are left out. */
export async function stampFiles(folder: string, files: readonly string[]): Promise<Map<string, string>> {
  const stamps = new Map<string, string>();
  await eachOf(files, async (file) => {
    const found = await statOf(join(folder, file)).catch(() => undefined);
    if (found?.isFile()) stamps.set(file, stampOf(found));
  });
  return stamps;
}

/** Reads files, 32 at a time; `onReading` is called as each is there, in no order. */
export async function readPythonFiles(
  folder: string,
  files: readonly string[],
  onReading: (reading: Reading) => void,
): Promise<void> {
  await eachOf(files, async (file) => onReading(await readOne(folder, file)));
}

async function readOne(folder: string, file: string): Promise<Reading> {
  const path = join(folder, file);
  try {
    // The stamp is the older of the two, so that a write in between makes the next look see a change.
    const found = await statOf(path);
    if (!found.isFile()) return { kind: 'gone', file };
    if (found.size > limitBytes) {
      return { kind: 'unreadable', file, reason: `it is larger than ${limitBytes / 1024 / 1024} MiB` };
    }
    return { kind: 'read', file, stamp: stampOf(found), bytes: await bytesOf(path) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'gone', file };
    return { kind: 'unreadable', file, reason: reasonOf(cause) };
  }
}

function stampOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs}:${size}:${ino}`;
}

async function eachOf(files: readonly string[], work: (file: string) => Promise<void>): Promise<void> {
  const waiting = files.values();
  const worker = async () => {
    for (const file of waiting) await work(file);
  };
  await Promise.all(Array.from({ length: Math.min(concurrentReads, files.length) }, worker));
}

// The callback functions of `node:fs` are several times faster here than those of `node:fs/promises`.

function statOf(path: string): Promise<Stats> {
  return new Promise((resolve, reject) => {
    lstat(path, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

function bytesOf(path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    readFile(path, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'ENOTDIR':
      return 'it is not a folder';
    case 'EACCES':
    case 'EPERM':
      return 'its permissions forbid it';
    default:
      return `the system says ${code ?? 'nothing more'}`;
  }
}
