/** Workflow keys on a real store: made, verified, listed, revoked, and who holds a workflow's slot. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashKey, mintKey, parseKey } from '../../server/keys/mint.ts';
import { mayRun } from '../../server/keys/permissions.ts';
import type { CreateKeyParams, ExpiresInDays } from '../../server/protocol/keys.ts';
import type { ApiKeyRecord } from '../../server/store/contracts/records.ts';
import type { Workflow } from '../../server/workflows/workflow.ts';
import { dayMs, openRoom, reasonOf, refuses, workflowNamed } from './room.ts';

test('a created key verifies, and is shown masked with its last four characters (W1, W7, D23)', async (t) => {
  const { keys, clock } = await openRoom(t);
  const params = { description: '  CI pipeline trigger ', global: false, workflowId: 'hello' };
  const { row, key } = await keys.create(params, 'editor');
  assert.deepEqual(row, {
    id: row.id,
    kind: 'workflow',
    global: false,
    workflowId: 'hello',
    description: 'CI pipeline trigger',
    masked: `bk_live_••••${key.slice(-4)}`,
    createdAt: new Date(clock()).toISOString(),
    lastUsedAt: null,
    expiresAt: new Date(clock() + 90 * dayMs).toISOString(),
    expired: false,
    rotationDue: false,
    orphaned: false,
    endpointOff: false,
  });
  assert.deepEqual(parseKey(key), { prefix: 'bk_live_', lastFour: key.slice(-4) });
  const verification = await keys.verify(key);
  assert.ok(verification.ok);
  assert.equal(verification.record.id, row.id);
  assert.deepEqual(await keys.list(), [row]);
});

test('the key itself is nowhere but in the answer that creates it (W20, W22, F21)', async (t) => {
  const { keys, create, readDisk, audited, state } = await openRoom(t);
  const { key } = await create({});
  const secretPart = key.slice('bk_live_'.length, -4);
  const told = JSON.stringify([await keys.list(), audited, await state.list('keys')]);
  assert.ok(!told.includes(secretPart));
  const disk = await readDisk();
  assert.ok(!disk.includes(secretPart));
  assert.ok(disk.includes(hashKey(key)));
});

test('every refusal tells its true reason to the daemon (D9)', async (t) => {
  const { keys, create, time } = await openRoom(t);
  const { key } = await create({ expiresInDays: 30 });
  assert.equal(await reasonOf(keys, undefined), 'missing');
  assert.equal(await reasonOf(keys, ''), 'missing');
  assert.equal(await reasonOf(keys, 'Bearer x'), 'malformed');
  assert.equal(await reasonOf(keys, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`), 'checksum');
  assert.equal(await reasonOf(keys, mintKey('bk_live_').key), 'unknown');
  assert.equal(await reasonOf(keys, key), 'ok');
  time.now += 30 * dayMs;
  const expired = await keys.verify(key);
  assert.ok(!expired.ok && expired.reason === 'expired' && expired.record?.description === 'CI');
});

test('a hash as a key opens nothing', async (t) => {
  const { keys, create } = await openRoom(t);
  const { key } = await create({});
  assert.equal(await reasonOf(keys, hashKey(key)), 'malformed');
});

test('a revoked key is refused by the next request, for good (W28, W29, W30)', async (t) => {
  const room = await openRoom(t);
  const { keys, create, state, time, reopen } = room;
  const { id, key } = await create({ workflowId: 'hello', global: false });
  time.now += 5000;
  const row = await keys.revoke(id, 'cli');
  assert.equal(row.id, id);
  assert.equal(await reasonOf(keys, key), 'unknown');
  assert.equal(await reasonOf(await reopen(), key), 'unknown');
  assert.deepEqual(await keys.list(), []);
  await refuses(room, () => keys.revoke(id, 'cli'), 'conflict', /revoked already/);
  const tombstone = await state.get('keys', id);
  assert.equal(tombstone?.revokedAt, time.now);
  assert.equal(tombstone?.lastFour, key.slice(-4));
  assert.equal(tombstone && 'hash' in tombstone, false);
});

test('a tombstone opens nothing, even where its hash was left behind', async (t) => {
  const { keys, create, state } = await openRoom(t);
  const { id, key } = await create({});
  await state.transact(async (tx) => {
    const record = await tx.get('keys', id);
    if (record) tx.put('keys', { ...record, revokedAt: 1 });
    tx.audit({ actor: 'daemon', action: 'key.revoked', target: id, outcome: 'ok' });
  });
  assert.equal(await reasonOf(keys, key), 'revoked');
});

test('a key is found by the beginning of its id when that fits one live key only', async (t) => {
  const room = await openRoom(t);
  const { keys, create, state } = room;
  const put = (id: string) =>
    state.transact(async (tx) => {
      const record: ApiKeyRecord = {
        id,
        kind: 'workflow',
        prefix: 'bk_live_',
        hash: hashKey(id),
        lastFour: '1a2b',
        description: 'CI',
        createdAt: 0,
        createdBy: 'cli',
      };
      tx.put('keys', record);
      tx.audit({ actor: 'cli', action: 'key.created', target: id, outcome: 'ok' });
    });
  await create({});
  for (const id of ['abcdef-1', 'abcdef-2', 'abcdeg-3']) await put(id);
  await refuses(room, () => keys.revoke('abcde', 'cli'), 'not-found', /no key abcde/);
  await refuses(room, () => keys.revoke('abcdef', 'cli'), 'bad-input', /Several keys begin with "abcdef"/);
  await refuses(room, () => keys.revoke('zzzzzzzz', 'cli'), 'not-found', /list the keys/);
  assert.equal((await keys.revoke('abcdeg', 'cli')).id, 'abcdeg-3');
  assert.equal((await keys.revoke('abcdef-2', 'cli')).id, 'abcdef-2');
  assert.equal((await keys.revoke('abcdef', 'cli')).id, 'abcdef-1');
  await refuses(room, () => keys.revoke('abcdef', 'cli'), 'conflict', /revoked already/);
});

test('a description is required and has at most 32 characters, counted as people count (W12, W13, D24)', async (t) => {
  const room = await openRoom(t);
  const accepted = [
    'x',
    'x'.repeat(32),
    `  ${'x'.repeat(32)}  `,
    '🔑'.repeat(32),
    'Müller & Söhne: "nightly" <b>',
  ];
  for (const description of accepted) {
    const { row } = await room.keys.create({ description, global: true }, 'cli');
    assert.equal(row.description, description.trim());
  }
  const blank = [
    '',
    ' ',
    '\t\n ',
    '\u00a0',
    '\u200b',
    undefined as unknown as string,
    7 as unknown as string,
  ];
  for (const description of blank) {
    const create = () => room.keys.create({ description, global: true }, 'cli');
    await refuses(room, create, 'bad-input', /Give the key a description/);
  }
  for (const description of ['x'.repeat(33), '🔑'.repeat(33)]) {
    const create = () => room.keys.create({ description, global: true }, 'cli');
    await refuses(room, create, 'bad-input', /has 33 characters; at most 32/);
  }
  for (const description of ['a\nb', 'a\u001b[31mb', 'a\ud800']) {
    const create = () => room.keys.create({ description, global: true }, 'cli');
    await refuses(room, create, 'bad-input', /without control characters/);
  }
});

test('a workflow is required unless the key is global, and ignored when it is (W16)', async (t) => {
  const room = await openRoom(t);
  for (const workflowId of [undefined, '', 7]) {
    const params = { description: 'CI', global: false, workflowId } as CreateKeyParams;
    await refuses(room, () => room.keys.create(params, 'cli'), 'bad-input', /Choose a workflow/);
  }
  const params = { description: 'CI', global: true, workflowId: 'no such workflow' };
  const { row } = await room.keys.create(params, 'cli');
  assert.deepEqual([row.global, row.workflowId, row.orphaned], [true, undefined, false]);
  const unsaid = { description: 'CI' } as CreateKeyParams;
  await refuses(room, () => room.keys.create(unsaid, 'cli'), 'bad-input', /global: true or false/);
});

test('an expiration is never, 30, 60, 90, 180 or 365 days; left out it is 90 (W18, W19, D22)', async (t) => {
  const room = await openRoom(t);
  const expiry = async (params: { expiresInDays?: ExpiresInDays }) => {
    const { row } = await room.keys.create({ description: 'CI', global: true, ...params }, 'cli');
    return row.expiresAt && (Date.parse(row.expiresAt) - room.time.now) / dayMs;
  };
  assert.equal(await expiry({}), 90);
  for (const expiresInDays of [null, 30, 60, 90, 180, 365] as const) {
    assert.equal(await expiry({ expiresInDays }), expiresInDays);
  }
  for (const expiresInDays of [0, 1, -30, 91, 30.5, Number.NaN, '90', 'never', {}]) {
    const params = { description: 'CI', global: true, expiresInDays } as CreateKeyParams;
    await refuses(room, () => room.keys.create(params, 'cli'), 'bad-input', /30, 60, 90, 180 or 365 days/);
  }
});

test('a key expires at its very millisecond, and one without expiration never does (D22, W33, W34)', async (t) => {
  const { keys, create, time } = await openRoom(t);
  const { key } = await create({ expiresInDays: 30 });
  const { key: eternal } = await create({ expiresInDays: null });
  time.now += 30 * dayMs - 1;
  assert.equal(await reasonOf(keys, key), 'ok');
  time.now += 1;
  assert.equal(await reasonOf(keys, key), 'expired');
  time.now += 10_000 * dayMs;
  assert.equal(await reasonOf(keys, eternal), 'ok');
  const shown = (await keys.list()).map(({ expired, expiresAt }) => [expired, expiresAt === null]);
  assert.deepEqual(shown, [
    [false, true],
    [true, false],
  ]);
});

test('only workflows that can have a key of their own are offered, and accepted (W17)', async (t) => {
  const room = await openRoom(t);
  const { keys, known, create } = room;
  known.set('off', workflowNamed('off', { endpointEnabled: false }));
  known.set('open', workflowNamed('open', { publicEndpoint: true }));
  known.set('twice', workflowNamed('twice', { duplicate: true }));
  const offered = async () => (await keys.offeredWorkflows()).map(({ id }) => id);
  assert.deepEqual(await offered(), ['hello', 'charge', 'report']);
  await create({ global: false, workflowId: 'charge' });
  await create({ global: true });
  assert.deepEqual(await offered(), ['hello', 'report']);
  const refusals: [string, RegExp][] = [
    ['off', /"off" has its endpoint switched off; set endpoint_enabled=True/],
    ['open', /"open" is public and needs no key/],
    ['twice', /"twice" exists twice/],
    ['gone', /"gone" does not exist in any registered folder/],
    ['__proto__', /does not exist/],
  ];
  for (const [workflowId, pattern] of refusals) {
    await refuses(room, () => create({ global: false, workflowId }), 'bad-input', pattern);
  }
});

test('orphaned and expired keys hold the slot, and revoking frees it (W31, W34, W35, W36)', async (t) => {
  const room = await openRoom(t);
  const { keys, known, create, time } = room;
  const { id, key } = await create({
    description: 'Nightly',
    global: false,
    workflowId: 'hello',
    expiresInDays: 30,
  });
  const again = () => create({ global: false, workflowId: 'hello' });
  const held = new RegExp(`"hello" has a key already: "Nightly" \\(${id}\\); revoke it first`);
  await refuses(room, again, 'conflict', held);

  known.delete('hello');
  const [row] = await keys.list();
  assert.deepEqual([row?.orphaned, row?.endpointOff], [true, false]);
  const verification = await keys.verify(key);
  assert.ok(verification.ok);
  assert.equal(mayRun(verification.record, 'hello', undefined), 'no-endpoint');

  known.set('hello', workflowNamed('hello'));
  time.now += 31 * dayMs;
  await refuses(room, again, 'conflict', held);
  assert.ok(!(await keys.offeredWorkflows()).some((workflow) => workflow.id === 'hello'));
  await keys.revoke(id, 'editor');
  assert.ok((await keys.offeredWorkflows()).some((workflow) => workflow.id === 'hello'));
  await again();
});

test('of makers of one workflow at the same time exactly one gets the slot', async (t) => {
  const { create, state } = await openRoom(t);
  const attempts = Array.from({ length: 10 }, () => create({ global: false, workflowId: 'hello' }));
  const settled = await Promise.allSettled(attempts);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const attempt of settled) {
    if (attempt.status === 'rejected') assert.equal(attempt.reason.code, 'conflict');
  }
  assert.equal((await state.list('keys')).length, 1);
});

test('of revokers of one key at the same time exactly one has revoked it', async (t) => {
  const { keys, create, audited } = await openRoom(t);
  const { id } = await create({});
  const settled = await Promise.allSettled(Array.from({ length: 5 }, () => keys.revoke(id, 'cli')));
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal(audited.filter(({ action }) => action === 'key.revoked').length, 1);
});

test('any number of global keys can be made (D4)', async (t) => {
  const { keys, create } = await openRoom(t);
  for (let made = 0; made < 5; made += 1) await create({});
  assert.equal((await keys.list()).length, 5);
});

test('a key is bound to an organization that exists', async (t) => {
  const room = await openRoom(t);
  const { keys, create, state } = room;
  await refuses(room, () => create({ organizationId: 'acme' }), 'bad-input', /no organization "acme"/);
  const wrong = 7 as unknown as string;
  await refuses(room, () => create({ organizationId: wrong }), 'bad-input', /organization by its id/);
  await state.transact(async (tx) => {
    tx.put('organizations', { id: 'acme', name: 'Acme', createdAt: 0 });
    tx.audit({ actor: 'cli', action: 'organization.added', target: 'acme', outcome: 'ok' });
  });
  await create({ organizationId: 'acme' });
  assert.equal((await keys.list())[0]?.organizationId, 'acme');
});

test('keys are listed global first, then newest first, orphaned last, expired in place (D39, W32)', async (t) => {
  const { keys, known, create, time } = await openRoom(t);
  const make = async (description: string, params: Partial<CreateKeyParams>) => {
    time.now += 1000;
    await create({ description, ...params });
  };
  await make('orphan', { global: false, workflowId: 'hello' });
  await make('global expired', { expiresInDays: 30 });
  await make('charge', { global: false, workflowId: 'charge' });
  await make('global', {});
  await make('report', { global: false, workflowId: 'report', expiresInDays: 30 });
  known.delete('hello');
  time.now += 40 * dayMs;
  await create({ description: 'twin 1' });
  await create({ description: 'twin 2' });
  assert.deepEqual(
    (await keys.list()).map(({ description }) => description),
    ['twin 2', 'twin 1', 'global', 'global expired', 'report', 'charge', 'orphan'],
  );
});

test('a switched-off endpoint is shown as such, not as orphaned (D12)', async (t) => {
  const { keys, known, create } = await openRoom(t);
  await create({ global: false, workflowId: 'hello' });
  known.set('hello', workflowNamed('hello', { endpointEnabled: false }));
  const [row] = await keys.list();
  assert.deepEqual([row?.orphaned, row?.endpointOff], [false, true]);
});

/** What a key of the given kind may do with the workflow `hello`, or with what stands in its place. */
function verdict(key: Partial<ApiKeyRecord>, workflow: Workflow | undefined, id = 'hello'): string {
  const record: ApiKeyRecord = {
    id: 'key-1',
    kind: 'workflow',
    prefix: 'bk_live_',
    lastFour: '1a2b',
    description: 'CI',
    createdAt: 0,
    createdBy: 'cli',
    ...key,
  };
  return mayRun(record, id, workflow);
}

