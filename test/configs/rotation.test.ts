/** Another secret key takes the place of the present one, also in a process that is killed meanwhile. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { openConfigAccess } from '../../server/configs/access.ts';
import { openConfigs } from '../../server/configs/configs.ts';
import { openKeyedVault, openRotation, type Rotation } from '../../server/configs/rotation.ts';
import { deriveKey, secretKeyFile, stagedKeyFile, stageKey } from '../../server/configs/secretKey.ts';
import { openVault, type Vault } from '../../server/configs/vault.ts';
import { newId } from '../../server/ids.ts';
import type { State } from '../../server/store/contracts/state.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { openStore, references, type TestStore } from './store.ts';

const present = 'test-present-key-of-at-least-32-characters';
const following = 'test-following-key-of-at-least-32-characters';
const environment = { BIFROST_SECRET_KEY: present };

interface Room extends TestStore {
  vault: Vault;
  rotation: Rotation;
  configs: ReturnType<typeof openConfigs>;
  /** The vault of the next start, with these variables. */
  again(variables: Record<string, string>): Promise<Vault>;
}

async function openRoom(t: TestContext, variables: Record<string, string> = environment): Promise<Room> {
  const store = await openStore(t);
  const { vault, source } = await openKeyedVault({ ...store, environment: variables });
  await vault.checkKey(store.state);
  const configs = openConfigs({ ...store, vault, newId });
  await configs.addOrganization({ id: 'acme' }, 'cli');
  store.audited.length = 0;
  return {
    ...store,
    vault,
    configs,
    rotation: openRotation({ ...store, vault, source }),
    again: async (given) => (await openKeyedVault({ ...store, environment: given })).vault,
  };
}

/** Secrets of two scopes, a reference, and credentials with one and with two tokens. */
async function fill(state: State, vault: Vault, count: number): Promise<void> {
  await state.transact(async (tx) => {
    const seal = await vault.sealer(tx);
    for (let index = 0; index < count; index += 1) {
      const place = {
        id: `id-${index}`,
        name: `name_${index}`,
        ...(index % 2 === 1 && { organizationId: 'acme' }),
      };
      const content = { text: `test-value-${index}`, isReference: index % 3 === 0 };
      const change = { updatedAt: 7, updatedBy: 'cli' };
      tx.put('configs', { ...place, type: 'secret', value: seal(place, content), ...change });
      const credential = { ...place, id: `credential-${index}`, hosts: ['api.example.com'] };
      const sealText = (text: string) => seal(credential, { text, isReference: false });
      tx.put('credentials', {
        ...credential,
        service: 'generic',
        auth: 'refresh-token',
        value: sealText(`test-token-${index}`),
        ...(index % 2 === 0 && { clientSecret: sealText(`test-client-${index}`) }),
        createdAt: 7,
        ...change,
      });
    }
    const change = { type: 'string', value: 'plain', updatedAt: 7, updatedBy: 'cli' } as const;
    tx.put('configs', { id: 'plain', name: 'plain', ...change });
    tx.put('configs', { id: 'needed', name: 'needed', type: 'secret', updatedAt: 7, updatedBy: 'cli' });
    tx.audit({ actor: 'cli', action: 'test.filled', target: 'all', outcome: 'ok' });
  });
}

/** Every stored content, as `read` gives it; the rest of each record stays beside it. */
async function contents(state: State, vault: Vault): Promise<unknown[]> {
  const configs = await state.list('configs');
  const credentials = await state.list('credentials');
  return [
    ...configs.map((record) =>
      record.type === 'secret' && record.value !== undefined
        ? { ...record, value: vault.read(record, String(record.value)) }
        : record,
    ),
    ...credentials.map((record) => ({
      ...record,
      value: vault.open(record, record.value),
      ...(record.clientSecret !== undefined && { clientSecret: vault.open(record, record.clientSecret) }),
    })),
  ];
}

