/** What nobody should send gets the documented envelope: never a 500, never a stack trace. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Api, openApi } from './api.ts';

let api: Api;

before(async () => {
  api = await openApi();
});
after(() => api?.end());

/** Sends bytes as they are, closes the own side, and reads until the other closes. */
async function raw(text: string): Promise<{ status: number; head: string; body: string }> {
  const { hostname, port } = new URL(api.daemon.url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('error', () => resolve());
  });
  socket.end(text);
  await closed;
  socket.destroy();
  const [head = '', body = ''] = received.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body };
}

function checkEnvelope(text: string, what: string): void {
  const { success, error } = JSON.parse(text);
  assert.equal(success, false, what);
  assert.match(error.code, /^[A-Z_]+$/);
  assert.doesNotMatch(text, /\bat .*\.[jt]s/);
}

const paths = ['/api/v1/workflows/echo/run', '/api/workflows/echo/run', '/api/endpoints/echo'];

test('a body that is no JSON object is 400, one of another type or compressed 415, one of 2 MiB 413 (D18)', async () => {
  for (const path of paths) {
    for (const body of ['{"a": ', '[]', '"text"', '3', 'null', '\u0000']) {
      const answer = await api.call('POST', path, { body });
      assert.equal(answer.status, 400, `${path} ${body}`);
      checkEnvelope(JSON.stringify(answer.body), path);
    }
    const text = await api.call('POST', path, { body: 'a=1', headers: { 'content-type': 'text/plain' } });
    assert.equal(text.status, 415);
    const coding = { 'content-encoding': 'gzip' };
    assert.equal((await api.call('POST', path, { body: '{}', headers: coding })).status, 415);
    const large = await api.call('POST', path, { body: { input: { name: 'x'.repeat(2 * 1024 * 1024) } } });
    assert.equal(large.status, 413);
    checkEnvelope(JSON.stringify(large.body), path);
  }
});

test('input that is no object, and members that a body has not, are 400', async () => {
  for (const body of [
    { input: [] },
    { input: 'x' },
    { input: null },
    { inputs: {} },
    { input: {}, wait: true },
  ]) {
    assert.equal((await api.call('POST', paths[0] ?? '', { body })).status, 400, JSON.stringify(body));
  }
});

test('a limit out of its range, and a query that the list has not, are 400', async () => {
  for (const list of ['runs', 'workflows', 'audit', 'configs', 'connections', 'auth/api-keys']) {
    for (const query of [
      'limit=-1',
      'limit=0',
      'limit=101',
      'limit=1.5',
      'limit=x',
      'limit=1&limit=2',
      'page=2',
    ]) {
      const { status, body } = await api.call('GET', `/api/v1/${list}?${query}`);
      assert.equal(status, 400, `${list}?${query}`);
      checkEnvelope(JSON.stringify(body), list);
    }
  }
});

test('a time that is none, and a status that no run has, are 400', async () => {
  for (const query of ['from=yesterday', 'to=2026-13-01T00:00:00Z', 'status=success', 'status=']) {
    assert.equal((await api.call('GET', `/api/v1/runs?${query}`)).status, 400, query);
  }
});

test('a cursor that is damaged, or of another list or filter, is 400', async () => {
  for (const name of ['a', 'b', 'c'])
    await api.call('PUT', `/api/v1/configs/${name}`, { body: { type: 'int', value: 1 } });
  const { cursor } = (await api.call('GET', '/api/v1/configs?limit=1')).body.meta;
  assert.equal((await api.call('GET', `/api/v1/configs?limit=1&cursor=${cursor}`)).status, 200);
  for (const [list, foreign] of [
    ['audit', cursor],
    ['runs', cursor],
    ['workflows', cursor],
    ['configs', `${cursor.slice(0, -2)}AA`],
    ['configs', 'AAAA'],
    ['configs', ''],
    ['configs', '%00'],
    ['configs', 'x'.repeat(2_000)],
  ]) {
    const { status, body } = await api.call('GET', `/api/v1/${list}?limit=1&cursor=${foreign}`);
    assert.equal(status, 400, `${list} ${foreign}`);
    checkEnvelope(JSON.stringify(body), list);
  }
});

test('an id with ../, a NUL byte or 10,000 characters is a 404', async () => {
  for (const id of ['..%2f..%2fetc%2fpasswd', 'a%00b', 'a'.repeat(10_000), '%F0%9F%94%91', "'%20OR%201=1"]) {
    for (const [method, path] of [
      ['GET', `/api/v1/runs/${id}`],
      ['GET', `/api/v1/workflows/${id}`],
      ['POST', `/api/v1/workflows/${id}/run`],
      ['POST', `/api/endpoints/${id}`],
      ['DELETE', `/api/v1/auth/api-keys/${id}`],
      ['DELETE', `/api/v1/connections/${id}`],
      ['GET', `/api/v1/configs/${id}`],
    ] as const) {
      const { status, body } = await api.call(method, path);
      assert.equal(status, 404, `${method} ${path.slice(0, 80)}`);
      checkEnvelope(JSON.stringify(body), path);
    }
  }
});

