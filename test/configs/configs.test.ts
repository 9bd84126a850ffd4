/** Typed configuration and organizations on a real store: what is stored, shown, refused and audited. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Configs, openConfigs } from '../../server/configs/configs.ts';
import type { SetConfigParams } from '../../server/configs/configWish.ts';
import { ownsRun } from '../../server/configs/organizations.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { newId } from '../../server/ids.ts';
import type { ConfigTypeName } from '../../server/protocol/configs.ts';
import type { RunRecord } from '../../server/store/contracts/runs.ts';
import { refuses as refusesIn } from '../support/refusals.ts';
import { openStore, type TestStore } from './store.ts';

const vault = openVault(deriveKey('a-secret-key-of-a-test-that-is-long-enough'));

interface Room extends TestStore {
  configs: Configs;
  /** The plaintext that is stored for a secret. */
  plaintext(name: string, organizationId?: string): Promise<string | undefined>;
}

async function openRoom(t: TestContext): Promise<Room> {
  const store = await openStore(t);
  const configs = openConfigs({ ...store, vault, newId });
  await vault.checkKey(store.state);
  await configs.addOrganization({ id: 'acme', name: 'Acme Inc.' }, 'cli');
  await configs.addOrganization({ id: 'globex' }, 'cli');
  store.audited.length = 0;
  return {
    ...store,
    configs,
    plaintext: async (name, organizationId) => {
      const record = await configs.resolve({ name, ...(organizationId !== undefined && { organizationId }) });
      return record?.value === undefined ? undefined : vault.open(record, String(record.value));
    },
  };
}

/** Asserts a refusal of one clear line, after which the store is as it was and nothing is audited. */
async function refuses(
  room: Room,
  act: () => Promise<unknown>,
  code: string,
  message: RegExp,
): Promise<void> {
  await refusesIn(room.state, act, { code, message, secret: /canary/ });
  assert.deepEqual(room.audited, []);
}

test('each of the five types is stored and shown; a secret only as [SECRET] (C1, D32)', async (t) => {
  const { configs, time } = await openRoom(t);
  const values: [ConfigTypeName, unknown, unknown][] = [
    ['string', 'https://example.com', 'https://example.com'],
    ['int', 42, 42],
    ['bool', false, false],
    ['json', { a: [1, null] }, { a: [1, null] }],
    ['secret', 'sk_test_canary', '[SECRET]'],
  ];
  for (const [type, value, shown] of values) {
    const row = await configs.set({ name: `a_${type}`, type, value, description: ` the ${type} ` }, 'cli');
    assert.deepEqual(row, {
      name: `a_${type}`,
      type,
      value: shown,
      needsValue: false,
      description: `the ${type}`,
      updatedAt: new Date(time.now).toISOString(),
      updatedBy: 'cli',
    });
    assert.deepEqual(await configs.get({ name: `a_${type}` }), row);
  }
  assert.equal((await configs.list()).length, 5);
});

test('the value of a secret is on the disk only as a Fernet token (C2, S5)', async (t) => {
  const { configs, readDisk, plaintext } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_canary' }, 'editor');
  const disk = await readDisk();
  assert.match(disk, /gAAAAA/);
  assert.doesNotMatch(disk, /canary/);
  for (const encoding of ['base64', 'hex'] as const) {
    assert.ok(!disk.includes(Buffer.from('sk_test_canary').toString(encoding)));
  }
  assert.equal(await plaintext('api_key'), 'sk_test_canary');
});

test('no answer and no audit record holds a value or a token (C16, D32)', async (t) => {
  const { configs, audited } = await openRoom(t);
  const told = [
    await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_canary' }, 'editor'),
    await configs
      .set({ name: 'plain', type: 'string', value: 'plain-canary' }, 'editor')
      .then(() => undefined),
    await configs.get({ name: 'api_key' }),
    (await configs.list()).filter(({ type }) => type === 'secret'),
    await configs.names(),
    audited,
  ];
  assert.doesNotMatch(JSON.stringify(told), /canary|gAAAAA/);
});

