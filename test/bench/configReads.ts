/** `config.get` of a secret as a workflow sees it, beside what the audit record alone must cost: a turn and an fsync. */

import { closeSync, fsync, openSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withDaemon } from '../../server/cli/connect.ts';
import { startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

export interface ReadTimes {
  /** Milliseconds of each `await config.get(…)`, measured inside the workflow. */
  readsMs: number[];
  /** Of a line to a bare server and back on a socket of the same kind, with 4 KiB written and synced in between. */
  syncedTurnsMs: number[];
  /** Of the same line and back, without the disk. */
  turnsMs: number[];
}

const source = `
import asyncio, socket, time
from bifrost import config, workflow

@workflow(name="read_often")
async def read_often(rounds: int, path: str):
    line = socket.socket(socket.AF_UNIX)
    line.connect(path)
    answers = line.makefile("rb")
    taken = {"reads": [], "synced": [], "bare": []}
    def turn(word):
        before = time.perf_counter()
        line.sendall(word + b"\\n")
        answers.readline()
        return (time.perf_counter() - before) * 1000
    for _ in range(50):
        await config.get("api_key"), turn(b"sync"), turn(b"bare")
    # In turns, so that a noisy moment of the machine meets all of them.
    for _ in range(rounds):
        before = time.perf_counter()
        await config.get("api_key")
        taken["reads"].append((time.perf_counter() - before) * 1000)
        taken["synced"].append(turn(b"sync"))
        taken["bare"].append(turn(b"bare"))
    return taken
`;

/** In a data directory that holds `others` more configs. */
export async function measureConfigReads(rounds: number, others: number): Promise<ReadTimes> {
  const data = temporaryFolder();
  const workspace = temporaryFolder();
  writeFileSync(join(workspace.path, 'reading.py'), source);
  const daemon = await startDaemonProcess({ data: data.path, folders: [workspace.path] });
  const yardstick = await openYardstick(data.path);
  try {
    return await withDaemon(data.path, async (call) => {
      await Promise.all(
        Array.from({ length: others }, (_, index) =>
          call('workflowKeys/configs/set', { name: `name_${index}`, type: 'string', value: 'example' }),
        ),
      );
      await call('workflowKeys/configs/set', {
        name: 'api_key',
        type: 'secret',
        value: 'sk_test_example_4eC39HqLyjWD',
      });
      const run = await call('workflowKeys/runs/start', {
        workflowId: 'read_often',
        input: { rounds, path: yardstick.path },
      });
      if (run.status !== 'Success') throw new Error(`The run has ended as ${run.status}`);
      const { reads, synced, bare } = run.result as Record<'reads' | 'synced' | 'bare', number[]>;
      return { readsMs: reads, syncedTurnsMs: synced, turnsMs: bare };
    });
  } finally {
    yardstick.close();
    await daemon.end();
    data.remove();
    workspace.remove();
  }
}

/** A server that answers each line, `sync` after 4 KiB on the daemon's own disk. */
async function openYardstick(directory: string): Promise<{ path: string; close(): void }> {
  const path = join(directory, 'yardstick.sock');
  const file = openSync(join(directory, 'yardstick'), 'w');
  const sync = promisify(fsync);
  const block = Buffer.alloc(4096, 'example ');
  const server = createServer((socket) => {
    socket.on('data', async (chunk) => {
      if (chunk.toString().startsWith('sync')) {
        writeSync(file, block);
        await sync(file);
      }
      socket.write('done\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    close() {
      server.close();
      closeSync(file);
    },
  };
}
