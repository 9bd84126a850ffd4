/** A registered folder's files as they change on disk; what changed is read by the registry. */

import { basename, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import type { WorkflowRegistry } from './registry.ts';
import { isPythonFile, isSkippedFolder } from './sourceFiles.ts';

export interface FolderWatch {
  /** Nothing is reported after it. */
  close(): Promise<void>;
}

/** Events that come this close together are one change: a save by renaming, a checkout of many files. */
const batchMs = 50;

/**
 * Keeps the registry up to date with a folder that was added to it.
 * Resolves when every change from now on is seen; what changed before that is read before.
 *
 * @param onSourceChange called after any `.py` file came, went or changed, whether or not it holds workflows.
 */
export async function watchFolder(
  path: string,
  registry: WorkflowRegistry,
  onSourceChange: () => void,
): Promise<FolderWatch> {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> = Promise.resolve();
  let isClosed = false;

  const report = (isStale: boolean) => {
    if (isStale && !isClosed) onSourceChange();
  };
  const flush = () => {
    timer = undefined;
    const files = [...changed];
    changed.clear();
    reading = registry.refresh(path, files).then(report, () => rescan());
  };
  const rescan = (): Promise<void> => registry.rescan(path).then(report, () => undefined);

  const watcher = watch(path, {
    ignoreInitial: true,
    followSymlinks: false,
    // What cannot be watched, such as a folder without permission, is not a reason to stop.
    ignorePermissionErrors: true,
    ignored: (candidate, stats) => {
      if (candidate === path) return false;
      if (stats?.isDirectory()) return isSkippedFolder(candidate);
      return stats !== undefined && !isPythonFile(basename(candidate));
    },
  });
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || event === 'unlinkDir' || !isPythonFile(basename(file))) return;
    changed.add(relative(path, file).split(sep).join('/'));
    timer ??= setTimeout(flush, batchMs);
  });
  // When the system drops events, the stamps still tell.
  watcher.on('error', () => {
    reading = rescan();
  });
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  await rescan();

  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await watcher.close();
      await reading;
    },
  };
}