test("an organization's row shadows the global one, and no other organization's (C17, S11, D27)", async (t) => {
  const { configs, plaintext } = await openRoom(t);
  await configs.set({ name: 'stripe', type: 'secret', value: 'sk_test_global' }, 'cli');
  await configs.set({ name: 'stripe', type: 'secret', value: 'sk_test_aaa', organizationId: 'acme' }, 'cli');
  assert.equal(await plaintext('stripe', 'acme'), 'sk_test_aaa');
  assert.equal(await plaintext('stripe', 'globex'), 'sk_test_global');
  assert.equal(await plaintext('stripe'), 'sk_test_global');
  await configs.set({ name: 'only', type: 'int', value: 1, organizationId: 'acme' }, 'cli');
  assert.equal((await configs.get({ name: 'only', organizationId: 'acme' })).value, 1);
  await assert.rejects(configs.get({ name: 'only', organizationId: 'globex' }), { code: 'not-found' });
  await assert.rejects(configs.get({ name: 'only' }), { code: 'not-found' });
});

test('a list for an organization is what it sees, its own first; without one it is everything', async (t) => {
  const { configs } = await openRoom(t);
  const rows: [string, string?][] = [['b'], ['a'], ['a', 'acme'], ['c', 'acme'], ['d', 'globex']];
  for (const [name, organizationId] of rows) {
    const place = { name, ...(organizationId !== undefined && { organizationId }) };
    await configs.set({ ...place, type: 'int', value: 1 }, 'cli');
  }
  const shown = async (organizationId?: string) => {
    const listed = await configs.list(organizationId === undefined ? {} : { organizationId });
    return listed.map((row) => `${row.organizationId ?? '*'}/${row.name}`);
  };
  assert.deepEqual(await shown('acme'), ['acme/a', 'acme/c', '*/b']);
  assert.deepEqual(await shown('globex'), ['globex/d', '*/a', '*/b']);
  assert.deepEqual(await shown(), ['*/a', 'acme/a', '*/b', 'acme/c', 'globex/d']);
  await assert.rejects(configs.list({ organizationId: 'nobody' }), { code: 'not-found' });
  await assert.rejects(configs.get({ name: 'a', organizationId: 'nobody' }), { code: 'not-found' });
});

test('an edit without a value keeps the stored one (D31)', async (t) => {
  const { configs, time, plaintext } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_kept' }, 'cli');
  await configs.set({ name: 'limit', type: 'int', value: 7, description: 'old' }, 'cli');
  time.now += 1000;
  const edited = await configs.set({ name: 'api_key', type: 'secret', description: 'Stripe' }, 'editor');
  assert.equal(edited.description, 'Stripe');
  assert.equal(edited.updatedBy, 'editor');
  assert.equal(await plaintext('api_key'), 'sk_test_kept');
  assert.equal((await configs.set({ name: 'limit', type: 'int' }, 'editor')).value, 7);
  assert.equal((await configs.get({ name: 'limit' })).description, 'old');
  assert.equal(
    'description' in (await configs.set({ name: 'limit', type: 'int', description: '' }, 'cli')),
    false,
  );
});

test('an empty value never clears a secret (D31)', async (t) => {
  const room = await openRoom(t);
  await room.configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_kept' }, 'cli');
  room.audited.length = 0;
  const set = () => room.configs.set({ name: 'api_key', type: 'secret', value: '' }, 'cli');
  await refuses(room, set, 'bad-input', /cannot be empty; leave the value out to keep the stored one/);
  assert.equal(await room.plaintext('api_key'), 'sk_test_kept');
});

test('setting again replaces the value at once, and no version of the old one stays (S14, C18, C19)', async (t) => {
  const { configs, plaintext, readDisk } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_old' }, 'cli');
  const old = String((await configs.resolve({ name: 'api_key' }))?.value);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_new' }, 'cli');
  assert.equal(await plaintext('api_key'), 'sk_test_new');
  assert.equal((await configs.list()).length, 1);
  assert.ok(!(await readDisk()).includes(old));
});

test('a type changes only with a new value: a secret never becomes readable by an edit (C8, C14)', async (t) => {
  const room = await openRoom(t);
  await room.configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_canary' }, 'cli');
  room.audited.length = 0;
  for (const type of ['string', 'json', 'int', 'bool'] as const) {
    const set = () => room.configs.set({ name: 'api_key', type }, 'cli');
    await refuses(room, set, 'bad-input', /is of type secret; give its value anew/);
  }
  const row = await room.configs.set({ name: 'api_key', type: 'string', value: 'public' }, 'cli');
  assert.equal(row.value, 'public');
  assert.deepEqual(
    room.audited.map(({ action, detail }) => ({ action, detail })),
    [{ action: 'config.written', detail: { type: 'string', formerType: 'secret' } }],
  );
});

