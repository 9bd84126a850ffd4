/** The search for planted secrets finds what it is for, and nothing else. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { transforms } from '../support/transforms.ts';
import { type CanarySort, openCanaries } from './canaries.ts';

const sorts: CanarySort[] = ['header', 'punctuated', 'unicode', 'lines'];

test('a canary of each sort is found in each of the 33 ways of writing, anywhere', () => {
  assert.equal(transforms.length, 33);
  for (const sort of sorts) {
    const canaries = openCanaries();
    const value = canaries.make(sort, sort);
    for (const { name, encode } of transforms) {
      const found = canaries.search(Buffer.from(`${'x'.repeat(17)}${encode(value)}y`));
      assert.ok(found.length > 0, `${sort}, ${name}`);
    }
  }
});

test('a part of a canary is found too', () => {
  const canaries = openCanaries();
  const value = canaries.make('one');
  for (let at = 0; at + 24 <= value.length; at += 1) {
    assert.ok(canaries.search(Buffer.from(value.slice(at, at + 24))).length > 0);
  }
});

test('among 1,000 canaries nothing is found where none is', () => {
  const canaries = openCanaries();
  for (let index = 0; index < 1000; index += 1) canaries.make(`c${index}`, sorts[index % sorts.length]);
  const noise = randomBytes(2 ** 20);
  for (const encoding of ['latin1', 'hex', 'base64'] as const) {
    assert.deepEqual(canaries.search(Buffer.from(noise.toString(encoding), 'latin1')), []);
  }
});