/** How many of the stored tokens open with a key. */
async function countOpened(state: State, key: Buffer): Promise<{ opened: number; all: number }> {
  const vault = openVault(key);
  const tokens = [
    ...(await state.list('configs')).filter(({ type, value }) => type === 'secret' && value !== undefined),
    ...(await state.list('credentials')),
    ...(await state.list('credentials')).flatMap(({ clientSecret, ...record }) =>
      clientSecret === undefined ? [] : [{ ...record, value: clientSecret }],
    ),
  ];
  const opened = tokens.filter((record) => {
    try {
      vault.read(record, String(record.value));
      return true;
    } catch {
      return false;
    }
  });
  return { opened: opened.length, all: tokens.length };
}

test('a rotation seals every secret and credential with the new key, and changes nothing else (D7)', async (t) => {
  const { state, vault, rotation, audited, again } = await openRoom(t);
  await fill(state, vault, 6);
  const before = await contents(state, vault);
  audited.length = 0;
  assert.deepEqual(await rotation.rotate({ kind: 'chosen', text: following }, 'cli'), {
    secrets: 6,
    credentials: 6,
    alreadyDone: false,
    keptIn: 'environment',
  });
  assert.deepEqual(await contents(state, vault), before);
  assert.deepEqual(await contents(state, await again({ BIFROST_SECRET_KEY: following })), before);
  assert.deepEqual(await countOpened(state, deriveKey(present)), { opened: 0, all: 15 });
  assert.equal(await rotation.keyState(), 'ok');
  assert.deepEqual(audited, [
    {
      actor: 'cli',
      action: 'vault.rotated',
      target: 'vault.keyCheck',
      outcome: 'ok',
      detail: { secrets: 6, credentials: 6, keptIn: 'environment' },
    },
  ]);
});

test('a dry run counts, names what does not open, and changes nothing', async (t) => {
  const { state, vault, rotation } = await openRoom(t);
  await fill(state, vault, 3);
  const { revision } = state;
  const found = { source: 'environment', secrets: 3, credentials: 3, unreadable: [] as string[] };
  assert.deepEqual(await rotation.check(), found);
  assert.equal(state.revision, revision);
  await damage(state, 'id-1');
  assert.deepEqual(await rotation.check(), {
    ...found,
    unreadable: ['secret "name_1" (organization "acme")'],
  });
});

/** The row's token is from then on another row's. */
async function damage(state: State, id: string): Promise<void> {
  await state.transact(async (tx) => {
    const record = await tx.get('configs', id);
    const other = await tx.get('configs', 'id-0');
    assert.ok(record && other);
    tx.put('configs', { ...record, value: other.value });
    tx.audit({ actor: 'test', action: 'test.damaged', target: id, outcome: 'ok' });
  });
}

test('while one secret does not open nothing is rotated, and the refusal names it', async (t) => {
  const { state, vault, rotation } = await openRoom(t);
  await fill(state, vault, 3);
  await damage(state, 'id-1');
  const before = await state.list('configs');
  await assert.rejects(rotation.rotate({ kind: 'chosen', text: following }, 'cli'), {
    code: 'cannot-decrypt',
    message: /do not open: secret "name_1" \(organization "acme"\)\. Set or remove each, then rotate/,
  });
  assert.deepEqual(await state.list('configs'), before);
  assert.equal(rotation.progress, undefined);
  await state.transact(async (tx) => {
    tx.remove('configs', 'id-1');
    tx.audit({ actor: 'test', action: 'config.removed', target: 'id-1', outcome: 'ok' });
  });
  assert.equal((await rotation.rotate({ kind: 'chosen', text: following }, 'cli')).secrets, 2);
});

