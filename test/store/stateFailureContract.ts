/** What every state engine guarantees when something fails, as tests; it does not know which engine it is run on. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import type { AuditEntry } from '../../server/store/contracts/audit.ts';
import type { State } from '../../server/store/contracts/state.ts';
import {
  addToSum,
  configRecord,
  entry,
  keyRecord,
  noAudit,
  putMeta,
  type StatePlace,
} from './stateContract.ts';

export function stateFailureContract(engine: string, makePlace: () => Promise<StatePlace>): void {
  describe(`failures of state in ${engine}`, () => {
    test('a change that throws changes nothing and rejects with what it threw', async () => {
      await using place = await makePlace();
      const audited: AuditEntry[] = [];
      const state = await place.open(async (entries) => {
        audited.push(...entries.map((line) => line.entry));
      });
      const thrown = new Error('no such workflow');
      const attempt = state.transact(async (tx) => {
        tx.put('meta', { id: 'a', value: 'b' });
        tx.audit(entry);
        await setImmediate();
        throw thrown;
      });
      await assert.rejects(attempt, (reason) => reason === thrown);
      assert.equal(await state.get('meta', 'a'), undefined);
      assert.equal(state.revision, 0);
      assert.deepEqual(audited, []);
      await putMeta(state, 'next', 'works');
      assert.equal(state.revision, 1);
      await state.close();
    });

    test('a change without an audit record is refused, one that only reads is not', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const silent = state.transact(async (tx) => tx.put('meta', { id: 'a', value: 'b' }));
      await assert.rejects(silent, { name: 'Failure', code: 'internal', message: /audit record/ });
      await assert.rejects(
        state.transact(async (tx) => tx.remove('meta', 'absent')),
        { code: 'internal' },
      );
      assert.deepEqual(await state.list('meta'), []);
      assert.equal(await state.transact(async (tx) => (await tx.list('meta')).length), 0);
      assert.equal(state.revision, 0);
      await state.close();
    });

    test('a record that could not be read again, or an audit record that cannot be written, is refused alone', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const outcomes = await Promise.allSettled([
        state.transact(async (tx) => {
          tx.put('keys', keyRecord('a', { expiresAt: Number.NaN }));
          tx.audit(entry);
        }),
        state.transact(async (tx) => {
          tx.put('configs', configRecord('b', { value: 1n }));
          tx.audit(entry);
        }),
        state.transact(async (tx) => {
          tx.put('meta', { id: 'c', value: 'd' });
          tx.audit({ ...entry, detail: { count: 1n as unknown as number } });
        }),
        putMeta(state, 'good', 'value'),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'rejected', 'rejected', 'fulfilled'],
      );
      assert.equal(state.revision, 1);
      await state.close();
      const again = await place.open(noAudit);
      assert.deepEqual(await again.list('keys'), []);
      assert.deepEqual(await again.list('meta'), [{ id: 'good', value: 'value' }]);
      await again.close();
    });

    test('each audit record is written before its change, with the revision that the change leads to', async () => {
      await using place = await makePlace();
      const seen: { target: string; revision: number; stateRevision: number; changed: boolean }[] = [];
      const opened: State = await place.open(async (entries) => {
        for (const { entry: line, revision } of entries) {
          const changed = (await opened.get('meta', line.target)) !== undefined;
          seen.push({ target: line.target, revision, stateRevision: opened.revision, changed });
        }
      });
      const put = (id: string) =>
        opened.transact(async (tx) => {
          tx.put('meta', { id, value: 'v' });
          tx.audit({ ...entry, target: id });
        });
      await put('a');
      await Promise.all([put('b'), put('c')]);
      assert.deepEqual(
        seen.map(({ target, revision }) => ({ target, revision })),
        ['a', 'b', 'c'].map((target, index) => ({ target, revision: index + 1 })),
      );
      assert.ok(seen.every(({ revision, stateRevision, changed }) => stateRevision < revision && !changed));
      await opened.close();
    });

    test('without a working audit log nothing is changed, and with it the next change is', async () => {
      await using place = await makePlace();
      let broken = true;
      const state = await place.open(async () => {
        if (broken) throw new Error('the audit log cannot be written');
      });
      const attempts = await Promise.allSettled([putMeta(state, 'a', '1'), putMeta(state, 'b', '1')]);
      for (const attempt of attempts) {
        assert.equal(attempt.status, 'rejected');
        assert.equal(attempt.reason.code, 'storage-failed');
      }
      assert.deepEqual(await state.list('meta'), []);
      assert.equal(state.revision, 0);
      broken = false;
      await putMeta(state, 'c', '1');
      await state.close();
      const again = await place.open(noAudit);
      assert.deepEqual(
        (await again.list('meta')).map(({ id }) => id),
        ['c'],
      );
      assert.equal(again.revision, 1);
      await again.close();
    });

    test('a write that fails leaves the durable state, and the next one works when the disk does', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      await putMeta(state, 'kept', 'before');
      const repair = await place.breakWrites();
      const attempts = await Promise.allSettled(
        ['kept', 'lost'].map((id) => putMeta(state, id, 'while broken')),
      );
      for (const attempt of attempts) {
        assert.equal(attempt.status, 'rejected');
        assert.equal(attempt.reason.code, 'storage-failed');
      }
      assert.deepEqual(await state.list('meta'), [{ id: 'kept', value: 'before' }]);
      assert.equal(state.revision, 1);
      await repair();
      await state.transact((tx) => addToSum(tx, 1));
      await state.close();
      const again = await place.open(noAudit);
      assert.deepEqual(await again.list('meta'), [
        { id: 'kept', value: 'before' },
        { id: 'sum', value: '1' },
      ]);
      await again.close();
    });

    test('a transaction inside a transaction is refused instead of waiting for itself', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      await assert.rejects(
        state.transact(() => putMeta(state, 'a', 'b')),
        { code: 'internal', message: /inside another/ },
      );
      await putMeta(state, 'a', 'b');
      await state.close();
    });

    test('a transaction that is kept beyond its change is refused', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const kept = await state.transact(async (tx) => ({ tx }));
      assert.throws(() => kept.tx.put('meta', { id: 'a', value: 'b' }), { code: 'internal' });
      await assert.rejects(kept.tx.get('meta', 'a'), { code: 'internal' });
      await state.close();
    });

    test('closing waits for the transactions under way and refuses later ones', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const underWay = ['a', 'b', 'c'].map((id) => putMeta(state, id, 'v'));
      await state.close();
      await Promise.all(underWay);
      await assert.rejects(putMeta(state, 'late', 'v'), { code: 'stopping' });
      const again = await place.open(noAudit);
      assert.equal((await again.list('meta')).length, 3);
      await again.close();
    });
  });
}
