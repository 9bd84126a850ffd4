/** The lock of a data directory, held and lost by real processes. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { lockDataDirectory } from '../../server/store/lock.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const holderProgram = fileURLToPath(new URL('./lockHolder.ts', import.meta.url));

/** Another process that holds the lock until it is killed. */
async function startHolder(directory: string) {
  const child = spawn(process.execPath, [holderProgram, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  assert.equal(child.exitCode, null, 'the other process holds the lock');
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('the lock of a data directory', () => {
  test('a directory that cannot be made is refused at once, also where the system says that nothing is there', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    for (const directory of ['/proc/example/data', file, join(file, 'data')])
      assert.throws(() => lockDataDirectory(directory), { code: 'storage-failed' });
  });

  test('it is held by one process, named by its id, and freed when that is killed', async () => {
    using folder = temporaryFolder();
    const directory = join(folder.path, 'data');
    {
      await using holder = await startHolder(directory);
      // What a daemon that was killed has left behind does not mislead.
      await writeFile(join(directory, 'daemon.json'), JSON.stringify({ pid: 1 }));
      assert.throws(
        () => lockDataDirectory(directory),
        (thrown: Error & { code: string }) => {
          assert.equal(thrown.code, 'data-locked');
          assert.ok(thrown.message.includes(directory));
          assert.ok(thrown.message.includes(String(holder.pid)));
          return true;
        },
      );
    }
    lockDataDirectory(directory).release();
  });

  test('a second one in the same process is refused, and does not free the first', async () => {
    using folder = temporaryFolder();
    const lock = lockDataDirectory(folder.path);
    assert.throws(() => lockDataDirectory(folder.path), {
      code: 'data-locked',
      message: new RegExp(`process id ${process.pid}\\b`),
    });
    const child = spawn(process.execPath, [holderProgram, folder.path], { stdio: 'ignore' });
    const [code] = await once(child, 'close');
    assert.notEqual(code, 0);
    lock.release();
    lock.release();
    lockDataDirectory(folder.path).release();
  });

  test('a holder that cannot be read still gives a clear refusal', async () => {
    using folder = temporaryFolder();
    const lock = lockDataDirectory(folder.path);
    for (const content of ['', 'null', '-1', 'one']) {
      await writeFile(join(folder.path, 'daemon.pid'), content);
      assert.throws(() => lockDataDirectory(folder.path), { code: 'data-locked', message: /another daemon/ });
    }
    lock.release();
  });

  test('a missing directory is made for its owner only', async () => {
    using folder = temporaryFolder();
    const directory = join(folder.path, 'some', 'data');
    const lock = lockDataDirectory(directory);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(join(directory, 'daemon.lock'))).mode & 0o777, 0o600);
    lock.release();
  });

  test('a directory that every user may write to is refused, and taken once it is private', async () => {
    using folder = temporaryFolder();
    await chmod(folder.path, 0o777);
    assert.throws(() => lockDataDirectory(folder.path), { code: 'storage-failed', message: /chmod 700/ });
    await chmod(folder.path, 0o700);
    lockDataDirectory(folder.path).release();
  });

  test('a directory that cannot be used is a failure that names it', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    for (const directory of [file, join(file, 'below')]) {
      assert.throws(
        () => lockDataDirectory(directory),
        (thrown: Error & { code: string }) =>
          thrown.code === 'storage-failed' && thrown.message.includes(directory),
      );
    }
  });
});
