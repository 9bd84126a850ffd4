/** The daemon as a process: one per directory, outlives its clients, loses nothing, stops in time. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { request } from 'undici';
import { openSocket, withDaemon } from '../../server/cli/connect.ts';
import type { AuditVerification } from '../../server/protocol/audit.ts';
import type { DaemonFile } from '../../server/protocol/daemon.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { connectEditor } from '../support/lspClient.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
after(() => folder.remove());

let count = 0;
/** A data directory of the test's own. */
function newData(): string {
  count += 1;
  return join(folder.path, `data-${count}`);
}

function newWorkspace(source: string): string {
  count += 1;
  const path = join(folder.path, `workspace-${count}`);
  mkdirSync(path);
  writeFileSync(join(path, 'flows.py'), source);
  return path;
}

async function withProcess<T>(
  options: Parameters<typeof startDaemonProcess>[0],
  use: (daemon: DaemonProcess) => Promise<T>,
): Promise<T> {
  const daemon = await startDaemonProcess(options);
  try {
    return await use(daemon);
  } finally {
    await daemon.end('SIGKILL');
  }
}

/** `waits` returns once the file `go` is there. */
const waits = `
import pathlib, time
from bifrost import ExecutionContext, workflow

@workflow(name="waits", endpoint_enabled=True)
def waits(context: ExecutionContext, go: str):
    while not pathlib.Path(go).exists():
        time.sleep(0.005)
    return "waited"
`;

test('a second daemon on one directory says who holds it and exits non-zero', async () => {
  await withProcess({ data: newData() }, async (daemon) => {
    const second = await runCommand(daemon.data, ['serve', '--port', '0']);
    assert.notEqual(second.code, 0);
    assert.match(second.stderr, new RegExp(`^workflow-keys: .*\\b${daemon.pid}\\b.*\\n$`));
    assert.equal(second.stderr.trim().split('\n').length, 1);
  });
});

test('a taken port is one clear line that says what to do', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  try {
    const { code, stderr } = await runCommand(newData(), ['serve', '--port', String(port)]);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`^workflow-keys: Port ${port} .*--port.*\\n$`));
  } finally {
    taken.close();
  }
});

test('bad flags and folders are one clear line, and nothing is started', async () => {
  const data = newData();
  for (const args of [
    ['serve', '--port', 'eighty'],
    ['serve', '--port', '70000'],
    ['serve', '--no-such-flag'],
    ['serve', join(folder.path, 'no-such-folder'), '--port', '0'],
    ['keys', 'create', '--global'],
    ['no-such-command'],
  ]) {
    const { code, stdout, stderr } = await runCommand(data, args);
    assert.notEqual(code, 0, args.join(' '));
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
    assert.match(stderr, /^workflow-keys: /);
    assert.equal(stdout, '');
  }
});

test('a command without a daemon says how to start one', async () => {
  const { code, stderr } = await runCommand(newData(), ['keys', 'list']);
  assert.equal(code, 1);
  assert.match(stderr, /workflow-keys serve/);
});

test('files of the daemon are for its user only', async () => {
  await withProcess({ data: newData() }, async ({ data }) => {
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    const { socket } = JSON.parse(readFileSync(join(data, 'daemon.json'), 'utf8')) as DaemonFile;
    for (const directory of [data, dirname(socket)]) assert.equal(mode(directory), '700', directory);
    const files = ['daemon.json', 'daemon.token', 'daemon.log', 'history.db'].map((name) => join(data, name));
    for (const file of [...files, socket]) assert.equal(mode(file), '600', file);
  });
});

test('a peer without the token is cut off before a byte reaches the reader', async () => {
  await withProcess({ data: newData() }, async ({ data, pid }) => {
    const file = JSON.parse(readFileSync(join(data, 'daemon.json'), 'utf8')) as DaemonFile;
    const memoryKb = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    const before = memoryKb();
    const flood = connect(file.socket);
    const cutOff = new Promise<void>((resolve) => flood.once('close', () => resolve()));
    flood.on('error', () => undefined);
    const chunk = Buffer.alloc(1024 * 1024, 'a');
    flood.write(`Content-Length: ${2 ** 31}\r\n\r\n`);
    for (let sent = 0; sent < 64 && !flood.destroyed; sent += 1) flood.write(chunk);
    await cutOff;
    assert.ok(memoryKb() - before < 32 * 1024);
    // It still serves others.
    await runJson(data, ['status']);
  });
});

