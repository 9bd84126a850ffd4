/** Webhooks over real sockets: the documented workflow that checks a signature, and plain JSON (A27, D13, S10). */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { verifyWebhook } from '../support/documentedWorkflows.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const secret = 'whsec_test_Zm9vYmFyYmF6';

/** The first workflow is the documented one; only its endpoint is switched on. */
const source = `
from bifrost import ExecutionContext, config, workflow
${verifyWebhook(', endpoint_enabled=True, public_endpoint=True')}
@workflow(name="verify_stripe", endpoint_enabled=True, public_endpoint=True)
async def verify_stripe(context: ExecutionContext, payload: str, signature: str):
    parts = dict(part.split("=", 1) for part in signature.split(","))
    signed = f"{parts['t']}.{payload}".encode()
    expected = hmac.new((await config.get("webhook_secret")).encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, parts["v1"]):
        raise ValueError("Invalid webhook signature")
    return {"verified": True}

@workflow(name="given", endpoint_enabled=True, public_endpoint=True)
async def given(context: ExecutionContext, payload: str, signature: str | None = None, source: str = ""):
    return {"payload": payload, "signature": signature, "source": source}

@workflow(name="plain", endpoint_enabled=True, public_endpoint=True)
async def plain(context: ExecutionContext, **values):
    return values

@workflow(name="later", endpoint_enabled=True, public_endpoint=True, execution_mode="async")
async def later(context: ExecutionContext):
    return "done"

@workflow(name="private", endpoint_enabled=True)
async def private(context: ExecutionContext):
    return "needs a key"

@workflow(name="off", public_endpoint=True)
async def off(context: ExecutionContext):
    return "never by HTTP"
`;

const folder = temporaryFolder();
const data = join(folder.path, 'data');
const workflows = join(folder.path, 'workflows');
const start = (environment: Record<string, string>) =>
  startDaemonProcess({ data, folders: [workflows], environment });
let daemon: DaemonProcess;

