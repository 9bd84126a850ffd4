/** What the page of cards tells and offers (D38). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyPage } from '../../client/views/keyCardText.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import { context, inDays, keyRow as row } from './context.ts';

const commands = (changed: Partial<KeyRow>) =>
  keyPage('ready', [{ ...row, ...changed }], context).cards[0]?.buttons.map(({ command }) => command);

test('a card tells scope, description, masked key, expiration, last use and creation, with full times (W5–W10)', () => {
  const [card] = keyPage('ready', [row], context).cards;
  assert.deepEqual([card?.scope, card?.description, card?.masked], ['Global', row.description, row.masked]);
  assert.deepEqual(
    card?.facts.map(({ text }) => text),
    ['Expires in 87 days', 'Never used', 'Created 3 days ago'],
  );
  assert.match(card?.facts[2]?.time ?? '', /Nov 18, 2026/);
});

test('"+" is the last button of the page, which is at its top right (W11)', () => {
  assert.equal(keyPage('ready', [row], context).buttons.at(-1)?.command, 'create');
});

test('cards stay in the daemon’s order (D39)', () => {
  const ids = keyPage('ready', [{ ...row, id: 'b' }, row, { ...row, id: 'a' }], context).cards.map(
    ({ id }) => id,
  );
  assert.deepEqual(ids, ['b', 'k1', 'a']);
});

test('each card offers what can still be done with its key, and always the trash icon (W28)', () => {
  assert.deepEqual(commands({}), ['rotate', 'revoke']);
  assert.deepEqual(commands({ global: false, workflowId: 'gone', orphaned: true }), ['rebind', 'revoke']);
  assert.deepEqual(commands({ expired: true }), ['revoke']);
  assert.deepEqual(commands({ endsAt: inDays(3) }), ['revoke']);
  assert.deepEqual(commands({ kind: 'api', global: false, scopes: ['runs:read'] }), ['rotate', 'revoke']);
});

test('an orphaned card and an expired one carry their badge and what to do (W31, W33)', () => {
  const [orphaned] = keyPage('ready', [{ ...row, orphaned: true }], context).cards;
  assert.deepEqual([orphaned?.tone, orphaned?.badges[0]?.title], ['orphaned', 'Orphaned']);
  assert.match(orphaned?.badges[0]?.why ?? '', /Revoke it, rebind it/);
  const [expired] = keyPage('ready', [{ ...row, expired: true }], context).cards;
  assert.deepEqual([expired?.tone, expired?.badges[0]?.title], ['expired', 'Expired']);
});

test('without keys it offers to make one, and without a daemon to start it', () => {
  assert.equal(keyPage('ready', [], context).notice?.button?.command, 'create');
  for (const state of ['stopped', 'failed'] as const) {
    const { notice, buttons } = keyPage(state, [], context);
    assert.deepEqual([notice?.button?.command, buttons], ['start', []]);
  }
  assert.equal(keyPage('starting', [], context).notice?.button, undefined);
});
