/** A bar for long work, drawn on standard error over itself; it knows nothing of the work. */

import type { WorkProgress } from '../protocol/daemon.ts';

const lookEveryMs = 100;
const barWidth = 30;

/** Draws until it is stopped, as often as it can be read. */
export function showProgress(read: () => Promise<WorkProgress | null>): () => Promise<void> {
  const ended = Promise.withResolvers<void>();
  let isOver = false;
  const draw = async () => {
    while (!isOver) {
      const progress = await read();
      if (progress && progress.total > 0) process.stderr.write(`\r${bar(progress)}`);
      const pause = new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      await Promise.race([pause, ended.promise]);
    }
  };
  // A connection that is lost is told of by the work itself.
  const drawing = draw().catch(() => undefined);
  return async () => {
    isOver = true;
    ended.resolve();
    await drawing;
    // Clears the line.
    process.stderr.write('\r\u001b[K');
  };
}

function bar({ done, total }: WorkProgress): string {
  const filled = Math.floor((done / total) * barWidth);
  return `[${'#'.repeat(filled)}${' '.repeat(barWidth - filled)}] ${done} of ${total}`;
}
