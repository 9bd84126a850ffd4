/** API keys: what they are asked for, what they may do, and what one key may give another. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../server/ids.ts';
import { openKeys } from '../../server/keys/keys.ts';
import { parseKey } from '../../server/keys/mint.ts';
import { mayUse } from '../../server/keys/permissions.ts';
import { type CreateApiKeyParams, scopes } from '../../server/protocol/keys.ts';
import { dayMs, openRoom, reasonOf, refuses } from './room.ts';

test('an API key has a name, scopes and an allow-list, and verifies at once (A2, F17–F19)', async (t) => {
  const { keys, clock } = await openRoom(t);
  const params = {
    name: ' Deploy ',
    scopes: ['runs:read', 'workflows:execute'],
    workflowIds: ['hello', 'hello'],
  };
  const { row, key } = await keys.createApiKey(params, 'cli');
  assert.match(key, /^wfk_[0-9A-Za-z]{32}$/);
  assert.deepEqual(row, {
    id: row.id,
    kind: 'api',
    global: false,
    description: 'Deploy',
    masked: `wfk_••••${key.slice(-4)}`,
    scopes: ['workflows:execute', 'runs:read'],
    workflowIds: ['hello'],
    createdAt: new Date(clock()).toISOString(),
    lastUsedAt: null,
    expiresAt: new Date(clock() + 90 * dayMs).toISOString(),
    expired: false,
    rotationDue: false,
    orphaned: false,
    endpointOff: false,
  });
  assert.deepEqual(await keys.list(), [row]);
  assert.equal(await reasonOf(keys, key), 'ok');
});

test('scopes of both vocabularies are kept under their canonical names, each once (D14)', async (t) => {
  const { keys } = await openRoom(t);
  const written = [
    'executions:write',
    'workflows:execute',
    'executions:read',
    'credentials:read',
    'credentials:write',
  ];
  const { row } = await keys.createApiKey({ name: 'CI', scopes: written }, 'cli');
  assert.deepEqual(row.scopes, ['workflows:execute', 'runs:read', 'connections:read', 'connections:write']);
  const { row: all } = await keys.createApiKey({ name: 'All', scopes: [...scopes].reverse() }, 'cli');
  assert.deepEqual(all.scopes, [...scopes]);
});

test('an unknown scope is refused and named, unless it may be a key (D14)', async (t) => {
  const room = await openRoom(t);
  const { key } = await room.create({});
  const create = (scopes: unknown) =>
    room.keys.createApiKey({ name: 'CI', scopes } as CreateApiKeyParams, 'cli');
  const refusals: [unknown, RegExp][] = [
    [['runs:read', 'runs:delete'], /The scope "runs:delete" is unknown; choose of workflows:read, /],
    [['*'], /The scope "\*" is unknown/],
    [['RUNS:READ'], /The scope "RUNS:READ" is unknown/],
    [['runs:read', key], /Scope number 2 is unknown/],
    [['runs:read\n'], /Scope number 1 is unknown/],
    [[7], /Scope number 1 is unknown/],
    [[], /at least one scope/],
    [undefined, /at least one scope/],
    ['runs:read', /at least one scope/],
  ];
  for (const [scopes, pattern] of refusals) {
    await refuses(room, () => create(scopes), 'bad-input', pattern);
  }
});

test('a name is required and has at most 100 characters (F17, D24)', async (t) => {
  const room = await openRoom(t);
  const create = (name: unknown) =>
    room.keys.createApiKey({ name, scopes: ['runs:read'] } as CreateApiKeyParams, 'cli');
  assert.equal((await create('🔑'.repeat(100))).row.description, '🔑'.repeat(100));
  for (const name of ['', ' ', undefined, 7]) {
    await refuses(room, () => create(name), 'bad-input', /Give the key a name/);
  }
  await refuses(room, () => create('x'.repeat(101)), 'bad-input', /has 101 characters; at most 100/);
  await refuses(room, () => create('a\u001b[31mb'), 'bad-input', /name is one line/);
});

test('an API key lives for any whole number of days, 90 if nothing is said, for ever if that is (D22, F20, F30)', async (t) => {
  const room = await openRoom(t);
  const create = (expiresInDays?: unknown) =>
    room.keys.createApiKey(
      {
        name: 'CI',
        scopes: ['runs:read'],
        ...(expiresInDays !== undefined && { expiresInDays }),
      } as CreateApiKeyParams,
      'cli',
    );
  const lifetime = async (given?: unknown) => {
    const { expiresAt } = (await create(given)).row;
    return expiresAt === null ? null : (Date.parse(expiresAt) - room.time.now) / dayMs;
  };
  assert.equal(await lifetime(), 90);
  for (const days of [1, 7, 31, 3650, null]) assert.equal(await lifetime(days), days);
  for (const days of [0, -1, 1.5, 3651, Number.NaN, Number.POSITIVE_INFINITY, '90', {}]) {
    await refuses(room, () => create(days), 'bad-input', /1 to 3650 days, or never/);
  }
});

test('an allow-list names workflows that exist, and an empty one is not taken for all (F19, F29)', async (t) => {
  const room = await openRoom(t);
  const create = (workflowIds: unknown) =>
    room.keys.createApiKey(
      { name: 'CI', scopes: ['workflows:execute'], workflowIds } as CreateApiKeyParams,
      'cli',
    );
  await refuses(room, () => create(['hello', 'gone']), 'bad-input', /"gone" does not exist/);
  for (const list of [[], 'hello', [''], [7], null]) {
    await refuses(room, () => create(list), 'bad-input', /List the ids of the workflows/);
  }
  const { row } = await create(['charge', 'hello']);
  assert.deepEqual(row.workflowIds, ['charge', 'hello']);
});

test('API keys hold no slot, so a workflow can have any number of them beside its own key (D3)', async (t) => {
  const { keys, create, createApi } = await openRoom(t);
  await createApi({ workflowIds: ['hello'] });
  await createApi({ workflowIds: ['hello'] });
  assert.ok((await keys.offeredWorkflows()).some(({ id }) => id === 'hello'));
  await create({ global: false, workflowId: 'hello' });
});

test('an API key may use exactly its scopes, and a workflow key none (D16)', async (t) => {
  const { keys, create, createApi } = await openRoom(t);
  const { record } = await createApi({ scopes: ['executions:read', 'keys:read'] });
  assert.deepEqual(
    scopes.filter((scope) => mayUse(record, scope)),
    ['runs:read', 'keys:read'],
  );
  for (const params of [{}, { global: false, workflowId: 'hello' }]) {
    const verification = await keys.verify((await create(params)).key);
    assert.ok(verification.ok);
    const { record } = verification;
    assert.deepEqual(
      scopes.filter((scope) => mayUse(record, scope)),
      [],
    );
  }
});

test('the prefix is what the administrator chose, and keys under an old one stay valid (D2, F36)', async (t) => {
  const room = await openRoom(t);
  const { key } = await room.createApi();
  const { state, history, clock } = room;
  const workflows = { get: () => undefined, list: () => [] };
  const later = await openKeys({ state, history, clock, newId, workflows, apiKeyPrefix: 'flero_sk_' });
  const made = await later.createApiKey({ name: 'CI', scopes: ['runs:read'] }, 'cli');
  assert.equal(parseKey(made.key)?.prefix, 'flero_sk_');
  assert.equal(made.row.masked, `flero_sk_••••${made.key.slice(-4)}`);
  assert.equal(await reasonOf(later, made.key), 'ok');
  assert.equal(await reasonOf(later, key), 'ok');
});

test('what a key is asked for and does not have, it cannot give (D15)', async (t) => {
  const room = await openRoom(t);
  await room.addOrganization('acme');
  await room.addOrganization('other');
  const { record: maker } = await room.createApi({
    scopes: ['keys:write', 'workflows:execute'],
    workflowIds: ['hello', 'charge'],
    expiresInDays: 30,
    organizationId: 'acme',
  });
  const create = (params: Partial<CreateApiKeyParams>) =>
    room.keys.createApiKey(
      { name: 'Child', scopes: ['workflows:execute'], ...params },
      `key:${maker.id}`,
      maker,
    );
  const beyond: [Partial<CreateApiKeyParams>, RegExp][] = [
    [{ scopes: ['workflows:execute', 'runs:read'] }, /the scope "runs:read"/],
    [{ scopes: ['executions:read'] }, /the scope "runs:read"/],
    [{ workflowIds: ['hello', 'report'] }, /the workflow "report"/],
    [{ workflowIds: ['gone'] }, /the workflow "gone"/],
    [{ organizationId: 'other' }, /another organization/],
    [{ expiresInDays: 31 }, /a longer life/],
    [{ expiresInDays: null }, /a longer life/],
  ];
  for (const [params, pattern] of beyond) {
    await refuses(room, () => create(params), 'forbidden', pattern);
  }
  const { row } = await create({ workflowIds: ['hello'], expiresInDays: 30, organizationId: 'acme' });
  assert.deepEqual(row.workflowIds, ['hello']);
});

test('what is left out when a key makes another is what the maker has, and never more (D15)', async (t) => {
  const { keys, createApi, addOrganization, time } = await openRoom(t);
  await addOrganization('acme');
  const { record: maker } = await createApi({
    workflowIds: ['hello'],
    expiresInDays: 30,
    organizationId: 'acme',
  });
  time.now += 10 * dayMs;
  const { row } = await keys.createApiKey({ name: 'Child', scopes: ['workflows:execute'] }, 'key:1', maker);
  assert.deepEqual([row.workflowIds, row.organizationId], [['hello'], 'acme']);
  assert.equal(Date.parse(row.expiresAt ?? ''), maker.expiresAt);

  const { record: eternal } = await createApi({ expiresInDays: null });
  const { row: usual } = await keys.createApiKey({ name: 'Child', scopes: ['keys:write'] }, 'key:2', eternal);
  assert.deepEqual([usual.workflowIds, usual.organizationId], [undefined, undefined]);
  assert.equal(Date.parse(usual.expiresAt ?? '') - time.now, 90 * dayMs);
});

test('a key of no organization makes none for one: its runs would read what the maker cannot (D15, D28)', async (t) => {
  const room = await openRoom(t);
  await room.addOrganization('acme');
  const { record } = await room.createApi();
  const params = { name: 'Child', scopes: ['workflows:execute'], organizationId: 'acme' };
  await refuses(
    room,
    () => room.keys.createApiKey(params, 'key:1', record),
    'forbidden',
    /another organization/,
  );
});

test('a key that may not write keys makes none, whatever kind it is (D15, D16)', async (t) => {
  const room = await openRoom(t);
  const { record } = await room.createApi({ scopes: ['keys:read'] });
  const workflowKey = await room.keys.verify((await room.create({})).key);
  assert.ok(workflowKey.ok);
  for (const maker of [record, workflowKey.record]) {
    const create = () => room.keys.createApiKey({ name: 'Child', scopes: ['keys:read'] }, 'key:1', maker);
    await refuses(room, create, 'forbidden', /the scope "keys:write"/);
  }
});

test('a key that was revoked or has ended meanwhile makes none, however late its request is complete (D15)', async (t) => {
  const room = await openRoom(t);
  const revoked = await room.createApi();
  const rotated = await room.createApi();
  await room.keys.revoke(revoked.id, 'cli');
  await room.keys.rotate(rotated.id, { overlapDays: 0 }, 'cli');
  for (const { record } of [revoked, rotated]) {
    const create = () => room.keys.createApiKey({ name: 'Child', scopes: ['keys:write'] }, 'key:1', record);
    await refuses(room, create, 'forbidden', /not valid any more/);
  }
});

test('a key revokes itself and what is within its own scopes, workflows and organization, nothing beyond', async (t) => {
  const room = await openRoom(t);
  const { keys } = room;
  await room.addOrganization('acme');
  await room.addOrganization('umbrella');
  const allowed = { scopes: ['keys:write', 'workflows:execute'], workflowIds: ['hello', 'charge'] };
  const asking = await room.createApi({ ...allowed, organizationId: 'acme' });
  const revoke = (id: string, by = asking.record) => keys.revoke(id, `key:${by.id}`, by);
  for (const beyond of [
    { ...allowed, organizationId: 'acme', scopes: ['audit:read'] },
    { ...allowed, organizationId: 'acme', scopes: ['keys:write', 'runs:read'] },
    { ...allowed, organizationId: 'acme', workflowIds: ['hello', 'report'] },
    { scopes: allowed.scopes, organizationId: 'acme' },
    { ...allowed, organizationId: 'umbrella' },
    allowed,
  ]) {
    const { id, key } = await room.createApi(beyond);
    await refuses(room, () => revoke(id), 'forbidden', /more than it has/);
    assert.equal(await reasonOf(keys, key), 'ok');
  }
  const global = await room.create({ global: true });
  await refuses(room, () => revoke(global.id), 'forbidden', /more than it has/);

  const within = await room.createApi({
    scopes: ['keys:write'],
    workflowIds: ['hello'],
    organizationId: 'acme',
  });
  await revoke(within.id);
  assert.equal(await reasonOf(keys, within.key), 'unknown');
  await refuses(room, () => revoke(asking.id, within.record), 'forbidden', /not valid any more/);
  // A key of the whole workspace contains those of its organizations.
  const workspace = await room.createApi({ scopes: allowed.scopes });
  const ofAcme = await room.createApi({ ...allowed, organizationId: 'acme' });
  await revoke(ofAcme.id, workspace.record);
  await revoke(asking.id);
  assert.equal(await reasonOf(keys, asking.key), 'unknown');
});

test('a page of API keys is newest first and goes on after a key that was revoked since', async (t) => {
  const room = await openRoom(t);
  const { keys } = room;
  await room.addOrganization('acme');
  const made: string[] = [];
  for (const organizationId of [undefined, 'acme', undefined, 'acme', undefined]) {
    await room.create({ global: true });
    const { id } = await room.createApi(organizationId === undefined ? {} : { organizationId });
    made.unshift(id);
  }
  const page = async (place: { after?: string; organizationId?: string }, count: number) =>
    (await keys.page({ ...place, count })).map(({ id }) => id);
  assert.deepEqual(await page({}, 100), made);
  assert.deepEqual(await page({}, 2), made.slice(0, 2));
  const [first = '', second = '', third = '', fourth] = made;
  await keys.revoke(second, 'cli');
  assert.deepEqual(await page({ after: second }, 2), made.slice(2, 4));
  assert.deepEqual(await page({ after: first }, 1), [third]);
  assert.deepEqual(await page({ organizationId: 'acme' }, 100), [fourth]);
  assert.deepEqual(await page({ after: 'nobody' }, 100), []);
  assert.equal(await keys.find(second), undefined);
  assert.equal((await keys.find(third))?.id, third);
  assert.equal(await keys.find(third.slice(0, 8)), undefined);
});

test('making an API key is audited with what it may do, and with no part of the key (W39)', async (t) => {
  const { createApi, audited, addOrganization } = await openRoom(t);
  await addOrganization('acme');
  const { id, key } = await createApi({ workflowIds: ['hello', 'charge'], organizationId: 'acme' });
  assert.deepEqual(audited.at(-1), {
    actor: 'cli',
    action: 'key.created',
    target: id,
    outcome: 'ok',
    organizationId: 'acme',
    detail: { kind: 'api', scopes: 'workflows:execute keys:write', workflowIds: 'hello charge' },
  });
  assert.ok(!JSON.stringify(audited).includes(key.slice(-4)));
});

test('an unknown organization is refused (D28)', async (t) => {
  const room = await openRoom(t);
  const create = () => room.createApi({ organizationId: 'acme' });
  await refuses(room, create, 'bad-input', /no organization "acme"/);
});

test('a key is due for rotation from its 90th day on (A15)', async (t) => {
  const { keys, createApi, time } = await openRoom(t);
  await createApi({ expiresInDays: null });
  const isDue = async () => (await keys.list())[0]?.rotationDue;
  time.now += 90 * dayMs - 1;
  assert.equal(await isDue(), false);
  time.now += 1;
  assert.equal(await isDue(), true);
});