test('bad names, types, values, descriptions and organizations are refused and nothing changes', async (t) => {
  const room = await openRoom(t);
  const good: SetConfigParams = { name: 'limit', type: 'string', value: 'canary' };
  const names = ['', ' ', 'a b', 'é', 'canary/x', 'a\n', 'x'.repeat(256)];
  for (const name of [...names, undefined, 7]) {
    const set = () => room.configs.set({ ...good, name: name as string }, 'cli');
    await refuses(room, set, 'bad-input', /config name has 1 to 255 characters/);
  }
  const wrong: [Partial<SetConfigParams>, string, RegExp][] = [
    [{ type: 'date' as ConfigTypeName }, 'bad-input', /needs a type: one of/],
    [{ type: 'int' }, 'bad-input', /whole number/],
    [{ organizationId: 'nobody' }, 'not-found', /no organization "nobody"/],
    [{ description: 'x'.repeat(501) }, 'bad-input', /description/],
    [{ description: 'two\nlines' }, 'bad-input', /description/],
  ];
  for (const [part, code, pattern] of wrong) {
    await refuses(room, () => room.configs.set({ ...good, ...part }, 'cli'), code, pattern);
  }
  const { value: _, ...withoutValue } = good;
  await refuses(room, () => room.configs.set(withoutValue, 'cli'), 'bad-input', /is new and needs a value/);
  const names255 = ['x'.repeat(255), '__proto__', 'a.b-c_D9'];
  for (const name of names255) assert.equal((await room.configs.set({ ...good, name }, 'cli')).name, name);
});

test('a row is removed from exactly its scope', async (t) => {
  const room = await openRoom(t);
  await room.configs.set({ name: 'url', type: 'string', value: 'global' }, 'cli');
  await room.configs.set({ name: 'url', type: 'string', value: 'own', organizationId: 'acme' }, 'cli');
  await room.configs.unset({ name: 'url', organizationId: 'acme' }, 'editor');
  assert.equal((await room.configs.get({ name: 'url', organizationId: 'acme' })).value, 'global');
  room.audited.length = 0;
  const again = () => room.configs.unset({ name: 'url', organizationId: 'acme' }, 'editor');
  await refuses(room, again, 'not-found', /no config "url" in scope organization "acme"/);
});

test('writes and removals are audited with who, what and where (C15, S18)', async (t) => {
  const { configs, audited } = await openRoom(t);
  await configs.set(
    { name: 'api_key', type: 'secret', value: 'sk_test_1', organizationId: 'acme' },
    'editor',
  );
  await configs.set({ name: 'limit', type: 'int', value: 1 }, 'cli');
  await configs.set({ name: 'limit', type: 'int', value: 2 }, 'cli');
  await configs.unset({ name: 'api_key', organizationId: 'acme' }, 'cli');
  const outcome = 'ok';
  assert.deepEqual(audited, [
    {
      actor: 'editor',
      action: 'secret.written',
      target: 'api_key',
      outcome,
      organizationId: 'acme',
      detail: { type: 'secret' },
    },
    { actor: 'cli', action: 'config.written', target: 'limit', outcome, detail: { type: 'int' } },
    {
      actor: 'cli',
      action: 'config.written',
      target: 'limit',
      outcome,
      detail: { type: 'int', formerType: 'int' },
    },
    {
      actor: 'cli',
      action: 'config.removed',
      target: 'api_key',
      outcome,
      organizationId: 'acme',
      detail: { type: 'secret' },
    },
  ]);
});

test('without a working audit log nothing is changed (D34)', async (t) => {
  const { configs, breakAudit } = await openRoom(t);
  await configs.set({ name: 'limit', type: 'int', value: 1 }, 'cli');
  breakAudit();
  await assert.rejects(configs.set({ name: 'limit', type: 'int', value: 2 }, 'cli'));
  await assert.rejects(configs.unset({ name: 'limit' }, 'cli'));
  await assert.rejects(configs.addOrganization({ id: 'new' }, 'cli'));
  assert.equal((await configs.get({ name: 'limit' })).value, 1);
  assert.equal((await configs.listOrganizations()).length, 2);
});

test('many writers of one name leave one row', async (t) => {
  const { configs } = await openRoom(t);
  const writes = Array.from({ length: 20 }, (_, value) =>
    configs.set({ name: 'n', type: 'int', value }, 'cli'),
  );
  await Promise.all(writes);
  const rows = await configs.list();
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.value, 19);
});

