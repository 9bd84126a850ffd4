/** The text of a key: its form, its checksum, and that no two are the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { hashKey, inspectKey, mintKey, parseKey, sha256, withoutKeys } from '../../server/keys/mint.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

test('a key is its prefix and 32 characters of [0-9A-Za-z] (D2, W25)', () => {
  for (const prefix of ['bk_live_', 'wfk_', 'flero_sk_']) {
    const { key, hash, lastFour } = mintKey(prefix);
    assert.match(key, new RegExp(`^${prefix}[0-9A-Za-z]{32}$`));
    assert.equal(lastFour, key.slice(-4));
    assert.equal(hash, hashKey(key));
    assert.deepEqual(parseKey(key), { prefix, lastFour });
  }
});

test('the last six characters are the CRC32 of all before them, in base 62 with zeros in front', () => {
  for (let round = 0; round < 200; round += 1) {
    const { key } = mintKey('bk_live_');
    let value = 0;
    for (const character of key.slice(-6)) value = value * 62 + alphabet.indexOf(character);
    assert.equal(value, crc32(key.slice(0, -6)));
  }
});

test('a key with any one character changed is refused offline', () => {
  const { key } = mintKey('bk_live_');
  for (let place = 'bk_live_'.length; place < key.length; place += 1) {
    for (const character of alphabet) {
      if (character === key[place]) continue;
      const mistyped = key.slice(0, place) + character + key.slice(place + 1);
      assert.equal(inspectKey(mistyped).kind, 'checksum');
      assert.equal(parseKey(mistyped), undefined);
    }
  }
});

test('two neighbouring characters swapped are noticed', () => {
  const { key } = mintKey('wfk_');
  for (let place = 'wfk_'.length; place < key.length - 1; place += 1) {
    const [one = '', other = ''] = [key[place], key[place + 1]];
    if (one === other) continue;
    assert.equal(parseKey(key.slice(0, place) + other + one + key.slice(place + 2)), undefined);
  }
});

test('the same random part under another prefix is no key', () => {
  const { key } = mintKey('bk_live_');
  assert.equal(inspectKey(key.replace('bk_live_', 'bk_test_')).kind, 'checksum');
});

test('text that is not shaped like a key is malformed', () => {
  const { key } = mintKey('bk_live_');
  const texts = [
    '',
    'bk_live_',
    key.slice(0, -1),
    `${key}0`,
    ` ${key}`,
    `${key}\n`,
    key.replace('_', '-'),
    '€',
  ];
  for (const text of [...texts, `bk_live_${'0'.repeat(1_000_000)}`, `${'a_'.repeat(40)}${key}`]) {
    assert.equal(inspectKey(text).kind, 'malformed');
  }
});

test('every character is equally likely in the random part', () => {
  const counts = new Map<string, number>([...alphabet].map((character) => [character, 0]));
  const keys = 4000;
  for (let made = 0; made < keys; made += 1) {
    for (const character of mintKey('x_').key.slice(2, 28)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
  }
  const expected = (keys * 26) / 62;
  let chiSquared = 0;
  for (const count of counts.values()) chiSquared += (count - expected) ** 2 / expected;
  // With 61 degrees of freedom a fair source exceeds 150 once in ten thousand million runs; modulo 256 gives 800.
  assert.ok(chiSquared < 150, `chi squared is ${chiSquared}`);
});

test('no two of many keys are the same', () => {
  const keys = new Set(Array.from({ length: 10_000 }, () => mintKey('bk_live_').key));
  assert.equal(keys.size, 10_000);
});

test('hashes are SHA-256 in hex', () => {
  assert.equal(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(hashKey('abc'), sha256('abc'));
});

test('no key is left in a text, whatever stands around it', () => {
  const { key } = mintKey('bk_live_');
  for (const text of [
    key,
    `x${key}`,
    `my_${key}`,
    `${key}${key}`,
    `"${key}"`,
    `%20${key}9`,
    `/api/${key}?a=${key}`,
  ]) {
    assert.ok(!withoutKeys(text).includes(key.slice(8)), text);
  }
  assert.equal(withoutKeys(`key ${key}.`), 'key bk_live_[REDACTED].');
  const id = '01a1fc33-a8db-7000-9718-ae54f03e8750';
  assert.equal(withoutKeys(`run ${id} of my_workflow`), `run ${id} of my_workflow`);
});