test('a key that cannot be the value of BIFROST_SECRET_KEY is refused and not repeated', async (t) => {
  const { rotation, state } = await openRoom(t);
  const { revision } = state;
  for (const text of [
    '',
    'canary',
    'canary'.padEnd(31, 'x'),
    `canary\n${following}`,
    `canary\0${following}`,
  ]) {
    await assert.rejects(rotation.rotate({ kind: 'chosen', text }, 'cli'), ({ code, message }: never) => {
      assert.equal(code, 'bad-input');
      assert.match(message, /new secret key/);
      assert.doesNotMatch(message, /canary/);
      return true;
    });
  }
  await assert.rejects(rotation.rotate({ kind: 'generated' }, 'cli'), {
    code: 'bad-input',
    message: /BIFROST_SECRET_KEY, so the new one must be given/,
  });
  assert.equal(state.revision, revision);
});

test('the same key again is done already, and changes nothing', async (t) => {
  const { state, vault, rotation } = await openRoom(t);
  await fill(state, vault, 2);
  for (const text of [present, following, following]) {
    const { revision } = state;
    const { alreadyDone } = await rotation.rotate({ kind: 'chosen', text }, 'cli');
    assert.equal(state.revision, alreadyDone ? revision : revision + 1);
  }
  assert.equal((await rotation.rotate({ kind: 'chosen', text: following }, 'cli')).alreadyDone, true);
});

test('what is set and read while the key is rotated neither fails nor keeps the old key', async (t) => {
  const room = await openRoom(t);
  const { state, vault, rotation, configs, again } = room;
  await fill(state, vault, 150);
  const services = openConfigAccess({ ...room, configs, vault, references });
  const run = { runId: 'run-1', workflowId: 'reads' };
  let isOver = false;
  let reads = 0;
  let writes = 0;
  const reading = (async () => {
    for (; !isOver; reads += 1) {
      const answer = await services.getConfig(run, { name: 'name_2' });
      assert.deepEqual(answer, { found: true, value: 'test-value-2', secret: true });
      await setImmediate();
    }
  })();
  const writing = (async () => {
    for (; !isOver; writes += 1) {
      await configs.set({ name: 'written', type: 'secret', value: `test-written-${writes}` }, 'cli');
    }
  })();
  for (const text of [following, present, following]) {
    const [readsBefore, writesBefore] = [reads, writes];
    while (reads === readsBefore || writes === writesBefore) await setImmediate();
    const rotated = rotation.rotate({ kind: 'chosen', text }, 'cli');
    await assert.rejects(rotation.rotate({ kind: 'chosen', text: present }, 'cli'), { code: 'conflict' });
    await rotated;
  }
  isOver = true;
  await Promise.all([reading, writing]);
  const { opened, all } = await countOpened(state, deriveKey(following));
  assert.equal(opened, all);
  const next = await again({ BIFROST_SECRET_KEY: following });
  const record = await configs.resolve({ name: 'written' });
  assert.equal(next.open(record as never, String(record?.value)), `test-written-${writes - 1}`);
});

test('a rotation that cannot be stored changes nothing, and what is set after it has the old key', async (t) => {
  const { state, vault, rotation, audited } = await openRoom(t);
  await fill(state, vault, 3);
  const before = await contents(state, vault);
  const audit = audited.push.bind(audited);
  audited.push = () => {
    throw new Error('The disk of the audit log is full.');
  };
  await assert.rejects(rotation.rotate({ kind: 'chosen', text: following }, 'cli'), {
    code: 'storage-failed',
  });
  audited.push = audit;
  assert.deepEqual(await contents(state, vault), before);
  await fill(state, vault, 3);
  assert.deepEqual(await countOpened(state, deriveKey(present)), { opened: 8, all: 8 });
});

test('a generated key is in its file, for its owner only, and the former one is gone', async (t) => {
  const { directory, state, vault, rotation, again } = await openRoom(t, {});
  await fill(state, vault, 3);
  const before = await contents(state, vault);
  const former = await readFile(join(directory, secretKeyFile), 'utf8');
  assert.equal((await rotation.rotate({ kind: 'generated' }, 'cli')).keptIn, 'file');
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith(secretKeyFile)),
    [secretKeyFile],
  );
  assert.notEqual(await readFile(join(directory, secretKeyFile), 'utf8'), former);
  assert.deepEqual(await contents(state, await again({})), before);
  assert.deepEqual(await countOpened(state, deriveKey(former.trim())), { opened: 0, all: 8 });
});

