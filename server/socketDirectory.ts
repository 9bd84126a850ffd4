/** The folder of the daemon's local sockets: only its user can enter it, and its path is short enough. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from './ids.ts';

/** Some systems cut a socket's path at 104 bytes, the closing zero included. */
const maxSocketPathBytes = 103;
/** No socket's file name here is longer. */
const maxNameLength = 12;

export interface SocketDirectory {
  directory: string;
  /** Where to listen: a file in the directory, or the name of a pipe on Windows. */
  path(name: string): string;
  remove(): void;
}

/** `<data>/socket`, emptied of what a killed daemon left there, or a new temporary folder when that is too long. */
export function openSocketDirectory(dataDirectory: string): SocketDirectory {
  const own = join(dataDirectory, 'socket');
  const isOwn = fits(own);
  if (isOwn) {
    rmSync(own, { recursive: true, force: true });
    mkdirSync(own, { mode: 0o700 });
  }
  const directory = isOwn ? own : makeTemporary();
  chmodSync(directory, 0o700);
  return {
    directory,
    path: (name) =>
      process.platform === 'win32' ? `\\\\.\\pipe\\workflow-keys-${newId()}-${name}` : join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function fits(directory: string): boolean {
  const isPath = process.platform !== 'win32';
  return !isPath || Buffer.byteLength(join(directory, 'x'.repeat(maxNameLength))) <= maxSocketPathBytes;
}

/** `TMPDIR` may be as deep as the data directory; the system's own folder never is. */
function makeTemporary(): string {
  const prefix = join(tmpdir(), 'workflow-keys-');
  return mkdtempSync(fits(`${prefix}123456`) ? prefix : '/tmp/workflow-keys-');
}
