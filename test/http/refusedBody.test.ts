/** A body that nobody wants, as bytes on a socket: its sender gets one answer, and the connection stays usable or ends. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Api, openApi } from './api.ts';

const limit = { timeout: 120_000 };
const mib = 1024 * 1024;
let api: Api;
let host: string;
let key: string;

before(async () => {
  api = await openApi();
  ({ host } = new URL(api.daemon.url));
  key = `X-Api-Key: ${api.fullKey}`;
});
after(() => api?.end());

interface Peer {
  socket: Socket;
  /** Resolves when this much of what came matches. */
  seen(pattern: RegExp): Promise<string>;
  /** Resolves with all that came, when the other end has closed. */
  ended: Promise<string>;
}

function open(): Peer {
  const socket = connect(Number(new URL(api.daemon.url).port), '127.0.0.1').setEncoding('utf8');
  let received = '';
  // Who is cut off while sending is told by a reset.
  socket.on('error', () => undefined);
  socket.on('data', (text: string) => {
    received += text;
  });
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  const seen = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (pattern.test(received)) resolve(received);
      };
      socket.on('data', look);
      void ended.then(() => reject(new Error(`It has ended with: ${received}`)));
      look();
    });
  return { socket, seen, ended };
}

const head = (start: string, ...lines: string[]) => `${[`${start} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

/** Requests that are refused before their body is read, or while it is. */
const refused = (): [number, string][] => [
  [401, head('POST /api/endpoints/echo', `Host: ${host}`, json, chunked)],
  [401, head('POST /api/%zz', `Host: ${host}`, json, chunked)],
  [404, head('POST /api/endpoints/nobody', `Host: ${host}`, key, json, chunked)],
  [404, head('POST /nowhere', `Host: ${host}`, 'Content-Type: text/plain', chunked)],
  [405, head('POST /api/v1/audit', `Host: ${host}`, key, json, chunked)],
  [413, head('POST /api/endpoints/echo', `Host: ${host}`, key, json, chunked)],
  [415, head('POST /api/endpoints/echo', `Host: ${host}`, key, 'Content-Type: text/plain', chunked)],
  [421, head('POST /api/endpoints/echo', 'Host: evil.example', json, chunked)],
];

const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

test(
  'who is still sending a refused body gets the answer, and the connection serves the next request',
  limit,
  async () => {
    const half = 'x'.repeat(mib);
    const long = head('POST /api/endpoints/echo', `Host: ${host}`, key, json, `Content-Length: ${2 * mib}`);
    const end = `${chunk(2 * mib)}0\r\n\r\n`;
    for (const [status, request, first, rest] of [
      ...refused().map((one) => [...one, chunk(2 * mib), end] as const),
      [413, long, half, half] as const,
    ]) {
      const { socket, seen, ended } = open();
      socket.write(request + first);
      await seen(/\}$/);
      socket.write(rest);
      socket.write(head('GET /healthz', `Host: ${host}`, 'Connection: close'));
      const text = await ended;
      assert.deepEqual(statuses(text), [status, 200], request);
      assert.match(text, /\{"status":"ok"\}$/);
    }
  },
);

test(
  'who sends a refused body without an end is cut off, with one answer and without any memory',
  limit,
  async () => {
    const memoryKb = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${api.daemon.pid}/status`, 'utf8'))?.[1]);
    const piece = chunk(64 * 1024);
    const flood = async (request: string) => {
      const { socket, ended } = open();
      socket.write(request);
      let sent = 0;
      while (socket.writable) {
        sent += piece.length;
        const isFull = !socket.write(piece);
        if (isFull) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), ended]);
        // What has come is read before the next piece, whose failure would discard it.
        await setImmediate();
      }
      return { text: await ended, sent };
    };
    for (const [status, request] of refused()) {
      const { text } = await flood(request);
      assert.deepEqual(statuses(text), [status], request);
    }
    const before = memoryKb();
    const [, noKey = ''] = refused()[0] ?? [];
    const answers: Awaited<ReturnType<typeof flood>>[] = [];
    // Few at a time, so that each reaches the limit before its time is over.
    while (answers.length < 20) answers.push(...(await Promise.all([1, 2, 3, 4].map(() => flood(noKey)))));
    for (const { text } of answers) assert.deepEqual(statuses(text), [401]);
    const sentKb = answers.reduce((sum, { sent }) => sum + sent, 0) / 1024;
    assert.ok(sentKb > 20 * 16 * 1024);
    assert.ok(memoryKb() - before < sentKb / 4, `${before} kB has become ${memoryKb()} kB`);
  },
);

test(
  'what follows an answer and is no HTTP ends the connection, without a second answer',
  limit,
  async () => {
    for (const [status, request] of refused()) {
      const { socket, seen, ended } = open();
      socket.write(request + (status === 413 ? chunk(2 * mib) : ''));
      await seen(/\}$/);
      socket.write('this is no chunk\r\n');
      assert.deepEqual(statuses(await ended), [status], request);
    }
  },
);

test('a stream of logs is not torn by an answer to what its reader sends meanwhile', limit, async () => {
  const started = await api.call('POST', '/api/v1/workflows/waits/run', { body: {} });
  const { id } = started.body.data;
  const { socket, seen, ended } = open();
  socket.write(head(`GET /api/v1/runs/${id}/logs`, `Host: ${host}`, key));
  await seen(/retry: 1000/);
  socket.write('this is no HTTP\r\n\r\n');
  assert.deepEqual(statuses(await ended), [200]);
  assert.equal((await api.call('POST', `/api/v1/runs/${id}/cancel`)).status, 200);
});

test('who asks before sending is told to go on only when the request is admitted', limit, async () => {
  const expect = 'Expect: 100-continue';
  const echo = 'POST /api/v1/workflows/echo/run?wait=true';
  const body = '{"input":{"name":"asked"}}';
  const length = (bytes: number) => `Content-Length: ${bytes}`;

  const admitted = open();
  admitted.socket.write(
    head(echo, `Host: ${host}`, key, json, expect, length(body.length), 'Connection: close'),
  );
  await admitted.seen(/^HTTP\/1\.1 100 /);
  admitted.socket.write(body);
  assert.deepEqual(statuses(await admitted.ended), [100, 200]);

  // The body never comes, so that the connection ends instead of waiting for it.
  for (const [status, lines] of [
    [401, [json, length(body.length)]],
    [413, [key, json, length(2 * mib)]],
  ] as const) {
    const { socket, ended } = open();
    socket.write(head(echo, `Host: ${host}`, expect, ...lines));
    const text = await ended;
    assert.deepEqual(statuses(text), [status]);
    assert.match(text, /connection: close/i);
  }
});

test('an expectation that nobody knows is no reason for another answer', limit, async () => {
  const { socket, ended } = open();
  socket.write(head('GET /api/v1/runs', `Host: ${host}`, key, 'Expect: a-reply', 'Connection: close'));
  const text = await ended;
  assert.deepEqual(statuses(text), [200]);
  assert.match(text, /x-request-id: /);
});