before(async () => {
  mkdirSync(workflows);
  writeFileSync(join(workflows, 'flows.py'), source);
  daemon = await start({});
  const { code } = await runCommand(data, ['config', 'set', 'webhook_secret', '--type', 'secret'], secret);
  assert.equal(code, 0);
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

async function deliver(
  id: string,
  {
    body,
    headers,
    method = 'POST',
  }: { body?: string | Buffer; headers?: Record<string, string>; method?: 'POST' | 'GET' | 'PUT' } = {},
) {
  const answer = await request(`${daemon.url}/api/v1/webhooks/${id}`, {
    method,
    ...(body !== undefined && { body }),
    ...(headers && { headers }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as any };
}

const sign = (body: string | Buffer) => createHmac('sha256', secret).update(body).digest('hex');
const json = { 'content-type': 'application/json' };

test('the documented workflow verifies what was sent, byte for byte, whatever its type (S10)', async () => {
  for (const [type, body] of [
    ['application/json', '{"b": 1,   "a":\t"é 日本 😀", "a": 2}\r\n'],
    ['application/x-www-form-urlencoded', 'payload=%7B%7D&x=1+2'],
    ['text/xml; charset=utf-8', '\ufeff<event at="1"/>\0'],
    ['application/octet-stream', ''],
  ] as const) {
    const headers = { 'content-type': type, 'x-signature': sign(body) };
    const answer = await deliver('verify_webhook', { body, headers });
    assert.equal(answer.status, 200, type);
    assert.deepEqual(answer.body.result, { verified: true }, type);
    assert.equal(answer.body.status, 'Success');
  }
  const untyped = await deliver('verify_webhook', { body: '{}', headers: { 'x-signature': sign('{}') } });
  assert.deepEqual(untyped.body.result, { verified: true });
});

test('a wrong signature is a failed run that says so, and does not hold the secret (S10)', async () => {
  const { status, body } = await deliver('verify_webhook', {
    body: '{"amount": 2}',
    headers: { ...json, 'x-signature': sign('{"amount": 1}') },
  });
  assert.equal(status, 200);
  assert.equal(body.status, 'Failed');
  assert.equal(body.error, 'ValueError: Invalid webhook signature');
  assert.ok(!JSON.stringify(body).includes(secret));
});

test('the signature is taken from the headers of the services that send it', async () => {
  const signatureIn = async (headers: Record<string, string>) =>
    (await deliver('given', { body: 'x', headers })).body.result.signature;
  const digest = sign('x');
  assert.equal(await signatureIn({ 'X-Signature': digest }), digest);
  assert.equal(await signatureIn({ 'X-Hub-Signature-256': `sha256=${digest}` }), digest);
  const stripe = `t=1700000000,v1=${digest}`;
  assert.equal(await signatureIn({ 'Stripe-Signature': stripe }), stripe);
  assert.equal(await signatureIn({ 'X-Signature': 'first', 'Stripe-Signature': stripe }), 'first');
  assert.equal(await signatureIn({ 'X-Other-Signature': digest }), null);
});

test("GitHub's and Stripe's deliveries are verified, signed as these services sign them", async () => {
  const verified = async (id: string, body: string, headers: Record<string, string>) => {
    const answer = await deliver(id, { body, headers });
    return answer.body.result ?? answer.body.error;
  };
  const push = '{"ref":"refs/heads/main","pusher":{"name":"Žofie"}}';
  for (const [type, body] of [
    ['application/json', push],
    ['application/x-www-form-urlencoded', `payload=${encodeURIComponent(push)}`],
  ] as const) {
    const github = {
      'User-Agent': 'GitHub-Hookshot/0000000',
      'X-GitHub-Event': 'push',
      'X-Hub-Signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
      'X-Hub-Signature-256': `sha256=${sign(body)}`,
      'Content-Type': type,
    };
    assert.deepEqual(await verified('verify_webhook', body, github), { verified: true }, type);
    assert.match(await verified('verify_webhook', `${body} `, github), /Invalid webhook signature/);
  }
  const event = '{\n  "id": "evt_test_example",\n  "object": "event"\n}';
  const stripe = {
    'Content-Type': 'application/json; charset=utf-8',
    'Stripe-Signature': `t=1795000000,v1=${sign(`1795000000.${event}`)},v0=${'0'.repeat(64)}`,
  };
  assert.deepEqual(await verified('verify_stripe', event, stripe), { verified: true });
  assert.match(await verified('verify_stripe', `${event}\n`, stripe), /Invalid webhook signature/);
});

test('a workflow that needs a signature gets no run without one, and none from the address', async () => {
  const { status, body } = await deliver('verify_webhook?signature=abc', { body: '{}', headers: json });
  assert.equal(status, 400);
  assert.match(body.error.message, /signature/);
  const { result } = (await deliver('given?signature=abc&payload=abc&source=shop', { body: 'x' })).body;
  assert.deepEqual(result, { payload: 'x', signature: null, source: 'shop' });
});

test('a body that is no text is refused before a run', async () => {
  const { status, body } = await deliver('given', { body: Buffer.from([0xff, 0xfe, 0x00]) });
  assert.equal(status, 400);
  assert.equal(body.error.code, 'BAD_INPUT');
});

test('every other workflow gets the members of the JSON object, above the query', async () => {
  const { body } = await deliver('plain?b=query&c=3', { body: '{"a": 1, "b": [2]}', headers: json });
  assert.deepEqual(body.result, { a: 1, b: [2], c: '3' });
  assert.deepEqual(Object.keys(body), ['execution_id', 'status', 'result', 'error', 'duration_ms']);
  const named = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  assert.deepEqual((await deliver('plain', { body: '{"a": 1}', headers: named })).body.result, { a: 1 });
  assert.deepEqual((await deliver('plain')).body.result, {});
});

test('a body that is no JSON object is refused with the documented envelope', async () => {
  for (const [body, headers, status, code] of [
    ['{"a": ', json, 400, 'BAD_JSON'],
    ['[1]', json, 400, 'BAD_INPUT'],
    ['null', json, 400, 'BAD_INPUT'],
    ['a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['{}', {}, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['{}', { 'content-type': 'no/t, a type;;' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['x'.repeat(2 * 1024 * 1024), json, 413, 'BODY_TOO_LARGE'],
  ] as const) {
    const answer = await deliver('plain', { body, headers });
    assert.equal(answer.status, status, body.slice(0, 20));
    assert.equal(answer.body.error.code, code);
  }
});

test('only public workflows receive webhooks; the others answer as unknown ones (D13)', async () => {
  const unknown = await deliver('no-such-workflow', { body: '{}', headers: json });
  assert.equal(unknown.status, 404);
  for (const id of ['private', 'off', '..%2f..%2fetc', 'a%00b', 'x'.repeat(10_000)]) {
    const answer = await deliver(id, { body: '{}', headers: json });
    assert.equal(answer.status, 404, id.slice(0, 20));
    assert.deepEqual(answer.body, unknown.body);
  }
  const requestId = String((await deliver('private')).headers['x-request-id']);
  assert.equal((await runJson<{ reason: string }>(data, ['explain', requestId])).reason, 'not-public');
});

test('a method other than POST is 405 with Allow, after what the address names', async () => {
  const { status, headers } = await deliver('plain', { method: 'PUT', body: '{"a": ' });
  assert.equal(status, 405);
  assert.equal(headers.allow, 'POST');
  assert.equal((await deliver('nobody', { method: 'GET' })).status, 404);
});

test('no key is needed, and a bad one is refused all the same (D13)', async () => {
  const headers = { ...json, 'x-api-key': 'wfk_test' };
  assert.equal((await deliver('plain', { body: '{}', headers })).status, 401);
});

test('an asynchronous workflow is accepted with 202', async () => {
  const { status, body } = await deliver('later');
  assert.equal(status, 202);
  assert.equal(body.status, 'Pending');
});

test('webhooks are limited by address, in a window of their own, and the headers are settings (A27)', async () => {
  await daemon.end();
  daemon = await start({
    WORKFLOW_KEYS_WEBHOOK_LIMIT: '3',
    WORKFLOW_KEYS_SIGNATURE_HEADERS: 'X-Mine, X-Own',
  });
  const answers = [];
  for (const header of ['x-own', 'x-mine', 'x-signature', 'x-own']) {
    answers.push(await deliver('given', { body: 'x', headers: { [header]: 'abc' } }));
  }
  assert.deepEqual(
    answers.map(({ status, headers, body }) => [
      status,
      headers['x-ratelimit-remaining'],
      body.result?.signature ?? null,
    ]),
    [
      [200, '2', 'abc'],
      [200, '1', 'abc'],
      [200, '0', null],
      [429, '0', null],
    ],
  );
  assert.equal(answers[3]?.body.error.message, 'Rate limit exceeded. Limit: 3 requests per minute.');
  assert.equal(answers[3]?.headers['x-ratelimit-limit'], '3');
});