test("no window's end ends the daemon: closed socket, exit, a broken message", async () => {
  await withProcess({ data: newData() }, async ({ data, pid }) => {
    const closes = await connectEditor(data);
    closes.leave();

    const exits = await connectEditor(data);
    const closed = new Promise<void>((resolve) => exits.connection.onClose(resolve));
    await exits.connection.sendRequest('shutdown');
    await exits.connection.sendNotification('exit');
    await closed;

    const breaks = await openSocket(data);
    breaks.write('Content-Length: 5\r\n\r\n{{{{{');
    breaks.destroy();

    const status = await runJson<{ pid: number }>(data, ['status']);
    assert.equal(status.pid, pid);
  });
});

test('a request that nobody knows is an error for its client alone', async () => {
  await withProcess({ data: newData() }, async ({ data }) => {
    const editor = await connectEditor(data);
    await assert.rejects(editor.connection.sendRequest('workflowKeys/no/such'));
    await assert.rejects(
      editor.request('workflowKeys/keys/create', { description: 5 as unknown as string, global: true }),
    );
    await assert.rejects(editor.connection.sendRequest('workflowKeys/keys/create', 'nonsense'));
    assert.deepEqual(await editor.request('workflowKeys/keys/list', null), []);
    editor.leave();
  });
});

test('what one client changes, every other editor is told', async () => {
  await withProcess({ data: newData() }, async ({ data }) => {
    const editor = await connectEditor(data);
    const told = new Promise<{ nouns: string[] }>((resolve) =>
      editor.connection.onNotification('workflowKeys/changed', resolve),
    );
    await runJson(data, ['keys', 'create', '--global', '--description', 'Told']);
    assert.deepEqual((await told).nouns, ['keys']);
    editor.leave();
  });
});

test('SIGTERM finishes the runs in flight, answers who waits for them, and ends', async () => {
  const workspace = newWorkspace(waits);
  const go = join(workspace, 'go');
  await withProcess({ data: newData(), folders: [workspace] }, async (daemon) => {
    const { key } = await runJson<{ key: string }>(daemon.data, [
      'keys',
      'create',
      '--global',
      '--description',
      'Term',
    ]);
    const answer = request(`${daemon.url}/api/endpoints/waits`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ go }),
    });
    const typed = runJson<RunDetail>(daemon.data, ['run', 'waits', '--input', JSON.stringify({ go })]);
    await untilRunning(daemon.data, 2);
    const ended = daemon.end('SIGTERM');
    const log = () => readFileSync(join(daemon.data, 'daemon.log'), 'utf8');
    while (!log().includes('the daemon stops')) await setImmediate();
    writeFileSync(go, '');
    const { statusCode, body } = await answer;
    assert.equal(statusCode, 200);
    assert.equal(((await body.json()) as { result: string }).result, 'waited');
    assert.equal((await typed).result, 'waited');
    assert.equal(await ended, 0);
  });
});

test('a run that does not end by itself does not keep the daemon from stopping', async () => {
  const workspace = newWorkspace(waits);
  const data = newData();
  await withProcess({ data, folders: [workspace] }, async (daemon) => {
    const started = withDaemon(data, (call) =>
      call('workflowKeys/runs/start', { workflowId: 'waits', input: { go: join(workspace, 'never') } }),
    ).catch(() => undefined);
    await untilRunning(data);
    assert.equal(await daemon.end('SIGTERM'), 0);
    await started;
  });
  await withProcess({ data }, async () => {
    const [row] = await runJson<RunDetail[]>(data, ['runs', 'list']);
    assert.notEqual(row?.status, 'Running');
    assert.notEqual(row?.status, 'Success');
  });
});

