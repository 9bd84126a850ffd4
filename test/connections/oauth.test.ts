/** OAuth credentials against a token server of the test's own: renewed in time, once, and without a value to be seen. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Failure } from '../../server/errors.ts';
import type { CallWish } from '../../server/runs/contracts.ts';
import { canary, openPlace, openService, type Place, type Reply, type Service, vault } from './place.ts';

const limit = { timeout: 120_000 };
const run = { runId: 'run-1', workflowId: 'charge_card' };
const noSignal = new AbortController().signal;
const json = (body: object, status = 200): Reply => ({ status, body: JSON.stringify(body) });
const form = (service: Service, at: number) =>
  Object.fromEntries(new URLSearchParams(service.received[at]?.body));

/** A token server that numbers its tokens, and a service that says which token it was sent. */
async function openBoth(t: TestContext, issue: (round: number) => Reply | Promise<Reply> = issueNumbered) {
  const place = await openPlace(t);
  let round = 0;
  const issuer = await openService(t, () => {
    round += 1;
    return issue(round);
  });
  const service = await openService(t, ({ headers }) => ({ body: String(headers.authorization) }));
  return { place, issuer, service };
}

function issueNumbered(round: number): Reply {
  return json({ access_token: `token-test-${round}`, token_type: 'Bearer', expires_in: 3600 });
}

async function call({ calls }: Pick<Place, 'calls'>, service: Service): Promise<string> {
  const wish: CallWish = {
    method: 'GET',
    url: service.origin,
    headers: [],
    credential: 'service',
    timeoutSeconds: 10,
  };
  const { answer } = await calls.call(run, wish, noSignal);
  return Buffer.from(answer.body, 'base64').toString();
}

const machine = (issuer: Service) =>
  ({
    auth: 'client-credentials',
    tokenUrl: `${issuer.origin}/token`,
    clientId: 'client',
    oauthScope: 'a b',
  }) as const;
const refreshing = (issuer: Service) =>
  ({
    auth: 'refresh-token',
    tokenUrl: `${issuer.origin}/token`,
    clientId: 'client',
    value: 'refresh-test-0',
  }) as const;

test(
  'a client-credentials token is asked for once, used, and renewed ahead of its end (F31)',
  limit,
  async (t) => {
    const { place, issuer, service } = await openBoth(t);
    await place.add(service, machine(issuer));
    assert.equal(await call(place, service), 'Bearer token-test-1');
    assert.equal(await call(place, service), 'Bearer token-test-1');
    assert.deepEqual(form(issuer, 0), {
      grant_type: 'client_credentials',
      client_id: 'client',
      client_secret: canary,
      scope: 'a b',
    });
    // Its last minute is not used.
    place.time.now += 3_539_000;
    assert.equal(await call(place, service), 'Bearer token-test-1');
    place.time.now += 2_000;
    assert.equal(await call(place, service), 'Bearer token-test-2');
    assert.equal(issuer.received.length, 2);
  },
);

test('calls at the same time wait for one renewal', limit, async (t) => {
  const gate = Promise.withResolvers<void>();
  const { place, issuer, service } = await openBoth(t, async (round) => {
    await gate.promise;
    return issueNumbered(round);
  });
  await place.add(service, machine(issuer));
  const answers = Promise.all(Array.from({ length: 20 }, () => call(place, service)));
  gate.resolve();
  assert.deepEqual(new Set(await answers), new Set(['Bearer token-test-1']));
  assert.equal(issuer.received.length, 1);
});

