/** The list of transforms is whole, and each does what Python's own does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inPython } from './pythonTransforms.ts';
import { sampleSecrets } from './sampleSecrets.ts';
import { transforms } from './transforms.ts';

test('there are 33 transforms, each with a name of its own', () => {
  assert.equal(transforms.length, 33);
  assert.equal(new Set(transforms.map(({ name }) => name)).size, 33);
});

test('each transform writes every sample as Python does', async () => {
  const expected = await inPython(Object.values(sampleSecrets));
  for (const [index, [kind, secret]] of Object.entries(sampleSecrets).entries()) {
    const written = Object.fromEntries(transforms.map(({ name, encode }) => [name, encode(secret)]));
    assert.deepEqual(written, expected[index], kind);
  }
});