/** Waits, by looking, until so many runs are on their way. */
async function untilRunning(data: string, runs = 1): Promise<void> {
  await withDaemon(data, async (call) => {
    while ((await call('workflowKeys/daemon/status', null)).activeRuns < runs) await setImmediate();
  });
}

test('a daemon that was killed starts again with every acknowledged key, and the key still works', async () => {
  const workspace = newWorkspace(waits);
  const data = newData();
  const acknowledged: string[] = [];
  let key = '';
  await withProcess({ data, folders: [workspace] }, async (daemon) => {
    for (let index = 0; index < 5; index += 1) {
      const made = await runJson<{ id: string; key: string }>(data, [
        'keys',
        'create',
        '--global',
        '--description',
        `Key ${index}`,
      ]);
      acknowledged.push(made.id);
      key = made.key;
    }
    await daemon.end('SIGKILL');
  });
  await withProcess({ data }, async (daemon) => {
    const rows = await runJson<KeyRow[]>(data, ['keys', 'list']);
    assert.deepEqual(new Set(rows.map(({ id }) => id)), new Set(acknowledged));
    const answer = await request(`${daemon.url}/api/endpoints/waits`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ go: workspace }),
    });
    assert.equal(answer.statusCode, 200, 'the folder is remembered');
    await answer.body.dump();
    const verified = await runJson<{ firstBad: unknown }>(data, ['audit', '--verify']);
    assert.equal(verified.firstBad, null);
  });
});

test('stop ends the daemon and leaves no trace of it running', async () => {
  const daemon = await startDaemonProcess({ data: newData() });
  const { code } = await runCommand(daemon.data, ['stop']);
  assert.equal(code, 0);
  assert.equal(await daemon.exited, 0);
  assert.equal((await runCommand(daemon.data, ['status'])).code, 1);
});

test('a wrong BIFROST_SECRET_KEY is said once, secrets fail with their own error, and nothing is overwritten (D6)', async () => {
  const data = newData();
  const workspace = newWorkspace(`
from bifrost import ExecutionContext, config, workflow

@workflow(name="reads")
async def reads(context: ExecutionContext):
    return await config.get("token", default="the default")
`);
  const right = { BIFROST_SECRET_KEY: 'test-secret-key-of-at-least-32-characters' };
  const wrong = { BIFROST_SECRET_KEY: 'test-another-key-of-at-least-32-characters' };
  await withProcess({ data, folders: [workspace], environment: right }, async () => {
    await runJson(data, ['config', 'set', 'token', '--type', 'secret'], 'test-token-value');
    assert.equal((await runJson<RunDetail>(data, ['run', 'reads'])).result, '[REDACTED]');
  });
  await withProcess({ data, environment: wrong }, async () => {
    assert.equal((await runJson<{ secretKey: string }>(data, ['status'])).secretKey, 'wrong');
    const failed = await runCommand(data, ['run', 'reads', '--json']);
    assert.equal(failed.code, 1);
    const detail = JSON.parse(failed.stdout) as RunDetail;
    assert.equal(detail.status, 'Failed');
    assert.notEqual(detail.error?.type, 'KeyError');
    assert.match(detail.error?.message ?? '', /BIFROST_SECRET_KEY/);
  });
  await withProcess({ data }, async () => {
    assert.equal((await runJson<{ secretKey: string }>(data, ['status'])).secretKey, 'wrong');
  });
  const log = readFileSync(join(data, 'daemon.log'), 'utf8');
  assert.match(log, /neither read nor changed: BIFROST_SECRET_KEY is not the key/);
  assert.match(log, /BIFROST_SECRET_KEY is not set, and secret\.key in the data directory is not the key/);
  await withProcess({ data, environment: right }, async () => {
    assert.equal((await runJson<RunDetail>(data, ['run', 'reads'])).result, '[REDACTED]');
    const seal = await runJson<AuditVerification>(data, ['audit', '--verify']);
    assert.equal(seal.firstBad, null);
    assert.equal(seal.unsealed?.length, 1);
  });
});
