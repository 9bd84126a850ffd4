/** Where the secret key comes from, and what its file must be. */

import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deriveKey, loadSecretKey, secretKeyFile } from '../../server/configs/secretKey.ts';

const text = 'a-secret-key-of-a-test-that-is-long-enough';

async function newDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'secret-key-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

test('the key is HKDF-SHA256 of BIFROST_SECRET_KEY with the parameters of D7 (S17)', async (t) => {
  const directory = await newDirectory(t);
  const loaded = await loadSecretKey({ environment: { BIFROST_SECRET_KEY: text }, directory });
  // Computed with the HKDF of Python's cryptography.
  const expected = 'c667fcf70040c2b26a0861a6197dbc96536260776ecb5a4c061b21873401232d';
  assert.equal(loaded.source, 'environment');
  assert.equal(loaded.key.toString('hex'), expected);
  assert.deepEqual(await readdir(directory), []);
});

test('a variable of fewer than 32 characters is refused, also an empty one, and never repeated', async (t) => {
  const directory = await newDirectory(t);
  for (const short of ['', 'x', 'canary-test-'.padEnd(31, 'x'), '🔑'.repeat(31)]) {
    const loading = loadSecretKey({ environment: { BIFROST_SECRET_KEY: short }, directory });
    await assert.rejects(loading, (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, 'bad-input');
      assert.match(thrown.message, /BIFROST_SECRET_KEY is shorter than 32 characters/);
      assert.doesNotMatch(thrown.message, /canary/);
      return true;
    });
  }
  assert.deepEqual(await readdir(directory), []);
});

test('without the variable a key is made once, in a file that only its owner can read', async (t) => {
  const directory = await newDirectory(t);
  const first = await loadSecretKey({ environment: {}, directory });
  assert.equal(first.source, 'file');
  assert.equal(first.key.length, 32);
  assert.deepEqual(await readdir(directory), [secretKeyFile]);
  assert.equal((await stat(join(directory, secretKeyFile))).mode & 0o777, 0o600);
  const second = await loadSecretKey({ environment: {}, directory });
  assert.deepEqual(second.key, first.key);
});

test('two directories get different keys', async (t) => {
  const one = await loadSecretKey({ environment: {}, directory: await newDirectory(t) });
  const other = await loadSecretKey({ environment: {}, directory: await newDirectory(t) });
  assert.notDeepEqual(one.key, other.key);
});

test('the text of the file, moved into the variable, gives the same key', async (t) => {
  const directory = await newDirectory(t);
  const made = await loadSecretKey({ environment: {}, directory });
  const moved = (await readFile(join(directory, secretKeyFile), 'utf8')).trim();
  const loaded = await loadSecretKey({ environment: { BIFROST_SECRET_KEY: moved }, directory });
  assert.deepEqual(loaded.key, made.key);
  assert.deepEqual(deriveKey(moved), made.key);
});

test('a draft that a crash left behind is replaced', async (t) => {
  const directory = await newDirectory(t);
  await writeFile(join(directory, `${secretKeyFile}.new`), 'half');
  await loadSecretKey({ environment: {}, directory });
  assert.deepEqual(await readdir(directory), [secretKeyFile]);
});

test('a file that others may read is refused with its path and what to do', async (t) => {
  const directory = await newDirectory(t);
  const path = join(directory, secretKeyFile);
  await loadSecretKey({ environment: {}, directory });
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    await chmod(path, mode);
    await assert.rejects(
      loadSecretKey({ environment: {}, directory }),
      (thrown: Error & { code?: string }) => {
        assert.equal(thrown.code, 'storage-failed');
        assert.ok(thrown.message.includes(path));
        assert.match(thrown.message, /600/);
        return true;
      },
    );
  }
  await chmod(path, 0o600);
  await loadSecretKey({ environment: {}, directory });
});

test('a damaged file is refused and left as it is, never replaced', async (t) => {
  const directory = await newDirectory(t);
  const path = join(directory, secretKeyFile);
  for (const damaged of ['', '\n', 'x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}!`]) {
    await writeFile(path, damaged, { mode: 0o600 });
    await assert.rejects(loadSecretKey({ environment: {}, directory }), { code: 'data-damaged' });
    assert.equal(await readFile(path, 'utf8'), damaged);
  }
});

test('a folder that is not there is a clear refusal', async (t) => {
  const directory = join(await newDirectory(t), 'missing');
  await assert.rejects(loadSecretKey({ environment: {}, directory }), { code: 'storage-failed' });
});
