/** What a hostile peer sends to the trigger endpoint, as bytes on a socket: each is refused early, in the envelope. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RunRow } from '../../server/protocol/runs.ts';
import { type DaemonProcess, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
let daemon: DaemonProcess;
let port: number;
let key: string;
let ownKey: string;

before(async () => {
  const workflows = join(folder.path, 'workflows');
  mkdirSync(workflows);
  writeFileSync(
    join(workflows, 'flows.py'),
    `from bifrost import workflow

@workflow(name="echo", endpoint_enabled=True)
def echo(context, **values):
    return values
`,
  );
  daemon = await startDaemonProcess({ data, folders: [workflows] });
  port = Number(new URL(daemon.url).port);
  const make = async (...scope: string[]) =>
    (await runJson<{ key: string }>(data, ['keys', 'create', ...scope, '--description', 'Test'])).key;
  key = await make('--global');
  ownKey = await make('--workflow', 'echo');
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

/** Sends bytes as they are and reads until the other end closes. */
async function send(...parts: (string | Buffer)[]): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  // A peer that is refused in the middle of what it sends is told by a reset, too.
  socket.on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await new Promise((resolve) => socket.once('close', resolve));
  const [head = '', body = ''] = received.split(/\r\n\r\n(.*)/s);
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), body };
}

const headOf = (lines: string[], path = '/api/endpoints/echo') =>
  `${[`POST ${path} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`;
const host = () => `Host: 127.0.0.1:${port}`;

async function post(body: string | Buffer): Promise<{ status: number; body: string }> {
  const length = Buffer.byteLength(body);
  return send(
    headOf([host(), `X-Api-Key: ${key}`, 'Content-Type: application/json', `Content-Length: ${length}`]),
    body,
  );
}

test('a request without exactly one Host is refused, whichever of them is known', async () => {
  for (const lines of [
    [],
    [host(), 'Host: evil.example'],
    ['Host: evil.example', host()],
    [host(), host()],
  ]) {
    const { status, body } = await send(headOf([...lines, `X-Api-Key: ${key}`]));
    assert.equal(status, 421, lines.join(', '));
    assert.match(body, /"MISDIRECTED_HOST"/);
  }
});

test('what is no HTTP is answered in the envelope, and its connection ends', async () => {
  const withBody = [host(), `X-Api-Key: ${key}`, 'Content-Type: application/json'];
  for (const [expected, bytes] of [
    [400, '\0\x01\x02\r\n\r\n'],
    [400, Buffer.from('16030100a5010000a10303', 'hex')],
    [400, headOf([...withBody, 'Content-Length: 2', 'Transfer-Encoding: chunked'])],
    [400, headOf([...withBody, 'Content-Length: 2', 'Content-Length: 3'])],
    [400, `${headOf([...withBody, 'Transfer-Encoding: chunked'])}zz\r\n`],
    [400, headOf([host(), 'X-Odd: a\0b'])],
    [431, headOf([host(), `X-Large: ${'x'.repeat(20_000)}`])],
  ] as const) {
    const { status, body } = await send(bytes);
    assert.equal(status, expected);
    const { success, error } = JSON.parse(body) as { success: boolean; error: { code: string } };
    assert.equal(success, false);
    assert.equal(error.code, 'BAD_INPUT');
  }
});

test('headers that never end are given up within seconds', { timeout: 60_000 }, async () => {
  assert.equal((await send('POST /api/endpoints/echo HTTP/1.1\r\n')).status, 408);
});

test('a deeply nested body is refused before anything runs, and the list of runs stays readable', async () => {
  const before = await runJson<RunRow[]>(data, ['runs', 'list']);
  for (const depth of [100, 5_000, 400_000]) {
    const { status, body } = await post(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    assert.equal(status, 400);
    assert.match(body, /nested/);
  }
  assert.deepEqual(await runJson<RunRow[]>(data, ['runs', 'list']), before);
  assert.equal((await post(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`)).status, 200);
});

test('a body that is not UTF-8 is refused instead of being changed', async () => {
  const { status, body } = await post(Buffer.from('{"a":"\xff"}', 'latin1'));
  assert.equal(status, 400);
  assert.match(body, /"BAD_JSON"/);
});

test('a parameter may have any name, also one that means something to JavaScript', async () => {
  const input = '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}';
  const { status, body } = await post(input);
  assert.equal(status, 200);
  assert.ok(body.includes(`"result":${input}`), body);
});

test('a key that stands in the address is in no file and in no record of the refusal (invariant 2)', async () => {
  const path = `/api/endpoints/${key}`;
  assert.equal((await send(headOf([host(), `X-Api-Key: ${ownKey}`], path))).status, 403);
  assert.equal((await send(headOf([host()], `${path}?x-api-key=${key}`))).status, 401);
  const audit = await runJson<{ detail?: { reason?: string }; target: string }[]>(data, ['audit']);
  assert.equal(audit.at(-2)?.target, 'POST /api/endpoints/bk_live_[REDACTED]');
  assert.equal(audit.at(-1)?.detail?.reason, 'missing');
  for (const name of readdirSync(data)) {
    const file = join(data, name);
    if (statSync(file).isFile()) assert.equal(readFileSync(file).indexOf(key), -1, name);
  }
});

test('of 300 connections 256 are taken, and when they have gone the next one is served', async () => {
  const sockets: Socket[] = [];
  const refused = Promise.withResolvers<void>();
  let closed = 0;
  for (let count = 0; count < 300; count += 1) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed += 1;
      if (closed === 300 - 256) refused.resolve();
    });
  }
  await refused.promise;
  const gone = sockets
    .filter(({ closed }) => !closed)
    .map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  assert.equal(gone.length, 256);
  for (const socket of sockets) socket.destroy();
  await Promise.all(gone);
  let status: number;
  // The daemon hears of the ends a little later than this side.
  do ({ status } = await post('{}'));
  while (Number.isNaN(status));
  assert.equal(status, 200);
});

test('who keeps all connections alive without using them keeps nobody else out', {
  timeout: 15_000,
}, async () => {
  const sockets: Socket[] = [];
  try {
    await Promise.all(
      Array.from({ length: 256 }, async () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.write(`GET /healthz HTTP/1.1\r\n${host()}\r\n\r\n`);
        await new Promise((resolve) => socket.once('data', resolve));
      }),
    );
    let status: number;
    // The first that finds no place makes room.
    do ({ status } = await post('{}'));
    while (Number.isNaN(status));
    assert.equal(status, 200);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
