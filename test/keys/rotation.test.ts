/** Rotating a key and binding it to another workflow: who is valid when, and who holds the slot. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayRun } from '../../server/keys/permissions.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import { dayMs, openRoom, type Room, reasonOf, refuses, workflowNamed } from './room.ts';

/** The row of a key as it is listed now. */
async function listed({ keys }: Room, id: string): Promise<KeyRow | undefined> {
  return (await keys.list()).find((row) => row.id === id);
}

test('a successor inherits scopes, target, organization and the remaining lifetime', async (t) => {
  const room = await openRoom(t);
  const { keys, create, createApi, time, addOrganization } = room;
  await addOrganization('acme');
  const api = await createApi({ workflowIds: ['charge'], organizationId: 'acme', expiresInDays: 40 });
  const own = await create({
    description: 'Nightly',
    global: false,
    workflowId: 'hello',
    expiresInDays: null,
  });
  const global = await create({ global: true, expiresInDays: 30 });
  time.now += 10 * dayMs;
  for (const { id, key } of [api, own, global]) {
    const before = await listed(room, id);
    assert.ok(before);
    const { row, key: successor, replaced } = await keys.rotate(id, { overlapDays: 7 }, 'cli');
    assert.equal(await reasonOf(keys, successor), 'ok');
    assert.equal(await reasonOf(keys, key), 'ok');
    assert.deepEqual(row, {
      ...before,
      id: row.id,
      masked: before.masked.slice(0, -4) + successor.slice(-4),
      createdAt: new Date(time.now).toISOString(),
      rotatedFrom: id,
    });
    assert.deepEqual(replaced, {
      ...before,
      endsAt: new Date(time.now + 7 * dayMs).toISOString(),
      replacedBy: row.id,
    });
    assert.deepEqual([await listed(room, row.id), await listed(room, id)], [row, replaced]);
  }
});

test('the old key ends by itself, at the very millisecond at which its overlap does', async (t) => {
  const room = await openRoom(t);
  const { keys, createApi, time } = room;
  const { id, key } = await createApi();
  keys.touch(id);
  const used = new Date(time.now).toISOString();
  const { key: successor } = await keys.rotate(id, { overlapDays: 30 }, 'cli');
  time.now += 30 * dayMs - 1;
  assert.equal(await reasonOf(keys, key), 'ok');
  time.now += 1;
  assert.equal(await reasonOf(keys, key), 'replaced');
  assert.equal(await reasonOf(await room.reopen(), key), 'replaced');
  assert.equal(await reasonOf(keys, successor), 'ok');
  const row = await listed(room, id);
  assert.deepEqual([row?.expired, row?.lastUsedAt], [true, used]);
});

test('without an overlap the next request with the old key is refused', async (t) => {
  const { keys, createApi } = await openRoom(t);
  const { id, key } = await createApi();
  await keys.rotate(id, { overlapDays: 0 }, 'cli');
  assert.equal(await reasonOf(keys, key), 'replaced');
});

test('an overlap never prolongs the life of the old key', async (t) => {
  const { keys, createApi, time } = await openRoom(t);
  const { id, key } = await createApi({ expiresInDays: 3 });
  const { row, replaced } = await keys.rotate(id, { overlapDays: 30 }, 'cli');
  assert.equal(replaced.endsAt, replaced.expiresAt);
  assert.equal(row.expiresAt, replaced.expiresAt);
  time.now += 3 * dayMs;
  assert.equal(await reasonOf(keys, key), 'replaced');
});

test('an overlap is 0 to 30 whole days', async (t) => {
  const room = await openRoom(t);
  const { id } = await room.createApi();
  for (const overlapDays of [-1, 31, 0.5, Number.NaN, '7', null] as number[]) {
    const rotate = () => room.keys.rotate(id, { overlapDays }, 'cli');
    await refuses(room, rotate, 'bad-input', /overlap of 0 to 30 whole days/);
  }
});

