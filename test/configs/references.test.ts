/** References resolved at each read, with real files, variables and commands. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openConfigAccess } from '../../server/configs/access.ts';
import { commandVariables } from '../../server/configs/commandOutput.ts';
import { openConfigs } from '../../server/configs/configs.ts';
import { openReferences, type References, type ReferencesParts } from '../../server/configs/references.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { newId } from '../../server/ids.ts';
import { selectEnvironment } from '../../server/runs/environment.ts';
import { isAlive, until } from '../runs/bench.ts';
import { openStore } from './store.ts';

interface Place {
  /** For files of the test. */
  folder: string;
  data: string;
  environment: Record<string, string | undefined>;
  references: References;
  resolve(text: string): Promise<string>;
  /** Writes a program for `sh` and gives its path, quoted. */
  script(name: string, lines: string): string;
}

function openPlace(t: TestContext, parts: Partial<ReferencesParts> = {}): Place {
  const root = mkdtempSync(join(tmpdir(), 'references-'));
  const folder = join(root, 'files');
  const data = join(root, 'data');
  mkdirSync(folder);
  mkdirSync(data);
  const environment: Record<string, string | undefined> = { HOME: folder };
  const references = openReferences({
    environment,
    commandEnvironment: selectEnvironment(process.env, commandVariables),
    dataDirectory: data,
    timeoutMs: 20_000,
    ...parts,
  });
  t.after(() => {
    references.close();
    rmSync(root, { recursive: true, maxRetries: 5 });
  });
  return {
    folder,
    data,
    environment,
    references,
    resolve: (text) => references.resolve({ name: 'api_key', organizationId: 'acme' }, text),
    script(name, lines) {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o700 });
      return `'${path}'`;
    },
  };
}

/** Asserts the error of D29: it names the secret and what failed, and nothing of the target or of what it gave. */
async function fails({ resolve }: Pick<Place, 'resolve'>, text: string, reason: string): Promise<void> {
  await assert.rejects(resolve(text), (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, 'reference-failed', thrown.stack);
    assert.equal(
      thrown.message,
      `The secret "api_key" (organization "acme") is kept elsewhere, and ${reason}. Repair that, or set the secret again.`,
    );
    assert.doesNotMatch(`${thrown.message}${thrown.cause}`, /canary/);
    return true;
  });
}

test('env: gives what the variable holds now', async (t) => {
  const place = openPlace(t);
  for (const value of ['sk_test_1', 'sk_test_2', ' é🔑 ']) {
    place.environment.STRIPE_KEY = value;
    assert.equal(await place.resolve('env:STRIPE_KEY'), value);
  }
  await fails(place, 'env:CANARY_UNSET', 'the environment variable is not set where the daemon runs');
  place.environment.STRIPE_KEY = '';
  await fails(place, 'env:STRIPE_KEY', 'the environment variable gave nothing');
});

test('file: gives what stands in the file now, without its last newline', async (t) => {
  const place = openPlace(t);
  const path = join(place.folder, 'api key');
  const contents: [string, string][] = [
    ['sk_test_1', 'sk_test_1'],
    ['sk_test_2\n', 'sk_test_2'],
    ['sk_test_3\r\n', 'sk_test_3'],
    ['\nsk_test_4\n\n', '\nsk_test_4\n'],
    [`${'x'.repeat(65_536)}\r\n`, 'x'.repeat(65_536)],
  ];
  for (const [written, value] of contents) {
    writeFileSync(path, written);
    assert.equal(await place.resolve(`file:${path}`), value);
    assert.equal(await place.resolve('file:~/api key'), value);
  }
  // As orchestrators mount secrets.
  symlinkSync(path, join(place.folder, 'link'));
  assert.equal((await place.resolve('file:~/link')).length, 65_536);
});

