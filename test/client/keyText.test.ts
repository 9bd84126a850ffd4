/** What a key's row tells (W5–W10, W31–W33). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyText, keyText } from '../../client/views/keyText.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import { context, inDays, keyRow as row } from './context.ts';

const titles = ({ badges }: KeyText) => badges.map(({ title }) => title);

test('a row shows scope, description, masked key, created, last used and expiration', () => {
  const text = keyText({ ...row, lastUsedAt: inDays(-1) }, context);
  assert.equal(text.label, 'Global  CI pipeline trigger');
  assert.equal(text.scope, 'Global');
  assert.deepEqual(
    text.facts.map((fact) => fact.text),
    ['bk_live_••••1a2b', 'Expires in 87 days', 'Used yesterday', 'Created 3 days ago'],
  );
  assert.deepEqual(
    text.facts.map(({ time }) => time?.slice(0, 12)),
    [undefined, 'Feb 16, 2027', 'Nov 20, 2026', 'Nov 18, 2026'],
  );
  assert.deepEqual(text.badges, []);
});

test('a workflow-specific key shows the workflow instead of "Global"', () => {
  const text = keyText({ ...row, global: false, workflowId: 'send_invoice' }, context);
  assert.equal(text.scope, 'send_invoice');
});

test('an expiration is shown also when it is never, and a last use also when there was none', () => {
  const { spoken, tooltip } = keyText({ ...row, expiresAt: null }, context);
  assert.match(spoken, /Never expires, Never used/);
  assert.match(tooltip, /\| Expires&emsp; \| never \|/);
});

test('an orphaned key is red, says so first and says what to do', () => {
  const text = keyText({ ...row, global: false, workflowId: 'gone', orphaned: true }, context);
  assert.equal(text.label, 'gone  Orphaned  CI pipeline trigger');
  assert.deepEqual(text.labelBadges, ['gone', 'Orphaned']);
  assert.equal(text.tone, 'orphaned');
  assert.equal(text.icon, 'warning');
  assert.deepEqual(titles(text), ['Orphaned']);
  assert.match(text.tooltip, /Revoke it/);
});

test('an expired key carries an "Expired" badge', () => {
  const text = keyText({ ...row, expired: true, expiresAt: inDays(-2) }, context);
  assert.deepEqual(text.labelBadges, ['Global', 'Expired']);
  assert.equal(text.tone, 'expired');
  assert.deepEqual(titles(text), ['Expired']);
  assert.match(text.spoken, /Expired 2 days ago/);
});

test('a key whose endpoint is switched off says so, and is not called orphaned', () => {
  const text = keyText({ ...row, endpointOff: true }, context);
  assert.deepEqual(titles(text), ['Endpoint off']);
  assert.equal(text.tone, 'normal');
  assert.equal(text.label, 'Global  CI pipeline trigger');
});

test('a key of an organization says so on its card, and to a screen reader (D28)', () => {
  const text = keyText({ ...row, organizationId: 'acme' }, context);
  assert.equal(text.facts[1]?.text, 'For acme');
  assert.match(text.spoken, /For acme/);
});

test('a description cannot smuggle Markdown into the tooltip', () => {
  const { tooltip } = keyText({ ...row, description: '[x](command:y) **z**' }, context);
  assert.ok(tooltip.startsWith('**\\[x\\]\\(command\\:y\\) \\*\\*z\\*\\***'));
});

test('a description that would turn the writing around does not, in row, tooltip and speech', () => {
  const text = keyText({ ...row, description: '\u202egnp.exe\u202c' }, context);
  assert.equal(text.label, 'Global  \uFFFDgnp.exe\uFFFD');
  assert.doesNotMatch(JSON.stringify(text), /[\u202a-\u202e]/);
  assert.equal(keyText({ ...row, description: 'مفتاح' }, context).description, 'مفتاح');
});

test('a screen reader hears scope, description, state and times', () => {
  const { spoken } = keyText({ ...row, orphaned: true }, context);
  assert.equal(
    spoken,
    'Global, CI pipeline trigger, Orphaned, Expires in 87 days, Never used, Created 3 days ago',
  );
});

const api: KeyRow = {
  ...row,
  kind: 'api',
  global: false,
  description: 'Deploy',
  masked: 'wfk_••••1a2b',
  scopes: ['workflows:execute', 'runs:read'],
};

test('an API key shows what it may do, and on which workflows when they are limited (F18, F19)', () => {
  const everywhere = keyText(api, context);
  assert.equal(everywhere.label, 'API key  Deploy');
  assert.deepEqual(
    everywhere.facts.map((fact) => fact.text),
    [
      'wfk_••••1a2b',
      'workflows:execute, runs:read',
      'Expires in 87 days',
      'Never used',
      'Created 3 days ago',
    ],
  );
  const limited = keyText({ ...api, workflowIds: ['hello', 'charge'] }, context);
  assert.equal(limited.facts[1]?.text, 'workflows:execute, runs:read on hello, charge');
  assert.match(limited.tooltip, /\| May&emsp; \| workflows\\:execute, runs\\:read on hello, charge \|/);
  assert.match(limited.spoken, /runs:read on hello, charge/);
});

test('a rotated key says that it is replaced and when it ends, and after that that it has ended', () => {
  const replaced = { ...api, endsAt: inDays(7), replacedBy: 'k2' };
  const overlapping = keyText(replaced, context);
  assert.deepEqual([...titles(overlapping), overlapping.tone], ['Replaced', 'normal']);
  assert.equal(overlapping.facts[2]?.text, 'Ends in 7 days');
  const ended = keyText({ ...replaced, endsAt: inDays(-2), expired: true }, context);
  assert.deepEqual([...titles(ended), ended.tone], ['Replaced', 'expired']);
  assert.equal(ended.facts[2]?.text, 'Ended 2 days ago');
  assert.match(ended.tooltip, /Revoke it to remove it here/);
});

test('a key that is due for rotation says so (A15)', () => {
  const text = keyText({ ...row, rotationDue: true }, context);
  assert.deepEqual([...titles(text), text.tone], ['Rotate it', 'normal']);
  assert.match(text.tooltip, /older than 90 days/);
});
