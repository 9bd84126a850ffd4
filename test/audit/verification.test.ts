/** The verification of the chain, on histories that were changed behind the log's back. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sha256 } from '../store/engines.ts';
import { makeAuditPlace, makeFilledAuditPlace, read } from './auditPlace.ts';

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
      reason: /not as it was written/,
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
      reason: /records stood behind its end/,
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
      await using place = await makeFilledAuditPlace();
      await place.tamper(sql);
      const { records, firstBad } = await place.audit.verify();
      assert.equal(firstBad?.seq, seq);
      assert.match(firstBad.reason, reason);
      assert.equal(records, seq - 1);
    });
  }

  test('an edited record whose hash was made to fit is found by the next one', async () => {
    await using place = await makeFilledAuditPlace();
    const [fourth] = await place.audit.list({ after: 3, limit: 1 });
    const { hash: _, ...forged } = { ...fourth, target: 'OTHER' };
    const sorted = Object.fromEntries(Object.entries(forged).sort(([a], [b]) => (a < b ? -1 : 1)));
    const record = JSON.stringify({ ...forged, hash: sha256(JSON.stringify(sorted)) });
    await place.tamper(`UPDATE audit SET record = '${record}' WHERE seq = 4`);
    const { firstBad } = await place.audit.verify();
    assert.deepEqual(firstBad, { seq: 5, reason: 'it does not hold the hash of the record before it' });
  });

  test('records that were taken from the end stay found when later ones are appended', async () => {
    await using place = await makeFilledAuditPlace();
    await place.tamper('DELETE FROM audit WHERE seq > 8');
    const [next] = await place.audit.append([{ entry: read }]);
    assert.equal(next?.seq, 11);
    assert.equal((await place.audit.verify()).firstBad?.seq, 9);
  });

  test('a log longer than a page is read to its end, also while it grows', async () => {
    await using place = await makeAuditPlace();
    await place.audit.append(Array.from({ length: 1000 }, () => ({ entry: read })));
    const [verified] = await Promise.all([
      place.audit.verify(),
      ...Array.from({ length: 50 }, () => place.audit.append([{ entry: read }])),
    ]);
    assert.equal(verified.firstBad, null);
    assert.ok(verified.records >= 1001);
    assert.deepEqual(await place.audit.verify(), { records: 1051, firstBad: null, sealedFrom: null });
  });
});
