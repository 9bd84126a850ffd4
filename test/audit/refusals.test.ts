/** Reasons of refusals over a real audit log: found at once, found later, and bounded in memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAuditLog } from '../../server/audit/auditLog.ts';
import { openRefusals, type Refusal } from '../../server/audit/refusals.ts';
import { sha256 } from '../../server/keys/mint.ts';
import { openStore, type TestStore } from '../configs/store.ts';

const refusal = (requestId: string): Refusal => ({
  requestId,
  status: 404,
  reason: 'no-route',
  actor: '127.0.0.1',
  target: 'GET /nowhere',
});

async function open({ history, clock }: TestStore) {
  const audit = await openAuditLog({ history, hash: sha256, clock });
  const unrecorded: unknown[] = [];
  const start = () => openRefusals({ audit, clock, onUnrecorded: (thrown) => unrecorded.push(thrown) });
  return { audit, start, unrecorded };
}

test('what was recorded is explained at once, and the same after the next start', async (t) => {
  const { audit, start, unrecorded } = await open(await openStore(t));
  const first = start();
  first.record({ ...refusal('one'), detail: { scope: 'runs:read' } });
  const now = await first.explain('one');
  assert.equal(now.reason, 'no-route');
  assert.deepEqual(now.detail, { scope: 'runs:read' });
  // A later line is durable only when those before it are.
  await audit.append([{ entry: { actor: 'daemon', action: 'test.waited', target: 'x', outcome: 'ok' } }]);
  assert.deepEqual(await start().explain('one'), now);
  assert.deepEqual(unrecorded, []);
});

test('of what is only noted, the newest thousand are kept', async (t) => {
  const { start } = await open(await openStore(t));
  const refusals = start();
  for (let count = 0; count <= 1_000; count += 1) refusals.note(refusal(String(count)));
  await assert.rejects(refusals.explain('0'), { code: 'not-found' });
  assert.equal((await refusals.explain('1')).requestId, '1');
  assert.equal((await refusals.explain('1000')).requestId, '1000');
});
