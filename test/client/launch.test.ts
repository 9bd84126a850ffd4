/** Finding and starting the daemon's process, with a real daemon on a folder of its own. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { on, once } from 'node:events';
import { constants, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../client/failure.ts';
import { isOlder, launchDaemon, openSocket, processEnd, readDaemonFile } from '../../client/launch.ts';
import { isPortFree, nextFreePort } from '../../client/port.ts';
import { emptyDocument } from '../../server/store/stateDocument.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const serverFile = join(import.meta.dirname, '..', '..', 'server', 'main.ts');
const limit = { timeout: 120_000 };

test('a daemon that is started is found by its file and reached with its token', limit, async (context) => {
  const dataDirectory = dataDirectoryOf(context);
  assert.equal(await readDaemonFile(dataDirectory), undefined);
  await launch(dataDirectory);
  const file = await runningDaemon(dataDirectory);
  const socket = await openSocket(file);
  const closed = once(socket, 'close');
  socket.end();
  await closed;
});

test('a daemon is started also where its user has no home', limit, async (context) => {
  const { HOME } = process.env;
  context.after(() => {
    if (HOME === undefined) delete process.env.HOME;
    else process.env.HOME = HOME;
  });
  const dataDirectory = dataDirectoryOf(context);
  process.env.HOME = join(dataDirectory, 'none');
  await launch(dataDirectory);
  (await openSocket(await runningDaemon(dataDirectory))).destroy();
});

test(
  'of two that start at once one wins, the other ends, and both callers reach the winner',
  limit,
  async (context) => {
    const dataDirectory = dataDirectoryOf(context);
    const results = await Promise.allSettled([launch(dataDirectory), launch(dataDirectory)]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const file = await runningDaemon(dataDirectory);
    (await openSocket(file)).destroy();
  },
);

test('a taken port is told as such, in one line that names it', limit, async (context) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  context.after(() => squatter.close());
  const address = squatter.address();
  assert.ok(address && typeof address === 'object');
  const lines: string[] = [];
  await assert.rejects(launch(dataDirectoryOf(context), address.port, lines), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, 'port-taken');
    assert.match(error.message, new RegExp(`${address.port}`));
    return true;
  });
  assert.equal(await isPortFree('127.0.0.1', address.port), false);
  assert.notEqual(await nextFreePort('127.0.0.1', address.port), address.port);
});

test(
  'a daemon that was killed leaves its file behind, and is unreachable, not a hang',
  limit,
  async (context) => {
    const dataDirectory = dataDirectoryOf(context);
    await launch(dataDirectory);
    const file = await runningDaemon(dataDirectory);
    process.kill(file.pid, 'SIGKILL');
    await processEnd(file.pid, AbortSignal.timeout(60_000));
    assert.deepEqual(await readDaemonFile(dataDirectory), file);
    await assert.rejects(openSocket(file), { code: 'daemon-unreachable' });
  },
);

test('a daemon that does not get ready is told of, and found again when it is', limit, async (context) => {
  const dataDirectory = dataDirectoryOf(context);
  // Whoever reads this file waits until somebody writes to it.
  const stateFile = join(dataDirectory, 'state.json');
  execFileSync('sh', ['-c', 'mkfifo "$0"', stateFile]);
  const waited = new AbortController();
  const launched = launch(dataDirectory, 0, [], waited.signal);
  const failed = new AbortController();
  launched.catch(() => failed.abort());
  const writer = await writerOf(stateFile, failed.signal);
  waited.abort();
  await assert.rejects(launched, { code: 'daemon-unreachable', message: /not ready/ });
  // It watches from here on, and keeps what happens until somebody asks.
  const watcher = watch(dataDirectory);
  context.after(() => watcher.close());
  const changes = on(watcher, 'change');
  await writer.writeFile(JSON.stringify(emptyDocument()));
  await writer.close();
  let file = await readDaemonFile(dataDirectory);
  for await (const _ of changes) {
    file = await readDaemonFile(dataDirectory);
    if (file) break;
  }
  assert.ok(file);
  (await openSocket(file)).destroy();
});

test('versions are compared by their numbers', () => {
  assert.equal(isOlder('0.9.0', '0.10.0'), true);
  assert.equal(isOlder('1.0.0', '0.10.0'), false);
  assert.equal(isOlder('0.1.0', '0.1.0'), false);
});

/** Without the daemon that may run on it, once the test has ended. */
function dataDirectoryOf(context: TestContext): string {
  const { path, remove } = temporaryFolder();
  context.after(async () => {
    const file = await readDaemonFile(path);
    if (file) await end(file.pid);
    remove();
  });
  return path;
}

async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
  await processEnd(pid, AbortSignal.timeout(60_000));
}

/** A pipe to write to, once somebody reads it. Opening it outright would wait in a thread that nobody can end. */
async function writerOf(pipe: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    await delay(20, undefined, { signal });
  }
}

async function launch(
  dataDirectory: string,
  port = 0,
  lines: string[] = [],
  waitLimit = AbortSignal.timeout(limit.timeout),
): Promise<void> {
  const onLine = (line: string) => lines.push(line);
  await launchDaemon({ serverFile, host: '127.0.0.1', port, dataDirectory, onLine, limit: waitLimit });
}

async function runningDaemon(dataDirectory: string) {
  const file = await readDaemonFile(dataDirectory);
  assert.ok(file);
  return file;
}