test('a file that cannot be the value says why', async (t) => {
  const place = openPlace(t);
  const path = join(place.folder, 'canary');
  const write = (content: string | Buffer) => writeFileSync(path, content);
  await fails(place, 'file:~/canary', 'the file does not exist');
  write('canary'.repeat(11_000));
  await fails(place, 'file:~/canary', 'the file gave more than 64 KiB');
  write(Buffer.from([0x63, 0xff]));
  await fails(place, 'file:~/canary', 'the file gave what is not UTF-8 text');
  write('\n');
  await fails(place, 'file:~/canary', 'the file gave nothing');
  await fails(place, `file:${path}/below`, 'the file does not exist');
  await fails(place, `file:${place.folder}`, 'the file is no ordinary file');
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(place.folder, 'pipe')]);
  await fails(place, 'file:~/pipe', 'the file is no ordinary file');
  await fails(place, 'file:/dev/zero', 'the file is no ordinary file');
});

test('no file of the daemon or of a process is given, by whatever path', async (t) => {
  const place = openPlace(t);
  const secret = join(place.data, 'secret.key');
  writeFileSync(secret, 'canary');
  symlinkSync(secret, join(place.folder, 'link'));
  symlinkSync(place.data, join(place.folder, 'folder'));
  for (const path of [secret, `${place.folder}/../data/secret.key`, '~/link', '~/folder/secret.key']) {
    await fails(place, `file:${path}`, "the file is one of the daemon's own");
  }
  await fails(place, 'file:/proc/self/environ', 'the file is one of the system');
});

test('command: gives what the command prints, without its last newline', async (t) => {
  const place = openPlace(t);
  assert.equal(await place.resolve('command:printf %s sk_test_1'), 'sk_test_1');
  assert.equal(await place.resolve(`command:printf '%s\\n' "sk test" '$HOME;x'`), 'sk test\n$HOME;x');
  const counter = join(place.folder, 'count');
  const counts = place.script('counts', `echo x >> '${counter}'; wc -l < '${counter}'`);
  assert.equal((await place.resolve(`command:${counts}`)).trim(), '1');
  assert.equal((await place.resolve(`command:${counts}`)).trim(), '2');
  const large = place.script('large', `head -c 65536 /dev/zero | tr '\\0' x; echo`);
  assert.equal((await place.resolve(`command:${large}`)).length, 65_536);
});

test('a command that does not give a value says why, and its standard error is nowhere', async (t) => {
  const place = openPlace(t);
  const script = (name: string, lines: string) => `command:${place.script(name, lines)}`;
  await fails(place, script('a', 'echo canary; echo canary >&2; exit 3'), 'the command exited with code 3');
  await fails(place, script('b', 'echo canary; kill -TERM $$'), 'the command was ended by SIGTERM');
  await fails(place, 'command:no-such-canary-command', 'the command was not found');
  await fails(place, `command:'${place.folder}/canary'`, 'the command was not found');
  await fails(place, script('c', 'echo canary >&2'), 'the command gave nothing');
  await fails(place, script('d', "printf '\\377'"), 'the command gave what is not UTF-8 text');
  await fails(place, script('e', 'yes canary'), 'the command printed more than 64 KiB');
  const text = join(place.folder, 'text');
  writeFileSync(text, 'canary', { mode: 0o600 });
  await fails(place, `command:'${text}'`, 'the command may not be executed');
});

test('a command has an empty input, a neutral folder and an environment without what is ours', async (t) => {
  const environment = {
    ...process.env,
    BIFROST_SECRET_KEY: 'canary-test-secret-key-of-32-characters',
    WORKFLOW_KEYS_DATA: 'canary',
    DATABASE_PASSWORD: 'canary',
    OP_SERVICE_ACCOUNT_TOKEN: 'example-op',
    VAULT_ADDR: 'https://vault.example.com',
    GNUPGHOME: '/home/example/.gnupg',
    PASSWORD_STORE_DIR: '/home/example/.password-store',
    XDG_RUNTIME_DIR: '/run/user/1',
  };
  const place = openPlace(t, { commandEnvironment: selectEnvironment(environment, commandVariables) });
  const seen = await place.resolve(`command:${place.script('env', 'pwd; wc -c; env')}`);
  assert.match(seen, /^\/\n *0\n/);
  assert.doesNotMatch(seen, /canary|BIFROST|WORKFLOW_KEYS/);
  for (const name of [
    'PATH',
    'HOME',
    'OP_SERVICE_ACCOUNT_TOKEN',
    'VAULT_ADDR',
    'GNUPGHOME',
    'PASSWORD_STORE_DIR',
    'XDG_RUNTIME_DIR',
  ]) {
    assert.match(seen, new RegExp(`^${name}=.`, 'm'));
  }
});

