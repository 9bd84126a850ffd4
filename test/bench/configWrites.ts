/** Setting configs among very many, beside the durable rewrite of the same bytes by plain file calls. */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withDaemon } from '../../server/cli/connect.ts';
import { startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { median, timed } from './measure.ts';

export interface WriteTimes {
  /** Milliseconds of each set, one after the other. */
  setsMs: number[];
  /** Of writing the same file anew, with fsync, rename and fsync of the folder. */
  rewritesMs: number[];
  /** Sets a second of a thousand at once. */
  concurrentPerSecond: number;
  /** Rewrites a second, one after the other. */
  rewritePerSecond: number;
}

/** Half of the configs are secrets. */
export async function measureConfigWrites(rounds: number, total: number): Promise<WriteTimes> {
  const data = temporaryFolder();
  const daemon = await startDaemonProcess({ data: data.path });
  try {
    return await withDaemon(data.path, async (call) => {
      const set = async (index: number) => {
        await call('workflowKeys/configs/set', {
          name: `name_${index % total}`,
          type: index % 2 === 0 ? 'string' : 'secret',
          value: `sk_test_example_4eC39HqLyjWD_${index}`,
        });
      };
      await Promise.all(Array.from({ length: total }, (_, index) => set(index)));
      const path = join(data.path, 'state.json');
      // Once, since reading it each time would have this process clear up megabytes in the middle of a set.
      const bytes = readFileSync(path);
      const setsMs: number[] = [];
      const rewritesMs: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        setsMs.push(await timed(() => set((round * 7919) % total)));
        rewritesMs.push(await timed(async () => rewrite(join(data.path, 'yardstick'), bytes)));
      }
      const many = 1000;
      const durationMs = await timed(async () => {
        await Promise.all(Array.from({ length: many }, (_, index) => set(index * 7)));
      });
      return {
        setsMs,
        rewritesMs,
        concurrentPerSecond: (many / durationMs) * 1000,
        rewritePerSecond: 1000 / median(rewritesMs),
      };
    });
  } finally {
    await daemon.end();
    data.remove();
  }
}

function rewrite(path: string, bytes: Buffer): void {
  const file = openSync(`${path}.tmp`, 'w');
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.tmp`, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
