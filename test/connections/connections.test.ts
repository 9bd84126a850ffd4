/** Credentials as they are kept: sealed, shown without their value, audited, and each in its scope. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConfigs } from '../../server/configs/configs.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import type { Failure } from '../../server/errors.ts';
import { newId } from '../../server/ids.ts';
import type { AddCredentialParams } from '../../server/protocol/credentials.ts';
import { canary, openPlace, openService, vault } from './place.ts';

const stripe: AddCredentialParams = { name: 'stripe', service: 'stripe', value: canary };

test('a credential is pre-filled by its service, sealed on the disk, and never shown (F5, F6, D17, D32)', async (t) => {
  const { connections, readDisk, audited } = await openPlace(t);
  const row = await connections.create(stripe, 'cli');
  const { id: _, createdAt: __, updatedAt: ___, ...shown } = row;
  assert.deepEqual(shown, {
    name: 'stripe',
    service: 'stripe',
    auth: 'bearer',
    value: '[SECRET]',
    header: 'Authorization',
    prefix: 'Bearer',
    hosts: ['api.stripe.com', 'files.stripe.com'],
    testUrl: 'https://api.stripe.com/v1/balance',
    updatedBy: 'cli',
  });
  assert.deepEqual(await connections.list(), [row]);
  assert.ok(!`${await readDisk()}${JSON.stringify(audited)}`.includes(canary));
  assert.deepEqual(audited, [
    {
      target: 'stripe',
      actor: 'cli',
      action: 'credential.written',
      outcome: 'ok',
      detail: { change: 'created', service: 'stripe', auth: 'bearer' },
    },
  ]);
});

test('every service of the documentation is offered, each with hosts of its own but the generic one', async (t) => {
  const { connections } = await openPlace(t);
  const rows = connections.services();
  assert.deepEqual(
    rows.map(({ id }) => id),
    [
      ...[
        'stripe',
        'github',
        'gitlab',
        'slack',
        'openai',
        'anthropic',
        'sendgrid',
        'hubspot',
        'notion',
        'linear',
      ],
      ...['jira', 'microsoft-graph', 'generic'],
    ],
  );
  for (const { id, hosts, auth } of rows) {
    assert.equal(hosts.length > 0, id !== 'generic');
    // Each of them can be stored as it is offered.
    for (const [number, one] of auth.entries()) {
      await connections.create(
        {
          name: `${id}.${number}`,
          service: id,
          value: 'user:example',
          ...one,
          ...(id === 'generic' && { hosts: ['api.example.com'] }),
          ...(/^(client|refresh)/.test(one.auth) && {
            clientId: 'c',
            tokenUrl: 'https://id.example.com/token',
          }),
        },
        'cli',
      );
    }
  }
});

test('what cannot be is refused by the name of the field, and never quotes the value', async (t) => {
  const { connections, audited } = await openPlace(t);
  const wrong: [Partial<AddCredentialParams>, RegExp][] = [
    [{ name: 'a b' }, /The name of a credential/],
    [{ service: 'nobody' }, /needs a service: one of stripe, github/],
    [{ auth: 'client-credentials' }, /Stripe takes bearer, api-key, basic/],
    [{ value: '' }, /The value of credential "stripe" is empty/],
    [{ value: '  \n' }, /is empty/],
    [{ value: `${canary}\n${canary}` }, /one line/],
    [{ value: `Bearer ${canary}` }, /begins with "Bearer", which is put before it anyway/],
    [{ value: `bearer ${canary}` }, /leave it out/],
    [{ value: canary, auth: 'basic' }, /user and password with ":" between/],
    [{ clientSecret: canary }, /no client secret besides its value/],
    [{ header: 'bad header' }, /header of this name/],
    [{ header: 'Host' }, /header of this name/],
    [{ header: 'transfer-encoding' }, /header of this name/],
    [{ prefix: 'two words' }, /one word/],
    [{ prefix: 'a\r\nb' }, /one word/],
    [{ queryParameter: 'key' }, /query parameter only as api-key/],
    [{ auth: 'api-key', queryParameter: 'a&b' }, /query parameter only as api-key/],
    [{ hosts: [] }, /needs the hosts/],
    [{ hosts: ['*'] }, /A host of credential "stripe" is none/],
    [{ hosts: ['https://api.stripe.com/v1'] }, /is none/],
    [{ service: 'generic' }, /needs the hosts/],
    [{ testUrl: 'file:///etc/passwd' }, /no http or https address/],
    [{ testUrl: 'https://user:pass@api.stripe.com/' }, /no http or https address/],
    [{ service: 'microsoft-graph' }, /the https address where tokens are issued/],
    [{ service: 'microsoft-graph', tokenUrl: 'http://example.com/' }, /the https address/],
    [{ service: 'microsoft-graph', tokenUrl: 'https://id.example.com/' }, /needs the client id/],
  ];
  for (const [fields, message] of wrong) {
    await assert.rejects(connections.create({ ...stripe, ...fields }, 'cli'), (thrown: Failure) => {
      assert.equal(thrown.code, 'bad-input');
      assert.match(thrown.message, message);
      assert.ok(!thrown.message.includes(canary));
      return true;
    });
  }
  assert.deepEqual(await connections.list(), []);
  assert.deepEqual(audited, []);
});

test('a scope has one credential of a name, and each organization its own beside the global one', async (t) => {
  const place = await openPlace(t);
  const { connections } = place;
  const configs = openConfigs({ ...place, vault, newId });
  for (const id of ['acme', 'globex']) await configs.addOrganization({ id }, 'cli');
  const shared = await connections.create(stripe, 'cli');
  const own = await connections.create({ ...stripe, organizationId: 'acme' }, 'cli');
  await assert.rejects(connections.create(stripe, 'cli'), { code: 'conflict', message: /rotate it/ });
  await assert.rejects(connections.create({ ...stripe, organizationId: 'nobody' }, 'cli'), {
    code: 'not-found',
  });
  const ids = async (organizationId?: string) =>
    (await connections.list(organizationId === undefined ? {} : { organizationId })).map(({ id }) => id);
  assert.deepEqual(await ids(), [shared.id, own.id]);
  assert.deepEqual(await ids('acme'), [own.id]);
  assert.deepEqual(await ids('globex'), [shared.id]);

  // Whoever may change only one organization's reaches no other's, by no id.
  for (const change of [
    () => connections.remove({ id: shared.id, organizationId: 'acme' }, 'key:1'),
    () => connections.test({ id: own.id, organizationId: 'globex' }, 'key:1'),
    () => connections.rotate({ id: own.id, organizationId: 'globex', value: 'x' }, 'key:1'),
    () => connections.remove({ id: 'nothing' }, 'key:1'),
  ]) {
    await assert.rejects(change, { code: 'not-found' });
  }
  await configs.removeOrganization({ id: 'acme' }, 'cli');
  assert.deepEqual(await ids(), [shared.id]);
});

test('a removed credential is gone from the disk, and its removal is audited', async (t) => {
  const { connections, state, audited } = await openPlace(t);
  const { id } = await connections.create(stripe, 'cli');
  await connections.remove({ id }, 'editor');
  assert.deepEqual(await state.list('credentials'), []);
  assert.deepEqual(audited.at(-1), {
    target: 'stripe',
    actor: 'editor',
    action: 'credential.removed',
    outcome: 'ok',
  });
  await assert.rejects(connections.remove({ id }, 'editor'), { code: 'not-found' });
});

test('without a working audit log nothing is stored, rotated, removed or tried (D34)', async (t) => {
  const place = await openPlace(t);
  const service = await openService(t);
  const { id } = await place.add(service, { testUrl: service.origin });
  const before = await place.state.list('credentials');
  place.breakAudit();
  for (const change of [
    () => place.connections.create(stripe, 'cli'),
    () => place.connections.rotate({ id, value: 'x' }, 'cli'),
    () => place.connections.remove({ id }, 'cli'),
    () => place.connections.test({ id }, 'cli'),
  ]) {
    await assert.rejects(change);
  }
  assert.deepEqual(await place.state.list('credentials'), before);
  assert.equal(service.received.length, 0);
});

test('a test calls the service once and tells good from bad from unknown, and never the value (D42)', async (t) => {
  const place = await openPlace(t);
  const outcomes: [number, string][] = [
    [200, 'good'],
    [204, 'good'],
    [302, 'good'],
    [401, 'bad'],
    [403, 'bad'],
    [404, 'inconclusive'],
    [429, 'inconclusive'],
    [500, 'inconclusive'],
  ];
  for (const [status, outcome] of outcomes) {
    const service = await openService(t, ({ headers }) => ({
      status,
      headers: { location: 'http://127.0.0.1:9/' },
      ...(status !== 204 && { body: `you sent ${headers.authorization}` }),
    }));
    const { id } = await place.add(service, { name: `s${status}`, testUrl: `${service.origin}/me` });
    place.audited.length = 0;
    const tested = await place.connections.test({ id }, 'cli');
    assert.deepEqual([tested.outcome, tested.status], [outcome, status]);
    assert.ok(!JSON.stringify([tested, place.audited]).includes(canary));
    assert.deepEqual(
      service.received.map(({ method, url, headers }) => [method, url, headers.authorization]),
      [['GET', '/me', `Bearer ${canary}`]],
    );
    assert.deepEqual(
      place.audited.map(({ action, outcome: audited }) => [action, audited]),
      [
        ['credential.read', 'ok'],
        ['credential.tested', outcome === 'good' ? 'ok' : 'failed'],
      ],
    );
  }
});

test('a test that cannot be made says why, and sends the value nowhere', async (t) => {
  const place = await openPlace(t);
  const service = await openService(t);
  const other = await openService(t);
  const none = await place.add(service, { name: 'none' });
  const elsewhere = await place.add(service, { name: 'elsewhere', testUrl: other.origin });
  const away = await place.add(service, {
    name: 'away',
    testUrl: 'http://127.0.0.1:9/',
    hosts: ['127.0.0.1:9'],
  });
  for (const [{ id }, message] of [
    [none, /has no address to be tested with/],
    [elsewhere, /where it may not be sent/],
    [away, /refused the connection/],
  ] as const) {
    const tested = await place.connections.test({ id }, 'cli');
    assert.equal(tested.outcome, 'inconclusive');
    assert.match(tested.message, message);
  }
  assert.equal(other.received.length, 0);
});

test('a service that answers 200 to a bad key is not believed', async (t) => {
  const place = await openPlace(t);
  const slack = await openService(t, () => ({ body: '{"ok":false,"error":"invalid_auth"}' }));
  const { id } = await place.add(slack, { service: 'slack', testUrl: `${slack.origin}/api/auth.test` });
  assert.equal((await place.connections.test({ id }, 'cli')).outcome, 'bad');
});

test('another secret key is noticed where credentials are all that is stored (D6)', async (t) => {
  const { connections, state } = await openPlace(t);
  assert.equal(await vault.checkKey(state), 'ok');
  const { id } = await connections.create(stripe, 'cli');
  const other = openVault(deriveKey('another-secret-key-of-a-test-that-is-long'));
  assert.equal(await other.checkKey(state), 'wrong');
  await connections.remove({ id }, 'cli');
  assert.equal(await other.checkKey(state), 'ok');
});

test('a value that does not open any more is an error of its own', async (t) => {
  const place = await openPlace(t);
  const service = await openService(t);
  const { id } = await place.add(service, { testUrl: service.origin });
  const [record] = await place.state.list('credentials');
  assert.ok(record);
  await place.state.transact(async (tx) => {
    tx.put('credentials', { ...record, name: 'renamed' });
    tx.audit({ actor: 'cli', action: 'test', target: 'x', outcome: 'ok' });
  });
  await assert.rejects(place.connections.test({ id }, 'cli'), { code: 'cannot-decrypt' });
  assert.equal(service.received.length, 0);
});