test('a command that takes too long is ended with everything that it has started', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const place = openPlace(t);
  const pids = join(place.folder, 'pids');
  const slow = place.script(
    'slow',
    `sleep 600 & echo $! $$ > '${pids}.part'; mv '${pids}.part' '${pids}'; wait`,
  );
  let isOver = false;
  const failed = fails(place, `command:${slow}`, 'the command took longer than 20 s').finally(() => {
    isOver = true;
  });
  while (!existsSync(pids) && !isOver) await setImmediate();
  t.mock.timers.tick(19_999);
  const started = readFileSync(pids, 'utf8').split(' ').map(Number);
  assert.deepEqual(started.map(isAlive), [true, true]);
  t.mock.timers.tick(1);
  await failed;
  while (started.some(isAlive)) await setImmediate();
});

test('what a command leaves behind neither holds up its value nor stays', async (t) => {
  const place = openPlace(t);
  const pid = join(place.folder, 'pid');
  const leaves = place.script('leaves', `sleep 600 & echo $! > '${pid}'; echo sk_test_1`);
  assert.equal(await place.resolve(`command:${leaves}`), 'sk_test_1');
  await until(() => !isAlive(Number(readFileSync(pid, 'utf8'))));
});

test('commands that run when the daemon stops are ended, and no other begins', async (t) => {
  const place = openPlace(t);
  const pids = join(place.folder, 'pids');
  writeFileSync(pids, '');
  const slow = place.script('slow', `echo $$ >> '${pids}'; exec sleep 600`);
  const started = () => readFileSync(pids, 'utf8').trim().split('\n').filter(Boolean).map(Number);
  const resolving = Array.from({ length: 12 }, () => place.resolve(`command:${slow}`));
  const settled = Promise.allSettled(resolving);
  // More at once would slow down everything else.
  await until(() => started().length === 8);
  place.references.close();
  const reasons = (await settled).map((result) =>
    result.status === 'rejected'
      ? /the command was (not started|ended)/.exec(String(result.reason))?.[1]
      : 'resolved',
  );
  assert.deepEqual(reasons.toSorted(), [...Array(8).fill('ended'), ...Array(4).fill('not started')]);
  await until(() => !started().some(isAlive));
  assert.equal(started().length, 8);
});

async function openRoom(t: TestContext) {
  const place = openPlace(t);
  const store = await openStore(t);
  const vault = openVault(deriveKey('a-secret-key-of-a-test-that-is-long-enough'));
  await vault.checkKey(store.state);
  const configs = openConfigs({ ...store, vault, newId });
  store.audited.length = 0;
  const services = openConfigAccess({ ...store, configs, vault, references: place.references });
  return { ...place, ...store, vault, configs, services };
}

const run = { runId: 'run-1', workflowId: 'reads' };

test('a secret that refers elsewhere is resolved at each get, and audited by its kind only (D29, C25, C26)', async (t) => {
  const { configs, services, environment, audited, readDisk } = await openRoom(t);
  const row = await configs.set({ name: 'token', type: 'secret', reference: 'env:CANARY_VARIABLE' }, 'cli');
  assert.deepEqual([row.type, row.value, row.reference], ['secret', '[SECRET]', 'env']);
  for (const value of ['canary-1', 'canary-2']) {
    environment.CANARY_VARIABLE = value;
    assert.deepEqual(await services.getConfig(run, { name: 'token' }), { found: true, value, secret: true });
  }
  delete environment.CANARY_VARIABLE;
  await assert.rejects(services.getConfig(run, { name: 'token' }), { code: 'reference-failed' });
  const read = { workflowId: 'reads', scope: 'global', reference: 'env' };
  assert.deepEqual(
    audited.map(({ action, outcome, detail }) => ({ action, outcome, detail })),
    [
      { action: 'secret.written', outcome: 'ok', detail: { type: 'secret', reference: 'env' } },
      { action: 'secret.read', outcome: 'ok', detail: read },
      { action: 'secret.read', outcome: 'ok', detail: read },
      { action: 'secret.read', outcome: 'failed', detail: read },
    ],
  );
  assert.doesNotMatch(JSON.stringify([audited, row, await configs.list()]), /canary/i);
  assert.doesNotMatch(await readDisk(), /canary/i);
});