test('names tell types and scopes, and which rows need a value', async (t) => {
  const { configs, state } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_1', organizationId: 'acme' }, 'cli');
  await state.transact(async (tx) => {
    tx.put('configs', { id: 'imported', name: 'later', type: 'secret', updatedAt: 0, updatedBy: 'cli' });
    tx.audit({ actor: 'cli', action: 'config.imported', target: 'later', outcome: 'ok' });
  });
  assert.deepEqual(await configs.names(), [
    { name: 'api_key', organizationId: 'acme', type: 'secret', needsValue: false },
    { name: 'later', type: 'secret', needsValue: true },
  ]);
  const row = await configs.get({ name: 'later' });
  assert.deepEqual([row.value, row.needsValue], [null, true]);
  const entered = await configs.set({ name: 'later', type: 'secret', value: 'sk_test_2' }, 'cli');
  assert.deepEqual([entered.value, entered.needsValue], ['[SECRET]', false]);
});

test('organizations are added under ids that scopes in code can name', async (t) => {
  const room = await openRoom(t);
  const { configs, time } = room;
  const row = await configs.addOrganization({ id: 'Initech-2', name: '  Initech  ' }, 'editor');
  assert.deepEqual(row, { id: 'Initech-2', name: 'Initech', createdAt: new Date(time.now).toISOString() });
  const listed = await configs.listOrganizations();
  assert.deepEqual(
    listed.map(({ id, name }) => [id, name]),
    [
      ['acme', 'Acme Inc.'],
      ['globex', 'globex'],
      ['Initech-2', 'Initech'],
    ],
  );
  assert.deepEqual(
    room.audited.map(({ actor, action, target }) => [actor, action, target]),
    [['editor', 'organization.added', 'Initech-2']],
  );
  room.audited.length = 0;
  for (const id of [
    '',
    'global',
    'Global',
    'a b',
    '-a',
    'é',
    'x'.repeat(65),
    undefined as unknown as string,
  ]) {
    await refuses(room, () => configs.addOrganization({ id }, 'cli'), 'bad-input', /id of an organization/);
  }
  await refuses(room, () => configs.addOrganization({ id: 'acme' }, 'cli'), 'conflict', /"acme" already/);
  await refuses(room, () => configs.addOrganization({ id: 'b', name: ' ' }, 'cli'), 'bad-input', /name of/);
});

test('removing an organization removes its configs with it, and no others', async (t) => {
  const { configs, audited } = await openRoom(t);
  await configs.set({ name: 'one', type: 'int', value: 1, organizationId: 'acme' }, 'cli');
  await configs.set({ name: 'two', type: 'secret', value: 'sk_test_2', organizationId: 'acme' }, 'cli');
  await configs.set({ name: 'one', type: 'int', value: 3, organizationId: 'globex' }, 'cli');
  await configs.set({ name: 'one', type: 'int', value: 4 }, 'cli');
  audited.length = 0;
  const contents = { keys: 0, configs: 2, credentials: 0, workflows: 0 };
  assert.deepEqual(await configs.organizationContents({ id: 'acme' }), contents);
  assert.deepEqual(await configs.removeOrganization({ id: 'acme' }, 'cli'), contents);
  assert.deepEqual(
    (await configs.list()).map(({ value }) => value),
    [4, 3],
  );
  assert.deepEqual(
    audited.map(({ action, target }) => `${action} ${target}`),
    ['config.removed one', 'config.removed two', 'organization.removed acme'],
  );
  await assert.rejects(configs.removeOrganization({ id: 'acme' }, 'cli'), { code: 'not-found' });
  await assert.rejects(configs.organizationContents({ id: 'acme' }), { code: 'not-found' });
});

test('an organization is younger than whatever ran for a former one under its id, though the clock was set back', async (t) => {
  const { configs, history, state, time } = await openRoom(t);
  const run: RunRecord = {
    ...{
      id: 'run-1',
      workflowId: 'hello',
      folder: '/test',
      triggeredBy: 'cli',
      mode: 'sync',
      status: 'Success',
    },
    ...{ organizationId: 'acme', createdAt: time.now, input: {}, logs: [], droppedLogBytes: 0 },
  };
  await history.putRun(run);
  await configs.removeOrganization({ id: 'acme' }, 'cli');
  time.now -= 86_400_000;
  await configs.addOrganization({ id: 'acme' }, 'cli');
  const added = await state.get('organizations', 'acme');
  assert.ok(added);
  assert.equal(ownsRun(added, run), false);
  assert.equal(ownsRun(added, { ...run, createdAt: added.createdAt }), true);
  assert.equal(ownsRun(added, { ...run, createdAt: added.createdAt, organizationId: 'globex' }), false);
});

