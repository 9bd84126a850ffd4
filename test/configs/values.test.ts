/** Config values, checked and converted for their type. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkValue, parseText, typeOf, valueLimitBytes } from '../../server/configs/values.ts';
import { Failure } from '../../server/errors.ts';
import type { ConfigTypeName } from '../../server/protocol/configs.ts';

const canary = 'canary-test-5f2d';

/** Asserts a clear refusal that names the config and does not hold the value. */
function refuses(act: () => unknown, pattern: RegExp): void {
  assert.throws(act, (thrown: unknown) => {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, 'bad-input');
    assert.match(thrown.message, pattern);
    assert.match(thrown.message, /"limit"/);
    assert.doesNotMatch(thrown.message, new RegExp(canary));
    assert.doesNotMatch(thrown.message, /\n/);
    assert.equal(thrown.cause, undefined);
    return true;
  });
}

test('text from the command line becomes a value of its type', () => {
  assert.equal(parseText('n', 'string', ' as it is '), ' as it is ');
  assert.equal(parseText('n', 'secret', 'sk_test_example'), 'sk_test_example');
  assert.equal(parseText('n', 'int', ' 42\n'), 42);
  assert.equal(parseText('n', 'int', '-7'), -7);
  assert.equal(parseText('n', 'int', '+7'), 7);
  assert.equal(parseText('n', 'bool', 'True'), true);
  assert.equal(parseText('n', 'bool', 'false\n'), false);
  assert.deepEqual(parseText('n', 'json', '{"a": [1, 2.5, null, "é"]}'), { a: [1, 2.5, null, 'é'] });
  assert.equal(parseText('n', 'json', 'null'), null);
  assert.equal(parseText('n', 'string', ''), '');
});

test('text that does not fit its type is refused without being repeated', () => {
  refuses(() => parseText('limit', 'int', canary), /whole number/);
  refuses(() => parseText('limit', 'int', '1.5'), /whole number/);
  refuses(() => parseText('limit', 'int', '0x10'), /whole number/);
  refuses(() => parseText('limit', 'int', ''), /whole number/);
  refuses(() => parseText('limit', 'bool', canary), /true or false/);
  refuses(() => parseText('limit', 'json', `{"a": ${canary}`), /valid JSON/);
  refuses(() => parseText('limit', 'json', ''), /valid JSON/);
  refuses(() => parseText('limit', 'secret', ''), /cannot be empty/);
});

test('a value of the wrong type is refused', () => {
  const wrong: [ConfigTypeName, unknown][] = [
    ['string', 1],
    ['string', null],
    ['secret', { a: canary }],
    ['secret', 1],
    ['int', '1'],
    ['int', 1.5],
    ['int', Number.NaN],
    ['bool', 'true'],
    ['bool', 1],
    ['bool', null],
  ];
  for (const [type, value] of wrong) refuses(() => checkValue('limit', type, value), /needs/);
  refuses(
    () => checkValue('limit', 'date' as ConfigTypeName, canary),
    /choose one of string, int, bool, json/,
  );
});

test('whole numbers up to 2^53 - 1 are kept exactly, beyond they are refused', () => {
  for (const exact of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0]) {
    assert.equal(checkValue('n', 'int', exact), exact);
    assert.equal(parseText('n', 'int', String(exact)), exact);
  }
  refuses(() => parseText('limit', 'int', '9007199254740993'), /2\^53/);
  refuses(() => checkValue('limit', 'int', 2 ** 53), /2\^53/);
  refuses(() => parseText('limit', 'json', '{"id": 9007199254740993}'), /2\^53/);
  assert.ok(Object.is(checkValue('n', 'int', -0), 0));
});

test('JSON holds only what JSON gives back', () => {
  for (const value of [null, true, 'text', 1.5, [], {}, { a: [{ b: null }] }]) {
    assert.deepEqual(checkValue('n', 'json', value), value);
  }
  const own = JSON.parse('{"__proto__": {"a": 1}}');
  assert.equal(JSON.stringify(checkValue('n', 'json', own)), '{"__proto__":{"a":1}}');
  const flawed: unknown[] = [
    undefined,
    Number.NaN,
    Infinity,
    10n,
    () => canary,
    new Date(0),
    new Map(),
    Symbol(),
  ];
  for (const value of flawed) {
    refuses(() => checkValue('limit', 'json', value), /./);
    refuses(() => checkValue('limit', 'json', { deep: [value] }), /./);
  }
  let deep: unknown = canary;
  for (let level = 0; level < 200; level += 1) deep = [deep];
  refuses(() => checkValue('limit', 'json', deep), /nested/);
});

test('lone surrogates are refused, every whole character is kept', () => {
  const lone = '\ud800';
  for (const type of ['string', 'secret'] as const) {
    refuses(() => checkValue('limit', type, `${canary}${lone}`), /lone surrogate/);
    assert.equal(checkValue('n', type, '🔑 é\u0000 日本'), '🔑 é\u0000 日本');
  }
  refuses(() => checkValue('limit', 'json', { [lone]: 1 }), /lone surrogate/);
});

test('64 KiB of UTF-8 are allowed, one byte more is refused', () => {
  for (const type of ['string', 'secret'] as const) {
    assert.ok(checkValue('n', type, 'é'.repeat(valueLimitBytes / 2)));
    refuses(() => checkValue('limit', type, `${'é'.repeat(valueLimitBytes / 2)}x`), /64 KiB/);
  }
  refuses(() => checkValue('limit', 'json', { a: 'x'.repeat(valueLimitBytes) }), /64 KiB/);
});

test('a value from workflow code gets the type of its kind', () => {
  assert.deepEqual(['x', 1, true, null, 1.5, [1], { a: 1 }].map(typeOf), [
    'string',
    'int',
    'bool',
    'json',
    'json',
    'json',
    'json',
  ]);
});