test(
  'a new refresh token is stored before its access token is used, and outlives the daemon',
  limit,
  async (t) => {
    const { place, issuer, service } = await openBoth(t, (round) =>
      json({ access_token: `token-test-${round}`, refresh_token: `refresh-test-${round}`, expires_in: 3600 }),
    );
    await place.add(service, { ...refreshing(issuer), clientSecret: canary });
    assert.equal(await call(place, service), 'Bearer token-test-1');
    assert.deepEqual(form(issuer, 0), {
      grant_type: 'refresh_token',
      refresh_token: 'refresh-test-0',
      client_id: 'client',
      client_secret: canary,
    });
    assert.equal(await call(place, service), 'Bearer token-test-1');
    assert.equal(await call(place.again(), service), 'Bearer token-test-2');
    assert.equal(form(issuer, 1).refresh_token, 'refresh-test-1');
    const renewed = place.audited.filter(({ action }) => action === 'credential.renewed');
    assert.deepEqual(
      renewed.map(({ actor, target, outcome }) => [actor, target, outcome]),
      [
        ['daemon', 'service', 'ok'],
        ['daemon', 'service', 'ok'],
      ],
    );
    const everything = `${await place.readDisk()}${JSON.stringify(place.audited)}`;
    assert.ok(!/(token|refresh)-test-|canary/.test(everything));
  },
);

test('a refresh token that the server keeps stays as it is', limit, async (t) => {
  const { place, issuer, service } = await openBoth(t);
  await place.add(service, refreshing(issuer));
  const before = await place.state.list('credentials');
  await call(place, service);
  place.time.now += 3_600_000;
  assert.equal(await call(place, service), 'Bearer token-test-2');
  assert.deepEqual(await place.state.list('credentials'), before);
});

test(
  'a rotation while a token is renewed wins, and the next call uses the new value (F13)',
  limit,
  async (t) => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { place, issuer, service } = await openBoth(t, async (round) => {
      if (round === 1) {
        asked.resolve();
        await gate.promise;
      }
      return json({ access_token: `token-test-${round}`, refresh_token: `refresh-test-${round}` });
    });
    const { id } = await place.add(service, refreshing(issuer));
    const first = call(place, service);
    await asked.promise;
    await place.connections.rotate({ id, value: 'refresh-test-rotated' }, 'cli');
    gate.resolve();
    assert.equal(await first, 'Bearer token-test-1');
    assert.equal(await call(place, service), 'Bearer token-test-2');
    assert.equal(form(issuer, 1).refresh_token, 'refresh-test-rotated');
    const [record] = await place.state.list('credentials');
    assert.ok(record);
    assert.equal(vault.open(record, record.value), 'refresh-test-2');
  },
);

test(
  'a new refresh token that cannot be stored yet is not lost, though the old one is spent',
  limit,
  async (t) => {
    const { place, issuer, service } = await openBoth(t, (round) =>
      json({ access_token: `token-test-${round}`, refresh_token: `refresh-test-${round}`, expires_in: 3600 }),
    );
    await place.add(service, refreshing(issuer));
    for (const [waitMs, expected] of [
      [0, 'Bearer token-test-1'],
      // The token that waited has ended meanwhile, so the refresh token that came with it is used at once.
      [2 * 3_600_000, 'Bearer token-test-3'],
    ] as const) {
      place.breakAudit();
      for (let attempt = 0; attempt < 3; attempt += 1) {
        await assert.rejects(call(place, service), /disk of the audit log is full/);
      }
      place.time.now += waitMs;
      place.mendAudit();
      assert.equal(await call(place, service), expected);
      place.time.now += 3_600_000;
    }
    assert.deepEqual(
      issuer.received.map((_, at) => form(issuer, at).refresh_token),
      ['refresh-test-0', 'refresh-test-1', 'refresh-test-2'],
    );
    const [record] = await place.state.list('credentials');
    assert.ok(record);
    assert.equal(vault.open(record, record.value), 'refresh-test-3');
  },
);