test('bytes that are no HTTP, odd headers, HTTP/1.0 and half-closed sockets get an envelope', async () => {
  const { host } = new URL(api.daemon.url);
  const auth = `X-Api-Key: ${api.fullKey}\r\n`;
  const get = 'GET /api/v1/runs/nobody HTTP/1.1\r\n';
  for (const [request, status] of [
    [`${get}Host: ${host}\r\n${auth}Connection: close\r\n\r\n`, 404],
    [`GET /api/v1/runs/nobody HTTP/1.0\r\nHost: ${host}\r\n${auth}\r\n`, 404],
    [`GET /api/v1/runs/nobody HTTP/1.0\r\n${auth}\r\n`, 421],
    [`${get}${auth}Connection: close\r\n\r\n`, 421],
    [`${get}Host: ${host}\r\n${auth}X-Api-Key: wfk_other\r\nConnection: close\r\n\r\n`, 401],
    [`${get}Host: ${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
    [`${get}Host: ${host}\r\nContent-Length: -1\r\n\r\n`, 400],
    [`${get}Host: ${host}\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    [`${get}Host: ${host}\r\nBad Name: x\r\n\r\n`, 400],
    ['GET\r\n\r\n', 400],
    ['\u0016\u0003\u0001\u0002', 400],
    [`GET /api/v1/runs/%E0%A4%A HTTP/1.1\r\nHost: ${host}\r\n${auth}Connection: close\r\n\r\n`, 400],
    [`GET /api/v1/runs/%E0%A4%A HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 401],
    [`GET /%61pi/v1/%E0%A4%A HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 401],
    [`GET http://${host}/api/v2 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 401],
    [`GET /%E0%A4%A HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 400],
    [`GET /%E0%A4%A HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`, 421],
  ] as const) {
    const answer = await raw(request);
    assert.equal(answer.status, status, request.slice(0, 90));
    assert.match(answer.head, /x-request-id: [0-9a-f-]{36}/i);
    checkEnvelope(answer.body, request.slice(0, 90));
  }
});

test('an idempotency key that is empty, too long or sent twice is 400', async () => {
  const { host } = new URL(api.daemon.url);
  const post = `POST ${paths[0]} HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${api.fullKey}\r\nConnection: close\r\n`;
  for (const keys of [[''], ['x'.repeat(256)], ['one', 'two'], ['one', 'one']]) {
    const lines = keys.map((key) => `Idempotency-Key: ${key}\r\n`).join('');
    const body = '{"input": {"name": "once"}}';
    const { status, body: answer } = await raw(
      `${post}${lines}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(status, 400, keys.join());
    checkEnvelope(answer, lines);
  }
});

test('no body is no input, whatever type the request names', async () => {
  const path = '/api/v1/workflows/own_only/run';
  const type = 'application/x-www-form-urlencoded';
  const empty = await api.call('POST', path, { body: '', headers: { 'content-type': type } });
  assert.equal(empty.status, 202);
  assert.equal((await api.call('POST', path)).status, 202);
  const full = await api.call('POST', path, { body: 'a=1', headers: { 'content-type': type } });
  assert.equal(full.status, 415);
});

test('a client that offers HTTP/2 or a WebSocket is answered in HTTP/1.1, behind the guard', async () => {
  const { host } = new URL(api.daemon.url);
  for (const [upgrade, origin, status] of [
    ['h2c', '', 200],
    ['websocket', '', 200],
    ['websocket', 'Origin: https://evil.example\r\n', 403],
  ] as const) {
    const answer = await raw(
      `GET /api/v1/workflows/echo HTTP/1.1\r\nHost: ${host}\r\nX-Api-Key: ${api.fullKey}\r\n` +
        `${origin}Connection: Upgrade, close\r\nUpgrade: ${upgrade}\r\n\r\n`,
    );
    assert.equal(answer.status, status, `${upgrade} ${origin}`);
  }
});

test('an unknown scope is 400, and a key with a wrong checksum 401', async () => {
  const unknown = await api.call('POST', '/api/v1/auth/api-keys', { body: { name: 'x', scopes: ['admin'] } });
  assert.equal(unknown.status, 400);
  assert.equal((await api.call('GET', '/api/v1/runs', { key: `wfk_${'a'.repeat(32)}` })).status, 401);
});