test('an ordinary secret that begins like a reference stays what it is, also when a workflow sets it', async (t) => {
  const { configs, services, environment } = await openRoom(t);
  environment.HIDDEN = 'canary';
  await configs.set({ name: 'typed', type: 'secret', value: 'env:HIDDEN' }, 'cli');
  await services.setConfig(run, { name: 'stored', value: 'command:env', isSecret: true });
  const given = async (name: string) => {
    const answer = await services.getConfig(run, { name });
    return answer.found ? answer.value : undefined;
  };
  assert.deepEqual([await given('typed'), await given('stored')], ['env:HIDDEN', 'command:env']);
  const rows = await configs.list();
  assert.ok(rows.every(({ reference }) => reference === undefined));
});

test('an edit keeps a reference, and a new value takes its place', async (t) => {
  const { configs, services, environment } = await openRoom(t);
  environment.FIRST = 'test-first';
  await configs.set({ name: 'token', type: 'secret', reference: 'env:FIRST' }, 'editor');
  const edited = await configs.set({ name: 'token', type: 'secret', description: 'Stripe' }, 'editor');
  assert.equal(edited.reference, 'env');
  assert.deepEqual(await services.getConfig(run, { name: 'token' }), {
    found: true,
    value: 'test-first',
    secret: true,
  });
  await services.setConfig(run, { name: 'token', value: 'test-typed' });
  assert.equal((await configs.get({ name: 'token' })).reference, undefined);
  assert.deepEqual(await services.getConfig(run, { name: 'token' }), {
    found: true,
    value: 'test-typed',
    secret: true,
  });
});

test('a reference is for secrets, and in the place of a value', async (t) => {
  const { configs, state } = await openRoom(t);
  const { revision } = state;
  const wrong = [
    { type: 'string', reference: 'env:A' },
    { type: 'secret', reference: 'env:A', value: 'x' },
    { type: 'secret', reference: 'A' },
  ] as const;
  for (const wish of wrong) {
    await assert.rejects(configs.set({ name: 'token', ...wish }, 'cli'), { code: 'bad-input' });
  }
  assert.equal(state.revision, revision);
});

test('nobody makes a reference by writing into the state: what a token is, only the token says', async (t) => {
  const { configs, services, state, environment } = await openRoom(t);
  environment.HIDDEN = 'canary';
  await configs.set({ name: 'typed', type: 'secret', value: 'env:HIDDEN' }, 'cli');
  await configs.set({ name: 'referring', type: 'secret', reference: 'env:HIDDEN' }, 'cli');
  const [typed, referring] = await Promise.all(
    ['typed', 'referring'].map((name) => configs.resolve({ name })),
  );
  assert.ok(typed && referring);
  const forge = (value: unknown) =>
    state.transact(async (tx) => {
      tx.put('configs', { ...typed, value, reference: 'env' });
      tx.audit({ actor: 'test', action: 'test.forged', target: 'typed', outcome: 'ok' });
    });
  await forge(typed.value);
  assert.deepEqual(await services.getConfig(run, { name: 'typed' }), {
    found: true,
    value: 'env:HIDDEN',
    secret: true,
  });
  for (const value of ['env:HIDDEN', referring.value]) {
    await forge(value);
    await assert.rejects(services.getConfig(run, { name: 'typed' }), { code: 'cannot-decrypt' });
  }
});
