/** One small file that is replaced as a whole and durably; it does not know what the file holds. */

import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { syncFolder } from '../durability.ts';
import { Failure } from '../errors.ts';

/** Invariant: one writer at a time; the data directory's lock and the caller's queue see to it. */
export interface DurableFile {
  /** The whole file; `undefined` when there is none. */
  read(): Promise<string | undefined>;
  /**
   * Replaces the file by these pieces. Once resolved it survives a power cut.
   * When it rejects, the old file still stands; only when the folder's fsync is what failed, the new one may.
   */
  write(pieces: readonly Uint8Array[]): Promise<void>;
}

/**
 * Opens the file at `path` (0600, in an existing folder) and removes what an interrupted write left behind.
 *
 * Rejects with `storage-failed` when the file is a symbolic link or cannot be read or written,
 * and with `data-damaged` when it is not UTF-8.
 */
export async function openDurableFile(path: string): Promise<DurableFile> {
  const temporaryPath = `${path}.tmp`;
  await removeLeftover(temporaryPath);
  return {
    read: () => read(path),
    write: (pieces) => replace(path, temporaryPath, pieces),
  };
}

async function read(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    // Through a link, the next rename would replace the link and leave its target behind, out of date.
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    bytes = await file.readFile();
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    if (hasCode(cause, 'ELOOP')) {
      throw new Failure(
        'storage-failed',
        `${path} is a symbolic link. Put the file itself in its place, or choose the folder it points to as the data directory.`,
        { cause },
      );
    }
    throw new Failure('storage-failed', `${path} cannot be read. Check its rights and the disk.`, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure('data-damaged', `${path} is damaged: it is not UTF-8 text. Restore it from a backup.`, {
      cause,
    });
  }
}

async function replace(path: string, temporaryPath: string, pieces: readonly Uint8Array[]): Promise<void> {
  let file: FileHandle | undefined;
  try {
    // Exclusive, so that neither a link nor a foreign file in that place is ever written through.
    file = await open(
      temporaryPath,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    const { bytesWritten } = await file.writev(pieces);
    // The system may stop in the middle, and then says so only here.
    if (bytesWritten !== sizeOf(pieces)) throw new Error('The file was written in part.');
    await file.sync();
    await file.close();
    await rename(temporaryPath, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    if (file) {
      await file.close().catch(() => {});
      await unlink(temporaryPath).catch(() => {});
    }
    throw new Failure(
      'storage-failed',
      `${path} could not be written. Check the disk's free space and the folder's rights.`,
      { cause },
    );
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((size, { length }) => size + length, 0);
}

async function removeLeftover(temporaryPath: string): Promise<void> {
  try {
    await unlink(temporaryPath);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return;
    throw new Failure(
      'storage-failed',
      `${temporaryPath} stands in the way of writing and cannot be removed. Remove it.`,
      { cause },
    );
  }
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