test('a global key runs every endpoint-enabled workflow and no other (W26, D11)', () => {
  assert.equal(verdict({}, workflowNamed('hello')), 'yes');
  assert.equal(verdict({}, workflowNamed('hello', { publicEndpoint: true })), 'yes');
  const off = { endpointEnabled: false };
  assert.equal(verdict({}, workflowNamed('hello', off)), 'no-endpoint');
  assert.equal(verdict({}, workflowNamed('hello', { ...off, disableGlobalKey: true })), 'no-endpoint');
  assert.equal(verdict({}, undefined), 'no-endpoint');
});

test('a workflow-specific key runs exactly its workflow; any other id is refused, existing or not (W27, D8)', () => {
  const own = { workflowId: 'hello' };
  assert.equal(verdict(own, workflowNamed('hello')), 'yes');
  assert.equal(verdict(own, workflowNamed('charge'), 'charge'), 'other-workflow');
  assert.equal(verdict(own, undefined, 'gone'), 'other-workflow');
  assert.equal(verdict(own, workflowNamed('hello', { endpointEnabled: false })), 'no-endpoint');
});

test("disable_global_key keeps global keys out and the workflow's own in (W37, W38)", () => {
  const guarded = workflowNamed('hello', { disableGlobalKey: true });
  assert.equal(verdict({}, guarded), 'global-disabled');
  assert.equal(verdict({ workflowId: 'hello' }, guarded), 'yes');
});

