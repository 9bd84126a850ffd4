/** The embedded state: the contracts of every state engine, and what is its own about `state.json`. */

import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { openLowdbState } from '../../server/store/lowdbState.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { entry, keyRecord, noAudit, putMeta, type StatePlace, stateContract } from './stateContract.ts';
import { stateFailureContract } from './stateFailureContract.ts';

async function makePlace(): Promise<StatePlace & { path: string; directory: string }> {
  const folder = temporaryFolder();
  const directory = folder.path;
  const path = join(directory, 'state.json');
  return {
    path,
    directory,
    open: (writeAudit) => openLowdbState({ directory, writeAudit }),
    breakWrites: async () => {
      // Rights would not stop root; a folder in the place of the temporary file stops everyone.
      await mkdir(`${path}.tmp`);
      return () => rmdir(`${path}.tmp`);
    },
    [Symbol.asyncDispose]: async () => folder.remove(),
  };
}

stateContract('lowdb', makePlace);
stateFailureContract('lowdb', makePlace);

describe('state.json', () => {
  const good = {
    schemaVersion: 3,
    revision: 3,
    collections: {
      organizations: [],
      keys: [keyRecord('a')],
      configs: [],
      credentials: [],
      workflowSettings: [],
      folders: [],
      meta: [],
    },
  };
  const withKeys = (...keys: unknown[]) =>
    JSON.stringify({ ...good, collections: { ...good.collections, keys } });
  const { folders: _, ...allButOne } = good.collections;

  const damaged: Record<string, string | Buffer> = {
    'an empty file': '',
    'a file of blanks': ' \n',
    'a truncated file': JSON.stringify(good).slice(0, -20),
    'something that is not JSON': 'bk_live_example',
    'bytes that are not UTF-8': Buffer.from([0x7b, 0xff, 0x7d]),
    'a list': '[]',
    'a document without a version': JSON.stringify({ ...good, schemaVersion: undefined }),
    'a document of version 0': JSON.stringify({ ...good, schemaVersion: 0 }),
    'a negative revision': JSON.stringify({ ...good, revision: -1 }),
    'a revision in words': JSON.stringify({ ...good, revision: 'three' }),
    'no collections': JSON.stringify({ ...good, collections: [] }),
    'a missing collection': JSON.stringify({ ...good, collections: allButOne }),
    'an unknown collection': JSON.stringify({ ...good, collections: { ...good.collections, plans: [] } }),
    'a record that is no object': withKeys('a'),
    'a record without a field': withKeys({ ...keyRecord('a'), createdAt: undefined }),
    'an expiry in words': withKeys({ ...keyRecord('a'), expiresAt: 'tomorrow' }),
    'an unknown kind of key': withKeys({ ...keyRecord('a'), kind: 'admin' }),
    'scopes that are no list of words': withKeys({ ...keyRecord('a'), scopes: [1] }),
    'two records with one id': withKeys(keyRecord('a'), keyRecord('a')),
  };
  for (const [what, content] of Object.entries(damaged)) {
    test(`${what} is refused with the path and what to do, and left as it is`, async () => {
      await using place = await makePlace();
      await writeFile(place.path, content);
      await assert.rejects(place.open(noAudit), (thrown: Error & { code: string }) => {
        assert.equal(thrown.code, 'data-damaged');
        assert.ok(thrown.message.includes(place.path));
        assert.match(thrown.message, /restore it from a backup/i);
        assert.doesNotMatch(thrown.message, /bk_live_example/);
        return true;
      });
      assert.deepEqual(await readFile(place.path), Buffer.from(content));
    });
  }

  test('a document of the version before credentials is read, with none', async () => {
    await using place = await makePlace();
    const { credentials: _none, workflowSettings: _neither, ...collections } = good.collections;
    await writeFile(place.path, JSON.stringify({ ...good, schemaVersion: 1, collections }));
    const state = await place.open(noAudit);
    assert.deepEqual(await state.list('credentials'), []);
    assert.deepEqual(await state.list('keys'), [keyRecord('a')]);
    await state.close();
  });

  test('a newer schema is refused with the path and both versions, and left as it is', async () => {
    await using place = await makePlace();
    const content = JSON.stringify({ schemaVersion: 7, plans: [] });
    await writeFile(place.path, content);
    await assert.rejects(place.open(noAudit), (thrown: Error & { code: string }) => {
      assert.equal(thrown.code, 'data-too-new');
      assert.ok(thrown.message.includes(place.path));
      assert.match(thrown.message, /version 7.*up to 3/);
      return true;
    });
    assert.equal(await readFile(place.path, 'utf8'), content);
  });

  test('a symbolic link is refused, and what it points to is left as it is', async () => {
    await using place = await makePlace();
    const target = join(place.directory, 'elsewhere.json');
    await writeFile(target, JSON.stringify(good));
    await symlink(target, place.path);
    await assert.rejects(place.open(noAudit), { code: 'storage-failed', message: /symbolic link/ });
    assert.equal(await readFile(target, 'utf8'), JSON.stringify(good));
  });

  test('a folder in its place is a clear failure', async () => {
    await using place = await makePlace();
    await mkdir(place.path);
    await assert.rejects(place.open(noAudit), { code: 'storage-failed' });
  });

  test('the file is readable by its owner only, also when it was not before', async () => {
    await using place = await makePlace();
    await writeFile(place.path, JSON.stringify(good), { mode: 0o644 });
    await chmod(place.path, 0o644);
    const state = await place.open(noAudit);
    await putMeta(state, 'a', 'b');
    assert.equal((await stat(place.path)).mode & 0o777, 0o600);
    await state.close();
  });

  test('what an interrupted write left behind is removed at start', async () => {
    await using place = await makePlace();
    await writeFile(place.path, JSON.stringify(good));
    await writeFile(`${place.path}.tmp`, '{"schemaVersion":1,"rev');
    const state = await place.open(noAudit);
    assert.equal(state.revision, 3);
    assert.deepEqual(await readdir(place.directory), ['state.json']);
    await state.close();
  });

  test('a write does not follow a link in the place of its temporary file', async () => {
    await using place = await makePlace();
    const state = await place.open(noAudit);
    const target = join(place.directory, 'victim');
    await writeFile(target, 'untouched');
    await symlink(target, `${place.path}.tmp`);
    await assert.rejects(putMeta(state, 'a', 'b'), { code: 'storage-failed' });
    assert.equal(await readFile(target, 'utf8'), 'untouched');
    await state.close();
  });

  test('opening alone writes nothing', async () => {
    await using place = await makePlace();
    const state = await place.open(noAudit);
    await state.close();
    assert.deepEqual(await readdir(place.directory), []);
  });

  test('transactions that wait together share one write', async () => {
    await using place = await makePlace();
    const batches: number[] = [];
    const state = await place.open(async (entries) => {
      batches.push(entries.length);
    });
    await Promise.all(Array.from({ length: 64 }, (_, index) => putMeta(state, `m${index}`, 'v')));
    assert.deepEqual(batches, [64]);
    await state.close();
  });

  test('who has read what never became durable is told so, and not what was read', async () => {
    await using place = await makePlace();
    const state = await place.open(noAudit);
    const repair = await place.breakWrites();
    const outcomes = await Promise.allSettled([
      putMeta(state, 'a', 'never durable'),
      state.transact(async (tx) => (await tx.get('meta', 'a'))?.value),
      state.transact(async (tx) => {
        if (await tx.get('meta', 'a')) throw new Error('the slot is taken');
      }),
    ]);
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.equal(outcome.reason.code, 'storage-failed');
    }
    await repair();
    assert.equal(await state.transact(async (tx) => (await tx.get('meta', 'a'))?.value), undefined);
    await state.close();
  });

  test('a change that is running while the one before it fails is rejected as well', async () => {
    await using place = await makePlace();
    const writing = Promise.withResolvers<void>();
    const failing = Promise.withResolvers<void>();
    let calls = 0;
    const state = await place.open(async () => {
      calls += 1;
      if (calls > 1) return;
      writing.resolve();
      await failing.promise;
    });
    const first = putMeta(state, 'a', '1');
    const secondRuns = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const second = state.transact(async (tx) => {
      const before = await tx.get('meta', 'a');
      secondRuns.resolve();
      await goOn.promise;
      tx.put('meta', { id: 'b', value: `after ${before?.value}` });
      tx.audit(entry);
    });
    await Promise.all([writing.promise, secondRuns.promise]);
    failing.reject(new Error('the audit log cannot be written'));
    await assert.rejects(first, { code: 'storage-failed' });
    goOn.resolve();
    await assert.rejects(second, { code: 'storage-failed' });
    await putMeta(state, 'c', '3');
    assert.deepEqual(await state.list('meta'), [{ id: 'c', value: '3' }]);
    await state.close();
  });

  test('any sequence of changes reads the same in the transaction, after it, and after opening again', async () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', '1', '0', '__proto__'),
      name: fc.constantFrom('X', 'Y', 'Z'),
      remove: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }), async (transactions) => {
        await using place = await makePlace();
        const state = await place.open(noAudit);
        const model = new Map<string, string>();
        const check = async (reader: Pick<typeof state, 'list' | 'findBy'>) => {
          const found = (await reader.list('configs')).map(({ id, name }) => [id, name]);
          assert.deepEqual(found, [...model]);
          for (const name of ['X', 'Y', 'Z']) {
            const byName = (await reader.findBy('configs', 'name', name)).map(({ id }) => id).sort();
            assert.deepEqual(byName, [...model.keys()].filter((id) => model.get(id) === name).sort());
          }
        };
        for (const steps of transactions) {
          await state.transact(async (tx) => {
            const net = new Map<string, string | undefined>();
            for (const { id, name, remove } of steps) {
              if (remove) tx.remove('configs', id);
              else tx.put('configs', { id, name, type: 'string', updatedAt: 1, updatedBy: 'cli' });
              net.set(id, remove ? undefined : name);
            }
            for (const [id, name] of net) {
              if (name === undefined) model.delete(id);
              else model.set(id, name);
            }
            tx.audit(entry);
            await check(tx);
          });
          await check(state);
        }
        await state.close();
        const again = await place.open(noAudit);
        await check(again);
        assert.equal(again.revision, transactions.length);
        await again.close();
      }),
      { numRuns: 40 },
    );
  });
});
