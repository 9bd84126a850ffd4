/** What every state engine guarantees, as tests; it does not know which engine it is run on. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { AuditEntry } from '../../server/store/contracts/audit.ts';
import type { ApiKeyRecord, ConfigRecord, MetaRecord } from '../../server/store/contracts/records.ts';
import type { AuditWriter, State, StateTransaction } from '../../server/store/contracts/state.ts';

/** A place of its own where a store can be opened, broken and opened again; disposed with all that is in it. */
export interface StatePlace extends AsyncDisposable {
  open(writeAudit: AuditWriter): Promise<State>;
  /** Makes every write of the state fail until the answer is called. */
  breakWrites(): Promise<() => Promise<void>>;
}

export const entry: AuditEntry = { actor: 'cli', action: 'test.changed', target: 'test', outcome: 'ok' };
export const noAudit: AuditWriter = async () => {};

export function keyRecord(id: string, fields: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    id,
    kind: 'workflow',
    prefix: 'bk_live_',
    hash: `hash-of-${id}`,
    lastFour: '1a2b',
    description: 'CI pipeline trigger',
    createdAt: 1_795_000_000_000,
    createdBy: 'editor',
    ...fields,
  };
}

export function configRecord(id: string, fields: Partial<ConfigRecord> = {}): ConfigRecord {
  return { id, name: id, type: 'string', updatedAt: 1_795_000_000_000, updatedBy: 'cli', ...fields };
}

/** One audited transaction that puts a meta record. */
export function putMeta(state: State, id: string, value: string): Promise<void> {
  return state.transact(async (tx) => {
    tx.put('meta', { id, value });
    tx.audit(entry);
  });
}

/** One audited change that a lost update would show in. */
export async function addToSum(tx: StateTransaction, amount: number): Promise<void> {
  const before = Number((await tx.get('meta', 'sum'))?.value ?? 0);
  await setImmediate();
  tx.put('meta', { id: 'sum', value: String(before + amount) });
  tx.audit(entry);
}

