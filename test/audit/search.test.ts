/** What a search in the audit log gives, over a real history. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { searchAudit } from '../../server/audit/search.ts';
import { makeAuditPlace, read } from './auditPlace.ts';

const hourMs = 3_600_000;

test('a clock that was set back for a while hides nothing that is asked for', async () => {
  const noon = 1_795_000_000_000;
  let now = noon;
  await using place = await makeAuditPlace(() => now);
  const note = async (target: string, count = 1) => {
    await place.audit.append(Array.from({ length: count }, () => ({ entry: { ...read, target } })));
  };
  await note('before');
  now = noon - 24 * hourMs;
  // More than a page of them.
  await note('set-back', 600);
  now = noon + 1;
  await note('after');
  const found = await searchAudit(place.audit, { action: 'secret.read', since: noon }, 100);
  assert.deepEqual(
    found.map(({ target }) => target),
    ['before', 'after'],
  );
});