test('an expired, revoked, unknown or already rotated key cannot be rotated', async (t) => {
  const room = await openRoom(t);
  const { keys, createApi, time } = room;
  const rotate = (id: string) => () => keys.rotate(id, { overlapDays: 1 }, 'cli');
  const expired = await createApi({ expiresInDays: 1 });
  const revoked = await createApi();
  const rotated = await createApi();
  time.now += dayMs;
  await keys.revoke(revoked.id, 'cli');
  const { row: successor } = await rotate(rotated.id)();
  await refuses(room, rotate(expired.id), 'conflict', /has expired; make a new one/);
  await refuses(room, rotate(revoked.id), 'conflict', /revoked already/);
  await refuses(room, rotate('00000000'), 'not-found', /There is no key/);
  const instead = new RegExp(`rotated already; rotate ${successor.id} instead`);
  await refuses(room, rotate(rotated.id), 'conflict', instead);
  time.now += dayMs;
  await refuses(room, rotate(rotated.id), 'conflict', instead);
});

test('of rotations of one key at the same time exactly one makes a successor', async (t) => {
  const { keys, createApi } = await openRoom(t);
  const { id } = await createApi();
  const attempts = Array.from({ length: 5 }, () => keys.rotate(id, { overlapDays: 7 }, 'cli'));
  const settled = await Promise.allSettled(attempts);
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal((await keys.list()).length, 2);
});

test('after its successor was revoked a key can be rotated again, while it lasts', async (t) => {
  const { keys, createApi, time } = await openRoom(t);
  const { id, key } = await createApi();
  const { row: lost } = await keys.rotate(id, { overlapDays: 7 }, 'cli');
  await keys.revoke(lost.id, 'cli');
  time.now += dayMs;
  const { row, replaced } = await keys.rotate(id, { overlapDays: 30 }, 'cli');
  assert.deepEqual([row.rotatedFrom, replaced.replacedBy], [id, row.id]);
  time.now += 6 * dayMs;
  assert.equal(await reasonOf(keys, key), 'replaced');
});

test('a rotated key and its successor hold their workflow as one', async (t) => {
  const room = await openRoom(t);
  const { keys, create, time } = room;
  const isOffered = async () => (await keys.offeredWorkflows()).some(({ id }) => id === 'hello');
  const { id } = await create({ global: false, workflowId: 'hello' });
  const { row } = await keys.rotate(id, { overlapDays: 7 }, 'cli');
  const again = () => create({ global: false, workflowId: 'hello' });
  await refuses(room, again, 'conflict', /has a key already/);
  await keys.revoke(row.id, 'cli');
  await refuses(room, again, 'conflict', new RegExp(id));
  assert.equal(await isOffered(), false);
  time.now += 7 * dayMs;
  assert.equal(await isOffered(), true);
  await again();
});

test('when a successor is rotated in turn, the key before it goes if it has ended', async (t) => {
  const room = await openRoom(t);
  const { keys, createApi, time, state, audited } = room;
  const first = await createApi({ expiresInDays: null });
  const { row: second } = await keys.rotate(first.id, { overlapDays: 7 }, 'cli');
  time.now += 7 * dayMs;
  const { row: third } = await keys.rotate(second.id, { overlapDays: 7 }, 'cli');
  assert.deepEqual(
    (await keys.list()).map(({ id }) => id),
    [third.id, second.id],
  );
  assert.equal((await state.get('keys', first.id))?.hash, undefined);
  assert.deepEqual(
    audited.slice(-3).map(({ action, target }) => [action, target]),
    [
      ['key.revoked', first.id],
      ['key.created', third.id],
      ['key.rotated', second.id],
    ],
  );

  const { row: fourth } = await keys.rotate(third.id, { overlapDays: 0 }, 'cli');
  assert.deepEqual(
    (await keys.list()).map(({ id }) => id).sort(),
    [second.id, third.id, fourth.id].sort(),
    'a key in its overlap stays',
  );
});

test('rotating is audited on both keys, and with no part of either', async (t) => {
  const { keys, createApi, audited } = await openRoom(t);
  const { id, key } = await createApi();
  const { row, key: successor } = await keys.rotate(id, { overlapDays: 7 }, 'editor');
  const detail = { kind: 'api', scopes: 'workflows:execute keys:write' };
  assert.deepEqual(audited.slice(-2), [
    {
      actor: 'editor',
      action: 'key.created',
      target: row.id,
      outcome: 'ok',
      detail: { ...detail, rotatedFrom: id },
    },
    {
      actor: 'editor',
      action: 'key.rotated',
      target: id,
      outcome: 'ok',
      detail: { ...detail, replacedBy: row.id },
    },
  ]);
  for (const part of [key.slice(-4), successor.slice(-4)]) assert.ok(!JSON.stringify(audited).includes(part));
});