test('a staged key that the state is sealed with already is the key from the next start on', async (t) => {
  const { directory, state, vault, rotation, again } = await openRoom(t, {});
  await fill(state, vault, 2);
  const before = await contents(state, vault);
  // As a kill right before the last step leaves it.
  await stageKey(directory);
  const text = (await readFile(join(directory, stagedKeyFile), 'utf8')).trim();
  await rotation.rotate({ kind: 'chosen', text }, 'cli');
  assert.deepEqual(await contents(state, await again({})), before);
  assert.ok(!existsSync(join(directory, stagedKeyFile)));
  assert.equal((await readFile(join(directory, secretKeyFile), 'utf8')).trim(), text);
});

test('a staged key goes when the state has the old one, and stays when it fits neither', async (t) => {
  const { directory, state, vault, again } = await openRoom(t, {});
  await fill(state, vault, 1);
  const staged = join(directory, stagedKeyFile);
  const text = `${'x'.repeat(43)}\n`;
  await writeFile(staged, text, { mode: 0o600 });
  await writeFile(`${staged}.new`, 'half', { mode: 0o600 });
  await again({});
  assert.ok(!existsSync(staged) && !existsSync(`${staged}.new`));
  await writeFile(staged, text, { mode: 0o600 });
  await writeFile(join(directory, secretKeyFile), `${'y'.repeat(43)}\n`, { mode: 0o600 });
  assert.equal(await (await again({})).checkKey(state), 'wrong');
  assert.equal(await readFile(staged, 'utf8'), text);
});

test('with a wrong key at start no secret is set, and everything works again with the right one (D6)', async (t) => {
  const { state, vault, configs, again, ...store } = await openRoom(t);
  await configs.set({ name: 'token', type: 'secret', value: 'test-token' }, 'cli');
  const wrongVault = await again({ BIFROST_SECRET_KEY: following });
  const wrong = openConfigs({ ...store, state, vault: wrongVault, newId });
  const { revision } = state;
  for (const name of ['token', 'other']) {
    await assert.rejects(wrong.set({ name, type: 'secret', value: 'canary' }, 'cli'), {
      code: 'cannot-decrypt',
      message: /^No secret can be stored now: .*another BIFROST_SECRET_KEY\. Start the daemon with that key/,
    });
  }
  const rotation = openRotation({ ...store, state, vault: wrongVault, source: 'environment' });
  assert.equal(await rotation.keyState(), 'wrong');
  await assert.rejects(rotation.rotate({ kind: 'chosen', text: `${following}-2` }, 'cli'), {
    code: 'cannot-decrypt',
    message: /sealed with another BIFROST_SECRET_KEY than the present one/,
  });
  assert.equal(state.revision, revision);
  await wrong.set({ name: 'plain', type: 'int', value: 1 }, 'cli');
  const record = await configs.resolve({ name: 'token' });
  assert.equal((await again(environment)).open(record as never, String(record?.value)), 'test-token');

  // The right key, given to the daemon that runs with the wrong one, is taken.
  assert.equal((await rotation.rotate({ kind: 'chosen', text: present }, 'cli')).alreadyDone, true);
  assert.equal(await rotation.keyState(), 'ok');
  await wrong.set({ name: 'token', type: 'secret', value: 'test-token-2' }, 'cli');
  assert.deepEqual(await countOpened(state, deriveKey(present)), { opened: 1, all: 1 });
});