test('an organization that is renamed keeps its id and its configs, and that is audited', async (t) => {
  const room = await openRoom(t);
  const { configs, audited } = room;
  await configs.set({ name: 'one', type: 'int', value: 1, organizationId: 'acme' }, 'cli');
  audited.length = 0;
  const row = await configs.renameOrganization({ id: 'acme', name: ' Acme Ltd. ' }, 'editor');
  assert.deepEqual([row.id, row.name], ['acme', 'Acme Ltd.']);
  assert.deepEqual(
    (await configs.listOrganizations()).map(({ name }) => name),
    ['Acme Ltd.', 'globex'],
  );
  assert.equal((await configs.get({ name: 'one', organizationId: 'acme' })).value, 1);
  const entry = {
    actor: 'editor',
    action: 'organization.renamed',
    target: 'acme',
    outcome: 'ok',
    organizationId: 'acme',
  };
  assert.deepEqual(audited, [entry]);
  audited.length = 0;
  for (const name of ['', ' ', 'a\nb', '\ud800', 'x'.repeat(101)]) {
    await refuses(
      room,
      () => configs.renameOrganization({ id: 'acme', name }, 'cli'),
      'bad-input',
      /name of organization "acme" is 1 to 100/,
    );
  }
  await refuses(
    room,
    () => configs.renameOrganization({ id: 'x', name: 'X' }, 'cli'),
    'not-found',
    /no organization "x"/,
  );
});

test('removing an organization revokes its keys in the same change, and no other key', async (t) => {
  const { configs, state, audited, time } = await openRoom(t);
  const key = {
    kind: 'workflow' as const,
    prefix: 'bk_live_',
    lastFour: '1a2b',
    description: 'CI',
    createdAt: 0,
    createdBy: 'cli',
  };
  await state.transact(async (tx) => {
    tx.put('keys', { ...key, id: 'live', hash: 'a', organizationId: 'acme' });
    tx.put('keys', { ...key, id: 'expired', hash: 'b', organizationId: 'acme', expiresAt: 1 });
    tx.put('keys', { ...key, id: 'revoked', organizationId: 'acme', revokedAt: 1 });
    tx.put('keys', { ...key, id: 'other', hash: 'c', organizationId: 'globex' });
    tx.put('keys', { ...key, id: 'global', hash: 'd' });
    tx.audit({ actor: 'cli', action: 'key.created', target: 'live', outcome: 'ok' });
  });
  const { revision } = state;
  audited.length = 0;
  const removed = await configs.removeOrganization({ id: 'acme' }, 'cli');
  assert.deepEqual(removed, { keys: 2, configs: 0, credentials: 0, workflows: 0 });
  assert.equal(state.revision, revision + 1);
  assert.deepEqual(
    (await state.list('keys')).map(({ id, hash, organizationId, revokedAt }) => [
      id,
      hash,
      organizationId,
      revokedAt,
    ]),
    [
      ['live', undefined, 'acme', time.now],
      ['expired', undefined, 'acme', time.now],
      ['revoked', undefined, 'acme', 1],
      ['other', 'c', 'globex', undefined],
      ['global', 'd', undefined, undefined],
    ],
  );
  assert.deepEqual(
    audited.map(({ action, target }) => `${action} ${target}`),
    ['key.revoked live', 'key.revoked expired', 'organization.removed acme'],
  );
});

test('listeners learn what has changed, after it is durable and until they stop', async (t) => {
  const { configs, state } = await openRoom(t);
  const heard: [string, number][] = [];
  const stop = configs.onChange((nouns) => heard.push([nouns.join(' '), state.revision]));
  const start = state.revision;
  await configs.set({ name: 'limit', type: 'int', value: 1, organizationId: 'acme' }, 'cli');
  await configs.unset({ name: 'limit', organizationId: 'acme' }, 'cli');
  await configs.addOrganization({ id: 'new' }, 'cli');
  await configs.removeOrganization({ id: 'new' }, 'cli');
  await configs.set({ name: 'limit', type: 'int', value: 1, organizationId: 'acme' }, 'cli');
  await configs.removeOrganization({ id: 'acme' }, 'cli');
  await assert.rejects(configs.unset({ name: 'limit' }, 'cli'));
  stop();
  await configs.set({ name: 'limit', type: 'int', value: 1 }, 'cli');
  assert.deepEqual(heard, [
    ['configs', start + 1],
    ['configs', start + 2],
    ['organizations', start + 3],
    ['organizations', start + 4],
    ['configs', start + 5],
    ['organizations configs', start + 6],
  ]);
});