export function stateContract(engine: string, makePlace: () => Promise<StatePlace>): void {
  describe(`state in ${engine}`, () => {
    test('a new store is empty and has revision 0', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      assert.equal(state.revision, 0);
      assert.deepEqual(await state.list('keys'), []);
      assert.equal(await state.get('configs', 'absent'), undefined);
      assert.deepEqual(await state.findBy('keys', 'hash', 'absent'), []);
      await state.close();
    });

    test('what was acknowledged is there after opening again, in order of insertion', async () => {
      await using place = await makePlace();
      const organization = { id: 'acme', name: 'Acme', createdAt: 1 };
      const keys = ['10', '9', 'a', '-1'].map((id) => keyRecord(id, { scopes: ['runs:read'], expiresAt: 5 }));
      const config = configRecord('c', { type: 'json', value: { list: [1, null, 'ünï\u0000\ud800'] } });
      const folder = { id: '/home/example/flows', registeredAt: 7 };
      const first = await place.open(noAudit);
      await first.transact(async (tx) => {
        tx.put('organizations', organization);
        for (const record of keys) tx.put('keys', record);
        tx.put('configs', config);
        tx.put('folders', folder);
        tx.audit(entry);
      });
      await putMeta(first, 'm', 'v');
      await first.close();

      const second = await place.open(noAudit);
      assert.equal(second.revision, 2);
      assert.deepEqual(await second.list('organizations'), [organization]);
      assert.deepEqual(await second.list('keys'), keys);
      assert.deepEqual(await second.list('configs'), [config]);
      assert.deepEqual(await second.list('folders'), [folder]);
      assert.deepEqual(await second.list('meta'), [{ id: 'm', value: 'v' }]);
      assert.deepEqual(await second.findBy('keys', 'hash', 'hash-of-a'), [keys[2]]);
      await second.close();
    });

    test('200 concurrent transactions on one record lose no update', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      await Promise.all(
        Array.from({ length: 200 }, (_, index) => state.transact((tx) => addToSum(tx, index))),
      );
      assert.equal((await state.get('meta', 'sum'))?.value, String((199 * 200) / 2));
      assert.equal(state.revision, 200);
      await state.close();
      const again = await place.open(noAudit);
      assert.equal((await again.get('meta', 'sum'))?.value, String((199 * 200) / 2));
      await again.close();
    });

    test('of many transactions that take a free slot, one gets it', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const takes = Array.from({ length: 20 }, (_, index) =>
        state.transact(async (tx) => {
          const holders = await tx.findBy('keys', 'workflowId', 'deploy');
          await setImmediate();
          if (holders.length > 0) return false;
          tx.put('keys', keyRecord(`k${index}`, { workflowId: 'deploy' }));
          tx.audit(entry);
          return true;
        }),
      );
      assert.equal((await Promise.all(takes)).filter(Boolean).length, 1);
      assert.equal((await state.findBy('keys', 'workflowId', 'deploy')).length, 1);
      await state.close();
    });

    test('a reader during a write sees the state before it, and after it the whole of it', async () => {
      await using place = await makePlace();
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const state = await place.open(async () => {
        reached.resolve();
        await goOn.promise;
      });
      const written = state.transact(async (tx) => {
        tx.put('keys', keyRecord('a'));
        tx.put('meta', { id: 'a', value: 'b' });
        tx.audit(entry);
      });
      await reached.promise;
      assert.deepEqual(await state.list('keys'), []);
      assert.deepEqual(await state.findBy('keys', 'hash', 'hash-of-a'), []);
      assert.equal(await state.get('meta', 'a'), undefined);
      assert.equal(state.revision, 0);
      goOn.resolve();
      await written;
      assert.deepEqual(await state.findBy('keys', 'hash', 'hash-of-a'), [keyRecord('a')]);
      assert.equal((await state.get('meta', 'a'))?.value, 'b');
      assert.equal(state.revision, 1);
      await state.close();
    });

    test('a reader never sees half of a transaction', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      let writing = true;
      const seen = new Set<string>();
      const reader = (async () => {
        while (writing) {
          const values = (await state.list('meta')).map((record: MetaRecord) => record.value);
          assert.equal(new Set(values).size, Math.min(values.length, 1));
          assert.ok(values.length === 0 || values.length === 3);
          seen.add(String(values[0]));
          await setImmediate();
        }
      })();
      for (let round = 0; round < 50; round++) {
        await state.transact(async (tx) => {
          for (const id of ['left', 'middle', 'right']) {
            tx.put('meta', { id, value: String(round) });
            await setImmediate();
          }
          tx.audit(entry);
        });
      }
      writing = false;
      await reader;
      assert.ok(seen.size > 10, 'the reader ran between the writes');
      await state.close();
    });

    test('a transaction sees what it has put and removed itself', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      await state.transact(async (tx) => {
        tx.put('keys', keyRecord('a', { workflowId: 'deploy' }));
        tx.put('keys', keyRecord('b'));
        tx.audit(entry);
      });
      await state.transact(async (tx) => {
        tx.put('keys', keyRecord('a', { workflowId: 'report' }));
        tx.put('keys', keyRecord('c', { workflowId: 'deploy' }));
        tx.remove('keys', 'b');
        assert.equal((await tx.get('keys', 'a'))?.workflowId, 'report');
        assert.equal(await tx.get('keys', 'b'), undefined);
        assert.deepEqual(
          (await tx.list('keys')).map(({ id }) => id),
          ['a', 'c'],
        );
        assert.deepEqual(
          (await tx.findBy('keys', 'workflowId', 'deploy')).map(({ id }) => id),
          ['c'],
        );
        assert.deepEqual(await tx.findBy('keys', 'hash', 'hash-of-b'), []);
        tx.audit(entry);
      });
      assert.deepEqual(
        (await state.list('keys')).map(({ id }) => id),
        ['a', 'c'],
      );
      await state.close();
    });

    test('a look-up by field follows changes and removals', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const change = (write: (tx: StateTransaction) => void) =>
        state.transact(async (tx) => {
          write(tx);
          tx.audit(entry);
        });
      await change((tx) => tx.put('keys', keyRecord('a')));
      const { hash: _, ...revoked } = keyRecord('a');
      await change((tx) => tx.put('keys', { ...revoked, revokedAt: 9 }));
      assert.deepEqual(await state.findBy('keys', 'hash', 'hash-of-a'), []);
      await change((tx) => tx.put('configs', configRecord('1', { name: 'API_URL' })));
      await change((tx) => tx.put('configs', configRecord('2', { name: 'API_URL', organizationId: 'acme' })));
      assert.equal((await state.findBy('configs', 'name', 'API_URL')).length, 2);
      await change((tx) => tx.remove('configs', '1'));
      assert.deepEqual(
        (await state.findBy('configs', 'name', 'API_URL')).map(({ id }) => id),
        ['2'],
      );
      await state.close();
    });

    test('what a caller does later to an object that it put does not reach the store', async () => {
      await using place = await makePlace();
      const state = await place.open(noAudit);
      const mine = configRecord('c', { type: 'json', value: { deep: ['before'] } });
      await state.transact(async (tx) => {
        tx.put('configs', mine);
        tx.audit(entry);
      });
      mine.name = 'after';
      Object.assign(mine.value as object, { deep: 'after' });
      assert.deepEqual(await state.get('configs', 'c'), { ...mine, name: 'c', value: { deep: ['before'] } });
      (await state.list('configs')).pop();
      assert.equal((await state.list('configs')).length, 1);
      await state.close();
    });

    test('a frozen state is one revision, and nothing changes while somebody looks at it', async () => {
      await using place = await makePlace();
      const audited: number[] = [];
      const state = await place.open(async (entries) => {
        audited.push(...entries.map(({ revision }) => revision));
      });
      const before = Promise.all([1, 2, 3].map((amount) => state.transact((tx) => addToSum(tx, amount))));
      const frozen = state.freeze(async () => {
        const late = state.transact((tx) => addToSum(tx, 10));
        await setImmediate();
        return { seen: state.revision, audited: audited.at(-1), late };
      });
      const { revision, document, meanwhile } = await frozen;
      assert.deepEqual([revision, meanwhile.seen, meanwhile.audited], [3, 3, 3]);
      assert.match(Buffer.from(document).toString(), /"value":"6"/);
      await Promise.all([before, meanwhile.late]);
      assert.equal((await state.get('meta', 'sum'))?.value, '16');
      await state.close();
    });
  });
}