test('an API key needs the scope to execute and the workflow in its allow-list (D8)', () => {
  const api = { kind: 'api' as const, scopes: ['workflows:execute'] };
  const hello = workflowNamed('hello');
  assert.equal(verdict({ kind: 'api' }, hello), 'missing-scope');
  assert.equal(verdict({ kind: 'api', scopes: ['workflows:read'] }, hello), 'missing-scope');
  assert.equal(verdict(api, hello), 'yes');
  assert.equal(verdict({ ...api, workflowIds: ['charge'] }, hello), 'not-in-allow-list');
  assert.equal(verdict({ ...api, workflowIds: ['hello'] }, hello), 'yes');
  assert.equal(verdict(api, undefined), 'no-endpoint');
});

test('creation and revocation are audited with their actor, and with no part of the key (W39, W40)', async (t) => {
  const { keys, create, audited } = await openRoom(t);
  const { id, key } = await create({ global: false, workflowId: 'hello' });
  await keys.revoke(id, 'cli');
  const common = { target: id, outcome: 'ok', detail: { kind: 'workflow', workflowId: 'hello' } };
  assert.deepEqual(audited, [
    { ...common, actor: 'editor', action: 'key.created' },
    { ...common, actor: 'cli', action: 'key.revoked' },
  ]);
  assert.ok(!JSON.stringify(audited).includes(key.slice(-4)));
});

