/** What a running daemon writes down, so that editors and command lines find it and are let in. */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonFile } from './protocol/daemon.ts';

export interface Announcement {
  /** Invariant: the token is on disk before the file that names it. */
  publish(token: string, file: Omit<DaemonFile, 'tokenFile'>): void;
  withdraw(): void;
}

/** `daemon.json` and `daemon.token` in the data directory, both readable by their owner only. */
export function openAnnouncement(dataDirectory: string): Announcement {
  const tokenFile = join(dataDirectory, 'daemon.token');
  const daemonFile = join(dataDirectory, 'daemon.json');
  return {
    publish(token, file) {
      writePrivate(tokenFile, token);
      const whole: DaemonFile = { ...file, tokenFile };
      writePrivate(daemonFile, `${JSON.stringify(whole)}\n`);
    },
    withdraw() {
      rmSync(daemonFile, { force: true });
      rmSync(tokenFile, { force: true });
    },
  };
}

/** Readers see the old file or the whole new one, never a part, and nobody else may read it. */
function writePrivate(path: string, text: string): void {
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  writeSync(descriptor, text);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(temporary, path);
}
