/** The bytes of `state.json`, made block by block: whatever changes, they read back as the document. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetaRecord } from '../../server/store/contracts/records.ts';
import { emptyDocument, keptRecord, readDocument } from '../../server/store/stateDocument.ts';
import { StateEncoder } from '../../server/store/stateEncoder.ts';

const record = (id: number, value: string): MetaRecord => keptRecord('meta', { id: `record-${id}`, value });

function textOf(pieces: Uint8Array[]): string {
  return Buffer.concat(pieces).toString();
}

test('after every change what is written reads back as the document, however records move', () => {
  const encoder = new StateEncoder();
  const document = emptyDocument();
  let nextId = 0;
  // A fixed sequence that looks like chance, so that a failure comes again.
  let seed = 1;
  const below = (limit: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  for (let round = 1; round <= 150; round += 1) {
    const { meta } = document.collections;
    const added = below(4) === 0 ? below(200) : below(3);
    for (let count = 0; count < added; count += 1) {
      nextId += 1;
      meta.push(record(nextId, `first of round ${round}`));
    }
    const changed = meta[below(meta.length || 1)];
    if (changed) meta[meta.indexOf(changed)] = keptRecord('meta', { ...changed, value: `round ${round}` });
    meta.splice(below(meta.length || 1), below(8) === 0 ? below(150) : below(2));
    document.revision = round;
    assert.deepEqual(readDocument(textOf(encoder.encode(document)), 'state.json'), document);
  }
});

test('a document has one record a line, and is the same from whichever encoder', () => {
  const document = emptyDocument();
  document.collections.meta = Array.from({ length: 300 }, (_, index) => record(index, `"\n${index}"`));
  const used = new StateEncoder();
  used.encode(emptyDocument());
  const text = textOf(used.encode(document));
  assert.equal(text, textOf(new StateEncoder().encode(document)));
  assert.equal(text.split('\n').filter((line) => line.startsWith('{"id":"record-')).length, 300);
});
