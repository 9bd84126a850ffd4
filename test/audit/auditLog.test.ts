import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';

import { type AuditLog, openAuditLog } from '../../server/audit/auditLog.ts';
import type { AuditEntry, AuditRecord, History } from '../../server/store/contracts.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { sha256 } from '../store/engines.ts';
import { temporaryFolder } from '../store/temporaryFolder.ts';

const read: AuditEntry = { actor: 'run:r1', action: 'secret.read', target: 'API_KEY', outcome: 'ok' };
const created: AuditEntry = { actor: 'cli', action: 'key.created', target: 'k1', outcome: 'ok' };

interface Place extends AsyncDisposable {
  history: History;
  audit: AuditLog;
  /** Changes the closed database behind the log's back, and opens both again. */
  tamper(sql: string): Promise<void>;
  reopen(): Promise<void>;
  breakWrites(): () => void;
}

async function makePlace(clock = (): number => 1_795_000_000_000): Promise<Place> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'history.db');
  const open = async () => {
    const history = await openSqliteHistory({ directory: folder.path });
    return { history, audit: await openAuditLog({ history, hash: sha256, clock }) };
  };
  const place: Place = {
    ...(await open()),
    reopen: async () => {
      await place.history.close();
      Object.assign(place, await open());
    },
    tamper: async (sql) => {
      await place.history.close();
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
      Object.assign(place, await open());
    },
    breakWrites: () => {
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
    [Symbol.asyncDispose]: async () => {
      await place.history.close();
      await folder[Symbol.asyncDispose]();
    },
  };
  return place;
}

/** Ten records in all: the first, and nine appended ones. */
async function makeFilledPlace(): Promise<Place> {
  const place = await makePlace();
  await place.audit.append(
    Array.from({ length: 9 }, (_, index) => ({ entry: { ...read, runId: `r${index}` } })),
  );
  return place;
}

const all = (audit: AuditLog) => audit.list({ limit: 10_000 });
const abortedSeqs = (records: AuditRecord[]) =>
  records.flatMap(({ action, detail }) => (action === 'change.aborted' ? [detail?.seq] : []));

describe('the chain', () => {
  test('the first record names the schema and follows 64 zeros', async () => {
    await using place = await makePlace();
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
    await using place = await makePlace(() => now++);
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
    assert.deepEqual(await place.audit.verify(), { records: 4, firstBad: null });
  });

  test('a record does not depend on the order in which its fields were given', async () => {
    await using one = await makePlace();
    await using other = await makePlace();
    await one.audit.append([{ entry: { ...read, detail: { a: 1, b: true } } }]);
    const { actor, action, target, outcome } = read;
    await other.audit.append([{ entry: { detail: { b: true, a: 1 }, outcome, target, action, actor } }]);
    assert.equal(
      (await one.audit.list({ limit: 2 }))[1]?.hash,
      (await other.audit.list({ limit: 2 }))[1]?.hash,
    );
  });

  test('text of any kind keeps its hash', async () => {
    await using place = await makePlace();
    for (const target of ['ünï 🙂', 'a\u0000b', '\ud800', '"\\\n\u2028', '']) {
      await place.audit.append([{ entry: { ...read, target, requestId: target, detail: { [target]: -0 } } }]);
    }
    await place.reopen();
    assert.deepEqual(await place.audit.verify(), { records: 6, firstBad: null });
  });

  test('500 concurrent appends are chained in the order of their calls', async () => {
    await using place = await makePlace();
    const appends = Array.from({ length: 500 }, (_, index) =>
      place.audit.append([{ entry: { ...read, target: `t${index}` } }]),
    );
    const records = (await Promise.all(appends)).flat();
    assert.deepEqual(
      records.map(({ seq, target }) => [seq, target]),
      records.map((_, index) => [index + 2, `t${index}`]),
    );
    assert.deepEqual(await place.audit.verify(), { records: 501, firstBad: null });
  });

  test('what one request caused is found by its id', async () => {
    await using place = await makePlace();
    await place.audit.append([{ entry: { ...read, requestId: 'req-1' } }, { entry: read }]);
    assert.deepEqual(
      (await place.audit.findByRequest('req-1')).map(({ seq }) => seq),
      [2],
    );
  });
});

