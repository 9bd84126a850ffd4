/** The trigger endpoint over real sockets: a built daemon, real Python, and keys made as a user makes them. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import type { CreatedKey } from '../../server/protocol/keys.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
const workflows = join(folder.path, 'workflows');
let daemon: DaemonProcess;
let globalKey: string;

const source = `
import asyncio
from bifrost import ExecutionContext, config, workflow

@workflow(name="echo", endpoint_enabled=True)
async def echo(context: ExecutionContext, **values):
    return values

@workflow(name="add", endpoint_enabled=True, allowed_methods=["GET", "POST"])
async def add(context: ExecutionContext, a: int, b: int = 1):
    return a + b

@workflow(name="fails", endpoint_enabled=True)
async def fails(context: ExecutionContext):
    raise ValueError("Invalid webhook signature")

@workflow(name="off")
async def off(context: ExecutionContext):
    return "never by HTTP"

@workflow(name="own_only", endpoint_enabled=True, disable_global_key=True)
async def own_only(context: ExecutionContext):
    return "own"

@workflow(name="open", endpoint_enabled=True, public_endpoint=True)
async def open_to_all(context: ExecutionContext):
    return "public"

@workflow(name="later", endpoint_enabled=True, execution_mode="async")
async def later(context: ExecutionContext):
    return "done"

@workflow(name="who", endpoint_enabled=True)
async def who(context: ExecutionContext):
    return {"org": context.org_id, "name": context.name, "admin": context.is_platform_admin,
            "function_key": context.is_function_key, "workflow": context.workflow_name, "value": await config.get("x")}

@workflow(name="twice", endpoint_enabled=True)
async def twice_one(context: ExecutionContext):
    return 1

@workflow(name="twice", endpoint_enabled=True)
async def twice_two(context: ExecutionContext):
    return 2
`;

before(async () => {
  mkdirSync(workflows);
  writeFileSync(join(workflows, 'flows.py'), source);
  daemon = await startDaemonProcess({
    data,
    folders: [workflows],
    environment: { WORKFLOW_KEYS_FAILED_AUTHENTICATION_LIMIT: '100000' },
  });
  globalKey = await makeKey('--global');
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

async function makeKey(...scope: string[]): Promise<string> {
  const made = await runJson<CreatedKey['row'] & { key: string }>(data, [
    'keys',
    'create',
    ...scope,
    '--description',
    'Test',
  ]);
  return made.key;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  body: any;
}

async function call(
  id: string,
  options: {
    key?: string;
    method?: 'GET' | 'POST' | 'PUT' | 'OPTIONS';
    body?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const { method = 'POST', key = globalKey } = options;
  const answer = await request(`${daemon.url}/api/endpoints/${id}`, {
    method,
    headers: {
      ...(key !== '' && { 'x-bifrost-key': key }),
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: options.body }),
  });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

const unauthorized = {
  success: false,
  error: { code: 'UNAUTHORIZED', message: 'Invalid or missing API key' },
};
const forbidden = {
  success: false,
  error: { code: 'FORBIDDEN', message: 'Insufficient permissions for this operation' },
};

test('a global key runs a workflow and gets the flat answer (W1, W24, W26, D19)', async () => {
  const { status, body } = await call('echo', { body: '{"input": "your data"}' });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body).sort(), ['duration_ms', 'error', 'execution_id', 'result', 'status']);
  assert.deepEqual(body.result, { input: 'your data' });
  assert.equal(body.status, 'Success');
  assert.equal(body.error, null);
});

test('the curl line that a new key comes with runs the workflow when pasted (W21)', async () => {
  const made = await runJson<{ curl: string; id: string }>(data, [
    'keys',
    'create',
    '--workflow',
    'add',
    '--description',
    'Pasted',
  ]);
  assert.match(made.curl, /^curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/api\/endpoints\/add'/);
  const parts = [...made.curl.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const [address = '', keyHeader = '', typeHeader = '', body = ''] = parts;
  const answer = await request(address, {
    method: 'POST',
    headers: [keyHeader, typeHeader].flatMap((header) => header.split(': ')),
    body,
  });
  assert.equal(answer.statusCode, 200);
  assert.equal(((await answer.body.json()) as { status: string }).status, 'Success');
  await runJson(data, ['keys', 'revoke', made.id]);
});

test('every header that carries a key is accepted, and different keys in several are refused (D1)', async () => {
  for (const headers of [
    { 'x-api-key': globalKey },
    { authorization: `Bearer ${globalKey}` },
    { 'x-api-key': globalKey, authorization: `Bearer ${globalKey}` },
  ]) {
    assert.equal((await call('echo', { key: '', headers: headers as Record<string, string> })).status, 200);
  }
  const other = await makeKey('--global');
  assert.equal((await call('echo', { headers: { 'x-api-key': other } })).status, 401);
  assert.equal((await call(`echo?api_key=${globalKey}`, { key: '' })).status, 401);
});

test('a missing, malformed, mistyped or unknown key gets one and the same 401 (D9, A33)', async () => {
  const mistyped = `${globalKey.slice(0, -1)}${globalKey.endsWith('0') ? '1' : '0'}`;
  for (const key of ['', 'nonsense', mistyped, `bk_live_${'a'.repeat(32)}`]) {
    const { status, body, headers } = await call('echo', { key });
    assert.equal(status, 401);
    assert.deepEqual(body, unauthorized);
    assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/);
    assert.equal(headers['x-ratelimit-limit'], undefined);
  }
});

test('a revoked key is refused by the next request (W29)', async () => {
  const made = await runJson<{ id: string; key: string }>(data, [
    'keys',
    'create',
    '--global',
    '--description',
    'Short-lived',
  ]);
  assert.equal((await call('echo', { key: made.key })).status, 200);
  await runJson(data, ['keys', 'revoke', made.id]);
  const { status, body } = await call('echo', { key: made.key });
  assert.equal(status, 401);
  assert.deepEqual(body, unauthorized);
});

test("a workflow's own key gets 403 on any other id, existing or not (W27, D8)", async () => {
  const key = await makeKey('--workflow', 'own_only');
  assert.equal((await call('own_only', { key })).body.result, 'own');
  for (const id of ['echo', 'no-such-workflow', 'off']) {
    const { status, body } = await call(id, { key });
    assert.equal(status, 403);
    assert.deepEqual(body, forbidden);
  }
});

test('a global key is refused where the workflow disables it (W37)', async () => {
  const { status, body } = await call('own_only');
  assert.equal(status, 403);
  assert.deepEqual(body, forbidden);
});

test('a workflow whose endpoint is off answers as an unknown one (D11)', async () => {
  const off = await call('off');
  const unknown = await call('no-such-workflow');
  assert.equal(off.status, 404);
  assert.deepEqual(off.body, unknown.body);
});

test('a public workflow needs no key, but a bad one is refused (D13)', async () => {
  assert.equal((await call('open', { key: '' })).body.result, 'public');
  assert.equal((await call('open', { key: 'bk_live_wrong' })).status, 401);
});

test('two workflows with one name do not run (D45)', async () => {
  const { status, body } = await call('twice');
  assert.equal(status, 409);
  assert.match(body.error.message, /"twice"/);
});

test('a method that the workflow does not allow is 405 with Allow, before the body is read', async () => {
  const { status, headers } = await call('add', { method: 'PUT', body: '{"a": ' });
  assert.equal(status, 405);
  assert.equal(headers.allow, 'GET, POST');
});

test('query parameters merge below the body (D18)', async () => {
  assert.equal((await call('add?a=3&b=4', { method: 'GET' })).body.result, 7);
  assert.equal((await call('add?a=3&b=4', { body: '{"b": 10}' })).body.result, 13);
});

test('a wrong or missing parameter is a 400 that names it (D47)', async () => {
  const missing = await call('add', { body: '{}' });
  assert.equal(missing.status, 400);
  assert.match(missing.body.error.message, /\ba\b/);
  const wrong = await call('add', { body: '{"a": "three"}' });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.error.message, /\ba\b/);
  assert.doesNotMatch(wrong.body.error.message, /three/);
  assert.equal((await call('add', { body: '{"a": "3"}' })).body.result, 4);
});

test('a whole number keeps all its digits on the way to Python, and a number that is too large is refused', async () => {
  const large = '12345678901234567890123';
  const { body } = await call('add', { body: `{"a": ${large}, "b": 0}` });
  assert.equal(body.result, large);
  const tooLarge = await call('add', { body: '{"a": 1e999}' });
  assert.equal(tooLarge.status, 400);
  assert.equal(tooLarge.body.error.code, 'BAD_INPUT');
});

test('a body that is no JSON object is a 400, and one that is no JSON type a 415', async () => {
  for (const body of ['{"a": ', '[1]', '"text"', '3', 'null']) {
    const { status, body: answer } = await call('add', { body });
    assert.equal(status, 400, body);
    assert.equal(answer.success, false);
  }
  const text = await call('add', { body: 'a=1', headers: { 'content-type': 'text/plain' } });
  assert.equal(text.status, 415);
  const form = await call('add', {
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(form.status, 415);
});

test('a body of more than 1 MiB is a 413', async () => {
  const { status } = await call('echo', { body: JSON.stringify({ text: 'x'.repeat(1024 * 1024) }) });
  assert.equal(status, 413);
});

test('a workflow that raises is a 200 with status Failed and one line that says what (D19)', async () => {
  const { status, body } = await call('fails');
  assert.equal(status, 200);
  assert.equal(body.status, 'Failed');
  assert.equal(body.result, null);
  assert.equal(body.error, 'ValueError: Invalid webhook signature');
});

test('an asynchronous workflow is accepted with 202, and its run is in the history (D19)', async () => {
  const { status, body } = await call('later');
  assert.equal(status, 202);
  assert.equal(body.status, 'Pending');
  const shown = await runJson<{ workflowId: string }>(data, ['runs', 'show', body.execution_id]);
  assert.equal(shown.workflowId, 'later');
});

test("a run belongs to its key's organization and sees its values first (D28, D41, C17)", async () => {
  await runJson(data, ['orgs', 'add', 'acme']);
  await runJson(data, ['config', 'set', 'x', 'global value']);
  const key = await makeKey('--global', '--org', 'acme');
  const inherited = (await call('who', { key, body: '{"org": "other", "org_id": "other"}' })).body.result;
  assert.deepEqual(inherited, {
    org: 'acme',
    name: 'API Key',
    admin: false,
    function_key: true,
    workflow: 'who',
    value: 'global value',
  });
  await runCommand(data, ['config', 'set', 'x', '--type', 'secret', '--org', 'acme'], 'test-secret-of-acme');
  const shadowed = (await call('who', { key })).body.result;
  assert.equal(shadowed.value, '[REDACTED]');
  assert.equal((await call('who')).body.result.value, 'global value');
});

test('rate-limit headers stand on every answer after authentication, and never count beyond the limit', async () => {
  const limited = await startDaemonProcess({
    data: join(folder.path, 'limited'),
    folders: [workflows],
    environment: { WORKFLOW_KEYS_EXECUTE_LIMIT: '3' },
  });
  try {
    const { key } = await runJson<{ key: string }>(limited.data, [
      'keys',
      'create',
      '--global',
      '--description',
      'Limited',
    ]);
    const ask = (id: string) =>
      request(`${limited.url}/api/endpoints/${id}`, { method: 'POST', headers: { 'x-api-key': key } });
    for (const [id, status] of [
      ['echo', 200],
      ['nothing', 404],
      ['own_only', 403],
    ] as const) {
      const answer = await ask(id);
      await answer.body.dump();
      assert.equal(answer.statusCode, status);
      assert.equal(answer.headers['x-ratelimit-limit'], '3');
    }
    const over = await ask('own_only');
    assert.equal(over.statusCode, 429);
    assert.deepEqual(await over.body.json(), {
      success: false,
      error: { code: 'RATE_LIMITED', message: 'Rate limit exceeded. Limit: 3 requests per minute.' },
    });
    assert.equal(over.headers['x-ratelimit-remaining'], '0');
    const retryAfter = Number(over.headers['retry-after']);
    assert.ok(retryAfter >= 1 && retryAfter <= 60);
    assert.ok(Number(over.headers['x-ratelimit-reset']) > Date.now() / 1000);
  } finally {
    await limited.end();
  }
});

test('failed authentication is limited per address, and a good key still passes (D10)', async () => {
  const strict = await startDaemonProcess({
    data: join(folder.path, 'strict'),
    folders: [workflows],
  });
  try {
    const { key } = await runJson<{ key: string }>(strict.data, [
      'keys',
      'create',
      '--global',
      '--description',
      'Strict',
    ]);
    const ask = async (presented: string) => {
      const answer = await request(`${strict.url}/api/endpoints/echo`, {
        method: 'POST',
        headers: { 'x-api-key': presented },
      });
      await answer.body.dump();
      return answer.statusCode;
    };
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 21; attempt += 1) statuses.push(await ask('wrong'));
    assert.deepEqual(statuses, [...Array<number>(20).fill(401), 429]);
    assert.equal(await ask(key), 200);
  } finally {
    await strict.end();
  }
});

test("a foreign page, a rebound name and a WebSocket upgrade don't get in (invariant 9)", async () => {
  const port = new URL(daemon.url).port;
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    assert.equal((await call('open', { key: '', headers: headers as Record<string, string> })).status, 403);
  }
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1:1`,
    `127.0.0.1:${port}@evil.example`,
  ]) {
    assert.match(
      await raw(`POST /api/endpoints/open HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 421 /,
    );
  }
  for (const origin of [daemon.url, `http://localhost:${port}`]) {
    assert.equal((await call('open', { key: '', headers: { origin } })).status, 200);
  }
  const upgraded = await raw(
    `GET /api/endpoints/open HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
  );
  assert.match(upgraded, /^HTTP\/1\.1 405 /);
  const preflight = await call('open', { key: '', method: 'OPTIONS' });
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
});

/** Sends bytes as they are and reads until the other end closes. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(daemon.url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.write(text);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  return received;
}

test('odd requests get an envelope with a status below 500, never a stack trace', async () => {
  const { port } = new URL(daemon.url);
  const head = `Host: 127.0.0.1:${port}\r\nConnection: close\r\nX-Api-Key: ${globalKey}\r\n`;
  for (const line of [
    'POST /api/endpoints/%E0%A4%A HTTP/1.1',
    'POST /api/endpoints/..%2f..%2fetc%2fpasswd HTTP/1.1',
    'POST /api/endpoints/a%00b HTTP/1.1',
    `POST /api/endpoints/${'a'.repeat(10_000)} HTTP/1.1`,
    'GET /nowhere HTTP/1.1',
    'POST /api/endpoints/echo HTTP/1.0',
  ]) {
    const answer = await raw(`${line}\r\n${head}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 [24]\d\d /, line);
    assert.doesNotMatch(answer, /\bat .*\.[jt]s/, line);
  }
});

test('no key stands in any file of the data directory, nor in the audit log (invariant 2)', async () => {
  await call('echo', { key: `${globalKey}x` });
  const audit = await runCommand(data, ['audit', '--json']);
  assert.ok(!audit.stdout.includes(globalKey));
  for (const file of ['state.json', 'history.db', 'history.db-wal', 'daemon.log']) {
    const bytes = readFileSync(join(data, file));
    assert.equal(bytes.indexOf(globalKey), -1, file);
    assert.equal(bytes.indexOf('test-secret-of-acme'), -1, file);
  }
});

test('refused requests are in the audit log with their true reason (D9)', async () => {
  const refused = await call('echo', { key: '' });
  const rows = await runJson<{ requestId?: string; detail?: { reason: string } }[]>(data, ['audit']);
  const row = rows.find(({ requestId }) => requestId === refused.headers['x-request-id']);
  assert.equal(row?.detail?.reason, 'missing');
});
