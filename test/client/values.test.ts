/** Typed text becomes the value that was meant, or a sentence that says what is wrong. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isConfigName } from '../../client/names.ts';
import { configValueText, parseArgument, parseConfigValue, parseInput } from '../../client/values.ts';
import { context } from './context.ts';

const { t } = context;

test('a value is checked against its type before it is sent', () => {
  assert.deepEqual(parseConfigValue('int', ' -12 ', t), { ok: true, value: -12 });
  assert.equal(parseConfigValue('int', '1.5', t).ok, false);
  assert.equal(parseConfigValue('int', '9007199254740993', t).ok, false);
  assert.deepEqual(parseConfigValue('bool', 'false', t), { ok: true, value: false });
  assert.equal(parseConfigValue('bool', 'yes', t).ok, false);
  assert.deepEqual(parseConfigValue('json', '[1]', t), { ok: true, value: [1] });
  assert.equal(parseConfigValue('json', '{', t).ok, false);
  assert.deepEqual(parseConfigValue('string', '12', t), { ok: true, value: '12' });
});

test('a stored value stands in the box as it would be typed', () => {
  assert.equal(configValueText('string', 'a "b"'), 'a "b"');
  assert.equal(configValueText('json', 'a'), '"a"');
  assert.equal(configValueText('int', 12), '12');
  assert.equal(configValueText('string', null), '');
});

test('an argument keeps its text for str, and is JSON where it can be one', () => {
  assert.equal(parseArgument('str', '3'), '3');
  assert.equal(parseArgument(undefined, '3'), '3');
  assert.equal(parseArgument('int', '3'), 3);
  assert.deepEqual(parseArgument('list[str]', '["a"]'), ['a']);
  assert.equal(parseArgument('date', '2026-11-21'), '2026-11-21');
});

test('a whole input is a JSON object and nothing else', () => {
  assert.deepEqual(parseInput('{"a":1}', t), { ok: true, value: { a: 1 } });
  for (const text of ['[]', 'null', '3', '{']) assert.equal(parseInput(text, t).ok, false);
});

test('a config name is what the daemon takes', () => {
  assert.equal(isConfigName('a.b-c_1'), true);
  for (const name of ['', 'a b', 'ä', 'x'.repeat(256)]) assert.equal(isConfigName(name), false);
});
