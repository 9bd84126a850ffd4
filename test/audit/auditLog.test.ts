/** The chained audit log over a real history: order, failures, and changes that never came. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { AuditLog } from '../../server/audit/auditLog.ts';
import type { AuditRecord } from '../../server/store/contracts/audit.ts';
import { created, makeAuditPlace, read } from './auditPlace.ts';

const all = (audit: AuditLog) => audit.list({ limit: 10_000 });
const abortedSeqs = (records: AuditRecord[]) =>
  records.flatMap(({ action, detail }) => (action === 'change.aborted' ? [detail?.seq] : []));

describe('the chain', () => {
  test('the first record names the schema and follows 64 zeros', async () => {
    await using place = await makeAuditPlace();
    const [first, ...others] = await all(place.audit);
    assert.equal(first?.action, 'audit.opened');
    assert.deepEqual(first?.detail, { schema: 1 });
    assert.equal(first?.previousHash, '0'.repeat(64));
    assert.deepEqual(others, []);
    await place.reopen();
    assert.equal((await all(place.audit)).length, 1);
  });

  test('each record holds time, number and the hash of the one before', async () => {
    let now = 1_795_000_000_000;
    await using place = await makeAuditPlace(() => now++);
    const appended = await place.audit.append([{ entry: read }, { entry: created, revision: 1 }]);
    await place.reopen();
    appended.push(...(await place.audit.append([{ entry: read }])));
    const records = await all(place.audit);
    assert.deepEqual(records.slice(1), appended);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
    assert.deepEqual(
      records.slice(1).map(({ previousHash }) => previousHash),
      records.slice(0, -1).map(({ hash }) => hash),
    );
    assert.equal(records[2]?.revision, 1);
    assert.equal(records[3]?.at, 1_795_000_000_002);
    assert.deepEqual(await place.audit.verify(), { records: 4, firstBad: null, sealedFrom: null });
  });

  test('a record does not depend on the order in which its fields were given', async () => {
    await using one = await makeAuditPlace();
    await using other = await makeAuditPlace();
    await one.audit.append([{ entry: { ...read, detail: { a: 1, b: true } } }]);
    const { actor, action, target, outcome } = read;
    await other.audit.append([{ entry: { detail: { b: true, a: 1 }, outcome, target, action, actor } }]);
    assert.equal(
      (await one.audit.list({ limit: 2 }))[1]?.hash,
      (await other.audit.list({ limit: 2 }))[1]?.hash,
    );
  });

  test('text of any kind keeps its hash', async () => {
    await using place = await makeAuditPlace();
    for (const target of ['ünï 🙂', 'a\u0000b', '\ud800', '"\\\n\u2028', '']) {
      await place.audit.append([{ entry: { ...read, target, requestId: target, detail: { [target]: -0 } } }]);
    }
    await place.reopen();
    assert.deepEqual(await place.audit.verify(), { records: 6, firstBad: null, sealedFrom: null });
  });

  test('500 concurrent appends are chained in the order of their calls', async () => {
    await using place = await makeAuditPlace();
    const appends = Array.from({ length: 500 }, (_, index) =>
      place.audit.append([{ entry: { ...read, target: `t${index}` } }]),
    );
    const records = (await Promise.all(appends)).flat();
    assert.deepEqual(
      records.map(({ seq, target }) => [seq, target]),
      records.map((_, index) => [index + 2, `t${index}`]),
    );
    assert.deepEqual(await place.audit.verify(), { records: 501, firstBad: null, sealedFrom: null });
  });

  test('what one request caused is found by its id', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: { ...read, requestId: 'req-1' } }, { entry: read }]);
    assert.deepEqual(
      (await place.audit.findByRequest('req-1')).map(({ seq }) => seq),
      [2],
    );
  });
});

describe('a failed append', () => {
  test('it rejects all that were chained behind it, and the chain goes on without a gap', async () => {
    await using place = await makeAuditPlace();
    const repair = place.breakWrites();
    const failed = await Promise.allSettled([1, 2, 3].map(() => place.audit.append([{ entry: read }])));
    for (const outcome of failed) {
      assert.equal(outcome.status, 'rejected');
      assert.equal(outcome.reason.code, 'storage-failed');
    }
    repair();
    const next = await Promise.all([1, 2, 3].map(() => place.audit.append([{ entry: created }])));
    assert.deepEqual(
      next.flat().map(({ seq }) => seq),
      [2, 3, 4],
    );
    assert.deepEqual(await place.audit.verify(), { records: 4, firstBad: null, sealedFrom: null });
  });

  test('appends that come while others fail are all written or all refused, never forked', async () => {
    await using place = await makeAuditPlace();
    const outcomes: Promise<string>[] = [];
    const append = () => {
      const appended = place.audit.append([{ entry: read }]);
      outcomes.push(
        appended.then(
          ([record]) => `written ${record?.seq}`,
          () => 'refused',
        ),
      );
      return appended.catch(() => undefined);
    };
    for (let round = 0; round < 20; round++) {
      const repair = round % 3 === 0 ? place.breakWrites() : undefined;
      const first = append();
      await append();
      await first;
      repair?.();
      await append();
    }
    const written = (await Promise.all(outcomes)).filter((outcome) => outcome !== 'refused');
    assert.deepEqual(
      written,
      written.map((_, index) => `written ${index + 2}`),
    );
    assert.ok(written.length < outcomes.length);
    assert.deepEqual(await place.audit.verify(), {
      records: written.length + 1,
      firstBad: null,
      sealedFrom: null,
    });
  });

  test('an entry that JSON cannot hold is refused alone', async () => {
    await using place = await makeAuditPlace();
    const bad = { ...read, detail: { count: 1n as unknown as number } };
    const [refused, written] = await Promise.allSettled([
      place.audit.append([{ entry: bad }]),
      place.audit.append([{ entry: read }]),
    ]);
    assert.equal(refused.status, 'rejected');
    assert.ok(refused.reason instanceof TypeError);
    assert.equal(written.status, 'fulfilled');
    assert.deepEqual(await place.audit.verify(), { records: 2, firstBad: null, sealedFrom: null });
  });
});

describe('a change that never came', () => {
  test('it is marked as aborted at start, once', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    await place.audit.append([
      { entry: { ...created, organizationId: 'acme' }, revision: 2 },
      { entry: { ...read, target: 'of the same change' }, revision: 2 },
      { entry: created, revision: 3 },
    ]);
    await place.audit.append([{ entry: read }]);
    await place.reopen();
    assert.equal(await place.audit.reconcile(1), 3);
    assert.equal(await place.audit.reconcile(1), 0);
    const marks = (await all(place.audit)).slice(6);
    assert.deepEqual(
      marks.map(({ action, outcome, target, detail, revision }) => ({
        action,
        outcome,
        target,
        detail,
        revision,
      })),
      [
        { seq: 3, action: 'key.created', target: 'k1', revision: 2 },
        { seq: 4, action: 'secret.read', target: 'of the same change', revision: 2 },
        { seq: 5, action: 'key.created', target: 'k1', revision: 3 },
      ].map(({ seq, action, target, revision }) => ({
        action: 'change.aborted',
        outcome: 'aborted',
        target,
        detail: { seq, action },
        revision,
      })),
    );
    assert.equal(marks[0]?.organizationId, 'acme');
    await place.reopen();
    assert.equal(await place.audit.reconcile(1), 0);
    assert.deepEqual(await place.audit.verify(), { records: 9, firstBad: null, sealedFrom: null });
  });

  test('a revision that is used again after a crash is not marked', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    await place.audit.append([{ entry: created, revision: 2 }]);
    assert.equal(await place.audit.reconcile(1), 1);
    await place.audit.append([{ entry: created, revision: 2 }]);
    await place.reopen();
    assert.equal(await place.audit.reconcile(2), 0);
    assert.deepEqual(abortedSeqs(await all(place.audit)), [3]);
  });

  test('a revision that comes again without a start marks the records of the change that failed', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    await place.audit.append([
      { entry: { ...created, target: 'failed' }, revision: 2 },
      { entry: { ...created, target: 'failed' }, revision: 3 },
    ]);
    const appended = await place.audit.append([{ entry: { ...created, target: 'came' }, revision: 2 }]);
    assert.deepEqual(
      appended.map(({ target }) => target),
      ['came'],
    );
    await place.audit.append([{ entry: created, revision: 3 }]);
    assert.deepEqual(abortedSeqs(await all(place.audit)), [3, 4]);
    await place.reopen();
    assert.equal(await place.audit.reconcile(3), 0);
    assert.deepEqual(await place.audit.verify(), { records: 8, firstBad: null, sealedFrom: null });
  });

  test('more aborted changes than a page holds are all marked, in order', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    await place.audit.append(
      Array.from({ length: 250 }, (_, index) => ({ entry: created, revision: index + 2 })),
    );
    await place.reopen();
    assert.equal(await place.audit.reconcile(1), 250);
    assert.deepEqual(
      abortedSeqs(await all(place.audit)),
      Array.from({ length: 250 }, (_, index) => index + 3),
    );
    await place.reopen();
    assert.equal(await place.audit.reconcile(1), 0);
  });

  test('a failed mark is made up for by the next start', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    const repair = place.breakWrites();
    await assert.rejects(place.audit.reconcile(0), { code: 'storage-failed' });
    repair();
    assert.equal(await place.audit.reconcile(0), 1);
  });
});
