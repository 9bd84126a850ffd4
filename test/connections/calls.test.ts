/** `bifrost.http` and `bifrost.credentials` in real workflow code: the call is made, and its credential stays hidden. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages, openBench } from '../runs/bench.ts';
import { canary, openPlace, openService } from './place.ts';

const limit = { timeout: 120_000 };

test(
  'a run calls a service with a credential, and what comes back of it is hidden (F11, D35)',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t, ({ method, url, headers, body }) => ({
      status: 201,
      headers: { 'content-type': 'application/json', 'x-echo': String(headers.authorization) },
      body: JSON.stringify({ method, url, type: headers['content-type'], body, auth: headers.authorization }),
    }));
    await place.add(service);
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import http

async def charge(url: str):
    response = await http.request("post", url + "/v1/charges?a=1", credential="service",
                                  json={"amount": 100}, params={"b": [2, 3]}, headers={"X-Trace": "t"})
    print("service said", response.headers["X-Echo"])
    response.raise_for_status()
    return {"status": response.status, "ok": response.ok, "said": response.json(), "url": response.url,
            "echo": response.headers.get("x-echo"), "same": response.json()["auth"] in response.text}
`,
    });
    const record = await bench.run('charge', { input: { url: service.origin } });
    assert.equal(record.error, undefined);
    assert.deepEqual(record.result, {
      status: 201,
      ok: true,
      said: {
        method: 'POST',
        url: '/v1/charges?a=1&b=2&b=3',
        type: 'application/json',
        body: '{"amount": 100}',
        auth: 'Bearer [REDACTED]',
      },
      url: `${service.origin}/v1/charges?a=1&b=2&b=3`,
      echo: 'Bearer [REDACTED]',
      same: true,
    });
    assert.deepEqual(messages(record), ['service said Bearer [REDACTED]']);
    assert.equal(service.received[0]?.headers.authorization, `Bearer ${canary}`);
    assert.equal(service.received[0]?.headers['x-trace'], 't');
    assert.ok(!JSON.stringify([record, await bench.history.getRun(record.id)]).includes(canary));
    assert.deepEqual(place.audited.at(-1), {
      target: 'service',
      actor: `run:${record.id}`,
      runId: record.id,
      action: 'credential.read',
      outcome: 'ok',
      detail: { workflowId: 'charge', for: 'call', host: new URL(service.origin).host },
    });
  },
);

test("the run's process does not hold the value: no object of it has it", limit, async (t) => {
  const place = await openPlace(t);
  const service = await openService(t, () => ({ body: 'no echo' }));
  await place.add(service);
  const bench = await openBench(t, {
    calls: place.calls,
    source: `
import gc, os
from bifrost import http

def strings_in(value, seen):
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (str, bytes)):
            yield item if isinstance(item, str) else item.decode("latin-1")
        elif id(item) not in seen:
            seen.add(id(item))
            stack.extend(gc.get_referents(item))

async def search(url: str, backwards: str):
    answer = await http.request("GET", url, credential="service")
    wanted = backwards[4:28][::-1]
    del backwards
    everything = "\\n".join(strings_in(gc.get_objects(), {id(wanted)}))
    return [answer.text, everything.count(wanted), answer.text in everything, wanted in str(os.environ)]
`,
  });
  const backwards = [...canary].reverse().join('');
  const record = await bench.run('search', { input: { url: service.origin, backwards } });
  assert.equal(record.error, undefined);
  assert.deepEqual(record.result, ['no echo', 0, true, false]);
  assert.equal(service.received[0]?.headers.authorization, `Bearer ${canary}`);
});

test(
  'a value goes where its credential says: a header of its own, basic, or the query (F7, F8, D43)',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t, ({ url }) => ({ body: url }));
    await place.add(service, { name: 'plain', auth: 'api-key', header: 'X-Token', prefix: '' });
    await place.add(service, { name: 'token', auth: 'api-key', prefix: 'Token' });
    await place.add(service, { name: 'basic', auth: 'basic', value: `me@example.com:${canary}` });
    await place.add(service, { name: 'query', auth: 'api-key', queryParameter: 'api_key' });
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import http

async def each(url: str):
    answers = []
    for name in ("plain", "token", "basic", "query"):
        response = await http.request("GET", url, credential=name, headers={"Authorization": "mine"})
        answers.append([response.text, response.url == url + "/"])
    return answers
`,
    });
    const { result, error } = await bench.run('each', { input: { url: service.origin } });
    assert.equal(error, undefined);
    assert.deepEqual(result, [
      ['/', true],
      ['/', true],
      ['/', true],
      ['/?api_key=[REDACTED]', true],
    ]);
    const [plain, token, basic, query] = service.received;
    assert.deepEqual([plain?.headers['x-token'], plain?.headers.authorization], [canary, 'mine']);
    assert.equal(token?.headers.authorization, `Token ${canary}`);
    const pair = Buffer.from(`me@example.com:${canary}`).toString('base64');
    assert.equal(basic?.headers.authorization, `Basic ${pair}`);
    assert.deepEqual([query?.url, query?.headers.authorization], [`/?api_key=${canary}`, 'mine']);
  },
);

test(
  'a call to a host that the credential is not for is refused, named, audited, and not made',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t);
    const other = await openService(t);
    await place.add(service);
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import errors, http

async def stray(url: str):
    try:
        await http.request("GET", url, credential="service")
    except errors.CallRefused as error:
        return [isinstance(error, PermissionError), isinstance(error, errors.CallError), error.code, str(error)]
`,
    });
    const { id, result } = await bench.run('stray', { input: { url: other.origin } });
    const [host, allowed] = [other.origin, service.origin].map((origin) => new URL(origin).host);
    assert.deepEqual(result, [
      true,
      true,
      'forbidden',
      `Credential "service" may not be sent to http://${host}; it is for http://${allowed}.`,
    ]);
    assert.equal(other.received.length, 0);
    const { outcome, runId, detail } = place.audited.at(-1) ?? {};
    assert.deepEqual([outcome, runId, detail], ['refused', id, { workflowId: 'stray', for: 'call', host }]);
  },
);

test(
  "a run uses its own organization's credential, else the global one, and no other's",
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t, ({ headers }) => ({ body: String(headers['x-token']).slice(0, 3) }));
    const token = { auth: 'api-key', header: 'X-Token', prefix: '' } as const;
    for (const id of ['acme', 'globex']) {
      await place.state.transact(async (tx) => {
        tx.put('organizations', { id, name: id, createdAt: 0 });
        tx.audit({ actor: 'cli', action: 'organization.added', target: id, outcome: 'ok' });
      });
    }
    await place.add(service, { ...token, value: 'all-test-0123456789' });
    await place.add(service, { ...token, value: 'own-test-0123456789', organizationId: 'acme' });
    await place.add(service, { ...token, name: 'private', organizationId: 'acme' });
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import http

async def who(url: str, name: str):
    return (await http.request("GET", url, credential=name)).text
`,
    });
    const call = (name: string, id?: string) =>
      bench.run('who', {
        input: { url: service.origin, name },
        ...(id !== undefined && { organization: { id, name: id, createdAt: 0 } }),
      });
    assert.equal((await call('service', 'acme')).result, 'own');
    assert.equal((await call('service', 'globex')).result, 'all');
    assert.equal((await call('service')).result, 'all');
    const { error } = await call('private', 'globex');
    assert.equal(error?.type, 'KeyError');
    assert.equal(
      error?.message,
      'Credential "private" does not exist for organization "globex", nor in the global scope. Add it under Credentials in Workflow Keys, or with: workflow-keys credentials add private --org globex',
    );
    await place.state.transact(async (tx) => {
      tx.remove('organizations', 'globex');
      tx.audit({ actor: 'cli', action: 'organization.removed', target: 'globex', outcome: 'ok' });
    });
    const removed = (await call('service', 'globex')).error;
    assert.equal(removed?.type, 'CallRefused');
    assert.match(removed?.message ?? '', /^Organization "globex" was removed while this run went on/);
  },
);

test('credentials.get gives headers for another client, and hides them from then on', limit, async (t) => {
  const place = await openPlace(t);
  const service = await openService(t, ({ headers }) => ({ body: `got ${headers.authorization}` }));
  await place.add(service, { auth: 'basic', value: `user:${canary}` });
  await place.add(service, { name: 'query', auth: 'api-key', queryParameter: 'api_key' });
  const bench = await openBench(t, {
    calls: place.calls,
    // The service is on this machine, wherever everything else may have to pass.
    environment: { ...process.env, no_proxy: '*' },
    source: `
import base64, urllib.request
from bifrost import credentials, errors

async def own_client(url: str):
    headers = await credentials.get("service")
    answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers)).read().decode()
    print("password", base64.b64decode(headers["Authorization"][6:]).decode()[5:])
    try:
        await credentials.get("query")
    except errors.InvalidCallError as error:
        refused = str(error)
    try:
        await credentials.get("nothing")
    except KeyError as error:
        missing = str(error)
    return [headers, answer, refused, missing]
`,
  });
  const record = await bench.run('own_client', { input: { url: service.origin } });
  assert.equal(record.error, undefined);
  const [headers, answer, refused, missing] = record.result as [object, string, string, string];
  assert.deepEqual([headers, answer], [{ Authorization: 'Basic [REDACTED]' }, 'got Basic [REDACTED]']);
  assert.match(refused, /^Credential "query" goes into the address/);
  assert.match(
    missing,
    /^Credential "nothing" does not exist in the global scope\. Add it under Credentials/,
  );
  assert.deepEqual(messages(record), ['password [REDACTED]']);
  assert.equal(
    service.received[0]?.headers.authorization,
    `Basic ${Buffer.from(`user:${canary}`).toString('base64')}`,
  );
  const reads = place.audited.filter(({ action }) => action === 'credential.read');
  assert.deepEqual(
    reads.map(({ outcome, detail }) => [outcome, detail?.for]),
    [['ok', 'headers']],
  );
});

test(
  'a run that goes on while its credential is rotated calls with the new value next (F13)',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t, async ({ url, headers }) => {
      const { authorization } = headers;
      // The call under way keeps the value that it began with.
      if (url === '/first') await place.connections.rotate({ id, value: 'rotated-test-0123456789' }, 'cli');
      return { body: String(authorization === `Bearer ${canary}`) };
    });
    const { id } = await place.add(service);
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import http

async def twice(url: str):
    return [(await http.request("GET", url + path, credential="service")).text for path in ("/first", "/second")]
`,
    });
    assert.deepEqual((await bench.run('twice', { input: { url: service.origin } })).result, [
      'true',
      'false',
    ]);
    assert.equal(service.received[1]?.headers.authorization, 'Bearer rotated-test-0123456789');
  },
);

test(
  'http works without a credential, with forms, bytes, large bodies and every status',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t, ({ url, body, headers }) =>
      url === '/large'
        ? { body: body.slice(0, 5_000_000) }
        : url === '/latin'
          ? { headers: { 'content-type': 'text/plain; charset=latin-1' }, body: 'plain' }
          : { status: Number.parseInt(url.slice(1), 10), body: `${headers['content-type']} ${body}` },
    );
    const bench = await openBench(t, {
      calls: place.calls,
      source: `
from bifrost import errors, http

async def several(url: str):
    form = await http.request("POST", url + "/200", data={"a": "ü", "b": [1, 2]})
    raw = await http.request("PUT", url + "/202", data=b"bytes")
    large = await http.request("POST", url + "/large", data="x" * 6_000_000)
    latin = await http.request("GET", url + "/latin")
    failed = await http.request("GET", url + "/503?token=private")
    try:
        failed.raise_for_status()
    except errors.StatusError as error:
        status = [str(error).replace(url, ""), error.response is failed, failed.ok]
    return [form.text, raw.status, raw.text, len(large.content), latin.text, status]

async def wrong(url: str):
    said = []
    for arguments in ({"json": {}, "data": "x"}, {"headers": {"Host": "x"}}, {"timeout": 0}, {"data": b"x" * 10_485_761}):
        try:
            await http.request("POST", url, **arguments)
        except (TypeError, ValueError) as error:
            said.append(str(error))
    for address in ("ftp://127.0.0.1/", "nonsense", "http://user:pass@127.0.0.1/"):
        try:
            await http.request("GET", address)
        except errors.InvalidCallError as error:
            said.append(str(error))
    return said

async def slow(url: str):
    try:
        await http.request("GET", url, timeout=0.2)
    except TimeoutError as error:
        return [isinstance(error, errors.CallTimeout), error.code]
`,
    });
    const { result, error } = await bench.run('several', { input: { url: service.origin } });
    assert.equal(error, undefined);
    assert.deepEqual(result, [
      'application/x-www-form-urlencoded a=%C3%BC&b=1&b=2',
      202,
      'undefined bytes',
      5_000_000,
      'plain',
      ['GET /503 answered 503.', true, false],
    ]);
    assert.deepEqual((await bench.run('wrong', { input: { url: service.origin } })).result, [
      'http.request() takes json or data, not both',
      'The header "Host" follows from the call and cannot be given.',
      "A call's timeout is more than 0 and at most 600 seconds.",
      'The body of a call is at most 10 MiB; this one is 10485761 bytes.',
      'A call goes to an address that begins with https:// or http://.',
      'A call goes to an address that begins with https:// or http://.',
      'User and password do not belong into the address of 127.0.0.1.',
    ]);
    const silent = await openService(t, () => undefined);
    assert.deepEqual((await bench.run('slow', { input: { url: silent.origin } })).result, [
      true,
      'call-timeout',
    ]);
  },
);

test('calls of a run that has ended are ended with it', limit, async (t) => {
  const place = await openPlace(t);
  const closed = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const service = await openService(t, (_, response) => {
    response.on('close', closed.resolve);
    asked.resolve();
    return undefined;
  });
  const bench = await openBench(t, {
    calls: place.calls,
    source: `
from bifrost import http

async def wait(url: str):
    await http.request("GET", url, timeout=600)
`,
  });
  const run = await bench.start('wait', { input: { url: service.origin } });
  await asked.promise;
  await bench.runs.cancel(run.id);
  assert.equal((await run.finished).status, 'Cancelled');
  await closed.promise;
});
