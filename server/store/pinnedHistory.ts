/** A SQLite history as it was at one moment, copied while it goes on; it does not know what its rows mean. */

import { backup, DatabaseSync } from 'node:sqlite';
import type { CopyProgress, PinnedHistory } from './contracts/history.ts';

/** Of 4 KiB: a few milliseconds' work, off the event loop. */
const pagesAtOnce = 1_000;

/**
 * A connection of its own that has begun to read: in WAL mode it sees what was there then, whatever is written later,
 * and the copy is made through it.
 */
export function pinHistory(path: string): PinnedHistory {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    // Only the first read takes the snapshot.
    database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return {
    copyTo: (target, onProgress) => copyDatabase(database, target, onProgress),
    close: () => database.close(),
  };
}

/** Page by page into an empty file, whose mode stays what it is. */
export async function copyDatabase(
  source: DatabaseSync,
  target: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  await backup(source, target, {
    rate: pagesAtOnce,
    progress: ({ totalPages, remainingPages }) =>
      onProgress({ done: totalPages - remainingPages, total: totalPages }),
  });
}