test('once the last secret of a lost key is removed, the present key takes over', async (t) => {
  const { state, configs, again, audited, ...store } = await openRoom(t);
  await configs.set({ name: 'token', type: 'secret', value: 'test-token' }, 'cli');
  const vault = await again({ BIFROST_SECRET_KEY: following });
  const later = openConfigs({ ...store, state, vault, newId });
  await later.unset({ name: 'token' }, 'cli');
  audited.length = 0;
  await later.set({ name: 'token', type: 'secret', value: 'test-token-2' }, 'cli');
  assert.deepEqual(
    audited.map(({ action }) => action),
    ['vault.keyed', 'secret.written'],
  );
  assert.equal(await vault.checkKey(state), 'ok');
  assert.deepEqual(await countOpened(state, deriveKey(following)), { opened: 1, all: 1 });
});

const rotator = join(import.meta.dirname, 'rotator.ts');
const killsEach = 50;
/** Tokens that `fill` makes of two secrets and credentials. */
const tokenCount = 5;

describe('killed at a random point', { concurrency: true }, () => {
  test(`${killsEach} times while a key is generated, each secret opens with exactly one key`, (t) =>
    killAndCheck(t, []));
  test(`${killsEach} times while a key is chosen, each secret opens with exactly one key`, (t) =>
    killAndCheck(t, [present, following]));
});

/**
 * Kills rotations in one data directory; after each it asserts that nothing is lost and that rotating again finishes.
 *
 * @param texts the two keys that take turns, the present one first; none: they are generated.
 */
async function killAndCheck(t: TestContext, texts: string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'rotation-'));
  t.after(() => rm(directory, { recursive: true }));
  // Compiled once, not at each start.
  const cache = join(directory, 'compiled');
  let before: unknown[] | undefined;
  const found = { former: 0, next: 0, staged: 0 };
  for (let round = 0; round <= killsEach; round += 1) {
    if (before) await rotateAndKill([directory, ...texts], cache);
    const state = await openLowdbState({ directory, writeAudit: async () => undefined });
    if (before) {
      const candidates = texts.length === 0 ? await fileKeys(directory) : texts.map(deriveKey);
      const opened = await Promise.all(candidates.map(async (key) => (await countOpened(state, key)).opened));
      assert.deepEqual(opened.toSorted(), [...candidates.slice(1).map(() => 0), tokenCount]);
      if (opened[1] === tokenCount) texts.reverse();
      found[opened[0] === tokenCount ? 'former' : 'next'] += 1;
      if (existsSync(join(directory, stagedKeyFile))) found.staged += 1;
    }
    const [text, nextText] = texts;
    const environment = text === undefined ? {} : { BIFROST_SECRET_KEY: text };
    const { vault, source } = await openKeyedVault({ state, directory, environment });
    if (!before) await fill(state, vault, 2);
    before ??= await contents(state, vault);
    assert.deepEqual(await contents(state, vault), before);

    const rotation = openRotation({ state, directory, vault, source });
    await rotation.rotate(
      nextText === undefined ? { kind: 'generated' } : { kind: 'chosen', text: nextText },
      'cli',
    );
    texts.reverse();
    assert.deepEqual(await contents(state, vault), before);
    await state.close();
  }
  t.diagnostic(`${found.former} before the state, ${found.next} after it, ${found.staged} with a staged key`);
}

/** Runs a rotator until a random moment, which is anywhere in its first rotations. */
async function rotateAndKill(args: readonly string[], cache: string): Promise<void> {
  const child = spawn(process.execPath, [rotator, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const closed = once(child, 'close');
  try {
    await once(child.stdout, 'data');
    await setTimeout(Math.random() * 40);
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
  assert.equal(child.signalCode, 'SIGKILL');
}

/** The keys in the files of the data directory. */
async function fileKeys(directory: string): Promise<Buffer[]> {
  const names = [secretKeyFile, stagedKeyFile].filter((name) => existsSync(join(directory, name)));
  return Promise.all(
    names.map(async (name) => deriveKey((await readFile(join(directory, name), 'utf8')).trim())),
  );
}