test('a rotated key is not reminded of, and its successor only when it is 90 days old itself (A15)', async (t) => {
  const room = await openRoom(t);
  const { keys, createApi, time } = room;
  const { id } = await createApi({ expiresInDays: null });
  time.now += 100 * dayMs;
  const { row, replaced } = await keys.rotate(id, { overlapDays: 7 }, 'cli');
  assert.deepEqual([row.rotationDue, replaced.rotationDue], [false, false]);
});

test('a key follows its workflow to a new name, and runs it from the next request on (D12)', async (t) => {
  const { keys, create, known, audited } = await openRoom(t);
  const { id, key } = await create({ global: false, workflowId: 'hello' });
  known.delete('hello');
  known.set('welcome', workflowNamed('welcome'));
  const row = await keys.rebind(id.slice(0, 30), 'welcome', 'editor');
  assert.deepEqual([row.id, row.workflowId, row.orphaned], [id, 'welcome', false]);
  const verification = await keys.verify(key);
  assert.ok(verification.ok);
  assert.equal(mayRun(verification.record, 'welcome', known.get('welcome')), 'yes');
  assert.equal(mayRun(verification.record, 'hello', undefined), 'other-workflow');
  assert.deepEqual(audited.at(-1), {
    actor: 'editor',
    action: 'key.rebound',
    target: id,
    outcome: 'ok',
    detail: { kind: 'workflow', workflowId: 'welcome', from: 'hello' },
  });
  known.set('hello', workflowNamed('hello'));
  assert.ok((await keys.offeredWorkflows()).some((workflow) => workflow.id === 'hello'));
});

test('a rotated pair is bound to another workflow as one', async (t) => {
  const room = await openRoom(t);
  const { keys, create } = room;
  const { id } = await create({ global: false, workflowId: 'hello' });
  const { row } = await keys.rotate(id, { overlapDays: 7 }, 'cli');
  await keys.rebind(row.id, 'charge', 'cli');
  assert.equal((await listed(room, id))?.workflowId, 'charge');
  assert.equal((await listed(room, row.id))?.workflowId, 'charge');
});

test('a key is bound only to a workflow that can have one and has none (D12, W17)', async (t) => {
  const room = await openRoom(t);
  const { keys, create, known } = room;
  known.set('off', workflowNamed('off', { endpointEnabled: false }));
  known.set('open', workflowNamed('open', { publicEndpoint: true }));
  const { id } = await create({ global: false, workflowId: 'hello' });
  await create({ description: 'Taken', global: false, workflowId: 'charge' });
  const rebind = (workflowId: string) => () => keys.rebind(id, workflowId, 'cli');
  await refuses(room, rebind('charge'), 'conflict', /"charge" has a key already: "Taken"/);
  await refuses(room, rebind('hello'), 'conflict', /"hello" has a key already/);
  await refuses(room, rebind('off'), 'bad-input', /endpoint switched off/);
  await refuses(room, rebind('open'), 'bad-input', /is public/);
  await refuses(room, rebind('gone'), 'bad-input', /does not exist/);
});

test('a key without a workflow of its own, or one that is refused, cannot be bound to another', async (t) => {
  const room = await openRoom(t);
  const { keys, create, createApi, time } = room;
  const global = await create({});
  const api = await createApi({ workflowIds: ['hello'] });
  const own = await create({ global: false, workflowId: 'hello', expiresInDays: 30 });
  for (const { id } of [global, api]) {
    await refuses(room, () => keys.rebind(id, 'charge', 'cli'), 'bad-input', /no workflow of its own/);
  }
  time.now += 30 * dayMs;
  await refuses(room, () => keys.rebind(own.id, 'charge', 'cli'), 'conflict', /has expired/);
  await keys.revoke(own.id, 'cli');
  await refuses(room, () => keys.rebind(own.id, 'charge', 'cli'), 'conflict', /revoked already/);
});

test('of two keys bound to one workflow at the same time exactly one gets it', async (t) => {
  const { keys, create } = await openRoom(t);
  const one = await create({ global: false, workflowId: 'hello' });
  const other = await create({ global: false, workflowId: 'charge' });
  const settled = await Promise.allSettled([one, other].map(({ id }) => keys.rebind(id, 'report', 'cli')));
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
});