test('without a working audit log no key is made and none revoked (D34)', async (t) => {
  const { keys, create, breakAudit, state } = await openRoom(t);
  const { id, key } = await create({});
  breakAudit();
  await assert.rejects(create({}));
  await assert.rejects(keys.revoke(id, 'cli'));
  assert.equal((await state.list('keys')).length, 1);
  assert.equal(await reasonOf(keys, key), 'ok');
});

test('last use is visible at once and saved at most once a second (D26)', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { keys, create, history, time } = await openRoom(t);
  const { id } = await create({});
  const saves: number[] = [];
  let saved = Promise.withResolvers<void>();
  const save = history.saveLastUsed.bind(history);
  history.saveLastUsed = async (lastUsed) => {
    saves.push(lastUsed.size);
    await save(lastUsed);
    saved.resolve();
  };
  for (let use = 0; use < 100; use += 1) {
    time.now += 1;
    keys.touch(id);
  }
  assert.equal((await keys.list())[0]?.lastUsedAt, new Date(time.now).toISOString());
  t.mock.timers.tick(999);
  assert.deepEqual(saves, []);
  t.mock.timers.tick(1);
  await saved.promise;
  assert.deepEqual(saves, [1]);
  assert.equal((await history.loadLastUsed()).get(id), time.now);

  t.mock.timers.tick(60_000);
  assert.deepEqual(saves, [1]);
  saved = Promise.withResolvers();
  keys.touch(id);
  t.mock.timers.tick(1000);
  await saved.promise;
  assert.deepEqual(saves, [1, 1]);
});