describe('verification names the first bad record', () => {
  const cases: Record<string, { sql: string; seq: number; reason: RegExp }> = {
    'one that was edited': {
      sql: `UPDATE audit SET record = replace(record, 'API_KEY', 'OTHER') WHERE seq IN (4, 7)`,
      seq: 4,
      reason: /content does not fit its hash/,
    },
    'one whose number in the file was edited': {
      sql: 'UPDATE audit SET seq = 99 WHERE seq = 4',
      seq: 4,
      reason: /missing: record 5 stands/,
    },
    'one that was taken away': {
      sql: 'DELETE FROM audit WHERE seq = 6',
      seq: 6,
      reason: /missing: record 7 stands/,
    },
    'the first one, when it was taken away': {
      sql: 'DELETE FROM audit WHERE seq = 1',
      seq: 1,
      reason: /missing: record 2 stands/,
    },
    'two that were swapped': {
      sql: `UPDATE audit SET record = (SELECT other.record FROM audit other WHERE other.seq = 7 - audit.seq)
            WHERE seq IN (3, 4)`,
      seq: 3,
      reason: /record 4 stands in its place/,
    },
    'the last one, when it was taken away': {
      sql: 'DELETE FROM audit WHERE seq = 10',
      seq: 10,
      reason: /missing, like all up to record 10/,
    },
    'several last ones, when they were taken away': {
      sql: 'DELETE FROM audit WHERE seq > 5',
      seq: 6,
      reason: /missing, like all up to record 10/,
    },
    'all, when they were taken away': {
      sql: 'DELETE FROM audit',
      seq: 1,
      reason: /missing, like all up to record 10/,
    },
    'the last ones, when what says how far the log went was taken away as well': {
      sql: 'DELETE FROM audit WHERE seq > 8; DELETE FROM audit_head',
      seq: 9,
      reason: /nothing says how far the log went/,
    },
    'one that cannot be read': {
      sql: `UPDATE audit SET record = substr(record, 1, 20) WHERE seq = 8`,
      seq: 8,
      reason: /cannot be read/,
    },
    'one that is no record': {
      sql: `UPDATE audit SET record = 'null' WHERE seq = 8`,
      seq: 8,
      reason: /cannot be read/,
    },
  };
  for (const [what, { sql, seq, reason }] of Object.entries(cases)) {
    test(what, async () => {
      await using place = await makeFilledPlace();
      await place.tamper(sql);
      const { records, firstBad } = await place.audit.verify();
      assert.equal(firstBad?.seq, seq);
      assert.match(firstBad.reason, reason);
      assert.equal(records, seq - 1);
    });
  }

  test('an edited record whose hash was made to fit is found by the next one', async () => {
    await using place = await makeFilledPlace();
    const [fourth] = await place.audit.list({ after: 3, limit: 1 });
    const { hash: _, ...forged } = { ...fourth, target: 'OTHER' };
    const sorted = Object.fromEntries(Object.entries(forged).sort(([a], [b]) => (a < b ? -1 : 1)));
    const record = JSON.stringify({ ...forged, hash: sha256(JSON.stringify(sorted)) });
    await place.tamper(`UPDATE audit SET record = '${record}' WHERE seq = 4`);
    const { firstBad } = await place.audit.verify();
    assert.deepEqual(firstBad, { seq: 5, reason: 'it does not hold the hash of the record before it' });
  });

  test('records that were taken from the end stay found when later ones are appended', async () => {
    await using place = await makeFilledPlace();
    await place.tamper('DELETE FROM audit WHERE seq > 8');
    const [next] = await place.audit.append([{ entry: read }]);
    assert.equal(next?.seq, 11);
    assert.equal((await place.audit.verify()).firstBad?.seq, 9);
  });

  test('a log longer than a page is read to its end, also while it grows', async () => {
    await using place = await makePlace();
    await place.audit.append(Array.from({ length: 1000 }, () => ({ entry: read })));
    const [verified] = await Promise.all([
      place.audit.verify(),
      ...Array.from({ length: 50 }, () => place.audit.append([{ entry: read }])),
    ]);
    assert.equal(verified.firstBad, null);
    assert.ok(verified.records >= 1001);
    assert.deepEqual(await place.audit.verify(), { records: 1051, firstBad: null });
  });
});

describe('a failed append', () => {
  test('it rejects all that were chained behind it, and the chain goes on without a gap', async () => {
    await using place = await makePlace();
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
    assert.deepEqual(await place.audit.verify(), { records: 4, firstBad: null });
  });

  test('appends that come while others fail are all written or all refused, never forked', async () => {
    await using place = await makePlace();
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
    assert.deepEqual(await place.audit.verify(), { records: written.length + 1, firstBad: null });
  });

  test('an entry that JSON cannot hold is refused alone', async () => {
    await using place = await makePlace();
    const bad = { ...read, detail: { count: 1n as unknown as number } };
    const [refused, written] = await Promise.allSettled([
      place.audit.append([{ entry: bad }]),
      place.audit.append([{ entry: read }]),
    ]);
    assert.equal(refused.status, 'rejected');
    assert.ok(refused.reason instanceof TypeError);
    assert.equal(written.status, 'fulfilled');
    assert.deepEqual(await place.audit.verify(), { records: 2, firstBad: null });
  });
});

describe('a change that never came', () => {
  test('it is marked as aborted at start, once', async () => {
    await using place = await makePlace();
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
    assert.deepEqual(await place.audit.verify(), { records: 9, firstBad: null });
  });

  test('a revision that is used again after a crash is not marked', async () => {
    await using place = await makePlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    await place.audit.append([{ entry: created, revision: 2 }]);
    assert.equal(await place.audit.reconcile(1), 1);
    await place.audit.append([{ entry: created, revision: 2 }]);
    await place.reopen();
    assert.equal(await place.audit.reconcile(2), 0);
    assert.deepEqual(abortedSeqs(await all(place.audit)), [3]);
  });

  test('a revision that comes again without a start marks the records of the change that failed', async () => {
    await using place = await makePlace();
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
    assert.deepEqual(await place.audit.verify(), { records: 8, firstBad: null });
  });

  test('more aborted changes than a page holds are all marked, in order', async () => {
    await using place = await makePlace();
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
    await using place = await makePlace();
    await place.audit.append([{ entry: created, revision: 1 }]);
    const repair = place.breakWrites();
    await assert.rejects(place.audit.reconcile(0), { code: 'storage-failed' });
    repair();
    assert.equal(await place.audit.reconcile(0), 1);
  });
});