test('a token that the service ends before its time is replaced within the call', limit, async (t) => {
  const place = await openPlace(t);
  let round = 0;
  const issuer = await openService(t, () => {
    round += 1;
    return issueNumbered(round);
  });
  let valid = 'Bearer token-test-1';
  const service = await openService(t, ({ headers }) => ({
    status: headers.authorization === valid ? 200 : 401,
    body: String(headers.authorization),
  }));
  await place.add(service, machine(issuer));
  assert.equal(await call(place, service), valid);
  valid = 'Bearer token-test-2';
  const wish: CallWish = {
    ...{ method: 'POST', url: service.origin, headers: [['x-test', '1']], credential: 'service' },
    ...{ body: Buffer.from('sent').toString('base64'), timeoutSeconds: 10 },
  };
  const { answer, secrets } = await place.calls.call(run, wish, noSignal);
  assert.equal(answer.status, 200);
  assert.deepEqual(secrets, ['token-test-1', 'token-test-2']);
  assert.deepEqual(
    service.received.slice(1).map(({ method, body, headers }) => [method, body, headers['x-test']]),
    [
      ['POST', 'sent', '1'],
      ['POST', 'sent', '1'],
    ],
  );
  assert.equal(place.audited.filter(({ action }) => action === 'credential.read').length, 3);
  // What is refused with a token that was just issued is the answer.
  valid = 'none';
  assert.equal((await place.calls.call(run, wish, noSignal)).answer.status, 401);
  assert.equal(issuer.received.length, 3);
});

test('a token that the service refuses is not used again', limit, async (t) => {
  const place = await openPlace(t);
  let round = 0;
  const issuer = await openService(t, () => {
    round += 1;
    return issueNumbered(round);
  });
  const service = await openService(t, ({ headers }) => ({
    status: headers.authorization === 'Bearer token-test-1' ? 401 : 200,
    body: String(headers.authorization),
  }));
  await place.add(service, machine(issuer));
  assert.equal(await call(place, service), 'Bearer token-test-1');
  assert.equal(await call(place, service), 'Bearer token-test-2');
});

test('a server that wants the client in the header only gets it there', limit, async (t) => {
  // RFC 6749, 5.2 leaves the choice of the status to the server.
  for (const status of [401, 400]) {
    const place = await openPlace(t);
    const issuer = await openService(t, ({ headers }) =>
      headers.authorization === undefined ? json({ error: 'invalid_client' }, status) : issueNumbered(1),
    );
    const service = await openService(t, ({ headers }) => ({ body: String(headers.authorization) }));
    await place.add(service, machine(issuer));
    assert.equal(await call(place, service), 'Bearer token-test-1');
    const pair = Buffer.from(`client:${canary}`).toString('base64');
    assert.equal(issuer.received[1]?.headers.authorization, `Basic ${pair}`);
    assert.ok(!issuer.received[1]?.body.includes(canary));
  }
});

test(
  'a token that is not issued is a clear failure that quotes nothing, and is audited',
  limit,
  async (t) => {
    const place = await openPlace(t);
    const service = await openService(t);
    const replies: [string, Reply, RegExp][] = [
      ['grant', json({ error: 'invalid_grant', error_description: canary }, 400), /\(400, invalid_grant\)/],
      ['odd', json({ error: `<${canary}>` }, 400), /\(400\)/],
      ['page', { body: `<html>${canary}</html>` }, /\(200\)/],
      ['empty', json({ access_token: '' }), /\(200\)/],
      ['injecting', json({ access_token: `x\r\ny: ${canary}` }), /\(200\)/],
      ['redirect', { status: 302, headers: { location: service.origin } }, /\(302\)/],
    ];
    for (const [name, reply, message] of replies) {
      const issuer = await openService(t, () => reply);
      await place.add(service, { ...machine(issuer), name });
      const wish = { method: 'GET', url: service.origin, headers: [], credential: name, timeoutSeconds: 10 };
      await assert.rejects(place.calls.call(run, wish, noSignal), (thrown: Failure) => {
        assert.equal(thrown.code, 'call-failed');
        assert.match(thrown.message, message);
        assert.ok(!thrown.message.includes(canary));
        return true;
      });
      assert.equal(place.audited.at(-1)?.outcome, 'failed');
    }
    assert.equal(service.received.length, 0);
  },
);
