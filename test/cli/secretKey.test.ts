/** `rotate-secret-key` against a running daemon, and what the starts after it find. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DaemonStatus } from '../../server/protocol/daemon.ts';
import type { RotatedSecretKey } from '../../server/protocol/secretKey.ts';
import { runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { converse } from '../support/terminal.ts';

const folder = temporaryFolder();
after(() => folder.remove());

const present = 'test-present-key-of-at-least-32-characters';
const following = 'test-following-key-of-at-least-32-characters';

async function fill(data: string): Promise<void> {
  const typed = (args: string[], value: string) => runJson(data, args, value);
  await typed(['config', 'set', 'api_key', '--type', 'secret'], 'test-value-1');
  await typed(['credentials', 'add', 'stripe', '--service', 'stripe'], 'sk_test_example');
}

const keyState = async (data: string) => (await runJson<DaemonStatus>(data, ['status'])).secretKey;

test('a chosen key is read from standard input, and is BIFROST_SECRET_KEY from the next start on', async () => {
  const data = join(folder.path, 'chosen');
  const start = (key: string) => startDaemonProcess({ data, environment: { BIFROST_SECRET_KEY: key } });
  const daemon = await start(present);
  try {
    await fill(data);
    const dry = await runCommand(data, ['rotate-secret-key', '--dry-run']);
    assert.match(
      dry.stdout,
      /^Would encrypt 1 secret and 1 credential anew\..*BIFROST_SECRET_KEY\.\nAll of them open/,
    );
    for (const [args, input] of [
      [[], 'test-short'],
      [[], ''],
      [['--generate'], ''],
    ] as const) {
      const refused = await runCommand(data, ['rotate-secret-key', ...args], input);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^workflow-keys: [^\n]+\n$/);
    }
    const done = await runCommand(data, ['rotate-secret-key'], `${following}\n`);
    assert.equal(done.code, 0, done.stderr);
    assert.match(
      done.stdout,
      /^Encrypted 1 secret and 1 credential with the new key.*\nStart the daemon with BIFROST_SECRET_KEY/,
    );
    assert.equal(done.stderr, '');
    assert.equal(await keyState(data), 'ok');
    assert.match((await runCommand(data, ['audit'])).stdout, /cli +vault\.rotated +ok/);
  } finally {
    await daemon.end();
  }
  const wrong = await start(present);
  try {
    assert.equal(await keyState(data), 'wrong');
    const refused = await runCommand(data, ['config', 'set', 'other', '--type', 'secret'], 'test-value-2');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^workflow-keys: No secret can be stored now: [^\n]+\n$/);
    // Asked for the same rotation again it takes the key, and is done.
    const again = await runJson<RotatedSecretKey>(data, ['rotate-secret-key'], following);
    assert.equal(again.alreadyDone, true);
    assert.equal(await keyState(data), 'ok');
  } finally {
    await wrong.end();
  }
  const right = await start(following);
  try {
    assert.equal(await keyState(data), 'ok');
  } finally {
    await right.end();
  }
});

test('a key that the data directory keeps is replaced by a generated one', async () => {
  const data = join(folder.path, 'generated');
  const readKey = () => readFileSync(join(data, 'secret.key'), 'utf8');
  const daemon = await startDaemonProcess({ data });
  let former = '';
  try {
    await fill(data);
    former = readKey();
    const { stdout } = await runCommand(data, ['rotate-secret-key', '--generate']);
    assert.match(stdout, /\nIt is kept in the key file of the data directory\.\n$/);
    assert.ok(!stdout.includes(readKey().trim()));
  } finally {
    // At once, and not in order: nothing of the rotation may be left to do.
    await daemon.end('SIGKILL');
  }
  assert.notEqual(readKey(), former);
  const next = await startDaemonProcess({ data });
  try {
    const { secrets, credentials, unreadable } = await runJson<{
      secrets: number;
      credentials: number;
      unreadable: string[];
    }>(data, ['rotate-secret-key', '--dry-run']);
    assert.deepEqual([secrets, credentials, unreadable], [1, 1, []]);
  } finally {
    await next.end();
  }
});

test('at a terminal the new key is asked for twice, and typed unseen', async () => {
  const data = join(folder.path, 'typed');
  const daemon = await startDaemonProcess({ data, environment: { BIFROST_SECRET_KEY: present } });
  try {
    await fill(data);
    const type = (first: string, second: string) =>
      converse(
        data,
        ['rotate-secret-key'],
        [
          [/New secret key: /, first],
          [/New secret key, once more: /, second],
        ],
      );
    const different = await type(following, `${following}x`);
    assert.equal(different.code, 1);
    assert.match(different.shown, /The two are not the same; nothing was changed\./);
    const same = await type(following, following);
    assert.equal(same.code, 0);
    assert.match(same.shown, /Encrypted 1 secret and 1 credential with the new key/);
    for (const { shown } of [different, same]) assert.ok(!shown.includes(following.slice(0, 20)));
  } finally {
    await daemon.end();
  }
});