test('last use is saved on closing and known after a restart', async (t) => {
  const { keys, create, time, reopen } = await openRoom(t);
  const { id } = await create({});
  time.now += 1234;
  keys.touch(id);
  await keys.close();
  const [row] = await (await reopen()).list();
  assert.equal(row?.lastUsedAt, new Date(time.now).toISOString());
});

test('last uses that could not be saved are saved with the next ones', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { keys, create, history, time } = await openRoom(t);
  const { id: one } = await create({});
  const { id: two } = await create({});
  const save = history.saveLastUsed.bind(history);
  const refused = Promise.withResolvers<void>();
  history.saveLastUsed = async () => {
    refused.resolve();
    throw new Error('The disk is full.');
  };
  keys.touch(one);
  t.mock.timers.tick(1000);
  await refused.promise;
  history.saveLastUsed = save;
  time.now += 1000;
  keys.touch(two);
  await keys.close();
  assert.deepEqual(
    await history.loadLastUsed(),
    new Map([
      [one, time.now - 1000],
      [two, time.now],
    ]),
  );
});

test('listeners learn of every change once it is durable, until they stop', async (t) => {
  const { keys, create, state } = await openRoom(t);
  const heard: number[] = [];
  const stop = keys.onChange(() => heard.push(state.revision));
  const start = state.revision;
  const { id } = await create({});
  await keys.revoke(id, 'cli');
  await assert.rejects(keys.revoke(id, 'cli'));
  stop();
  await create({});
  assert.deepEqual(heard, [start + 1, start + 2]);
});
