/** `state.json` as bytes, in blocks of which only those with a change are made anew; it does not touch the disk. */

import type { CollectionName } from './contracts/state.ts';
import type { StateDocument } from './stateDocument.ts';
import { collectionNames } from './stateTables.ts';

/**
 * Few enough that making one anew is not felt, and many enough that writing all of them is one call for the system:
 * what a change costs beside the disk then hardly grows with what is stored.
 */
const recordsPerBlock = 64;

interface Block {
  records: readonly object[];
  bytes: Buffer;
}

/**
 * Invariant: a block is the same as long as it holds the very same records, since records are never changed in place.
 * It relies on that from one document to the next, so that each store has an encoder of its own.
 */
export class StateEncoder {
  readonly #blocks = new Map<CollectionName, Block[]>();

  /** The document as UTF-8 JSON, one record a line, so that the differences of backups can be read. */
  encode({ schemaVersion, revision, collections }: StateDocument): Uint8Array[] {
    const pieces: Uint8Array[] = [
      Buffer.from(`{"schemaVersion":${schemaVersion},"revision":${revision},"collections":{`),
    ];
    let separator = '\n';
    for (const name of collectionNames) {
      pieces.push(Buffer.from(`${separator}"${name}":[`));
      const blocks = blocksOf(collections[name], this.#blocks.get(name) ?? []);
      this.#blocks.set(name, blocks);
      for (const { bytes } of blocks) pieces.push(bytes);
      pieces.push(closing);
      separator = ',\n';
    }
    pieces.push(Buffer.from('\n}}\n'));
    return pieces;
  }
}

const closing = Buffer.from('\n]');

function blocksOf(records: readonly object[], before: readonly Block[]): Block[] {
  const count = Math.ceil(records.length / recordsPerBlock);
  return Array.from({ length: count }, (_, index) => {
    const start = index * recordsPerBlock;
    const end = Math.min(start + recordsPerBlock, records.length);
    const block = before[index];
    return block && holds(block, records, start, end) ? block : makeBlock(records.slice(start, end), start);
  });
}

function holds(block: Block, records: readonly object[], start: number, end: number): boolean {
  if (block.records.length !== end - start) return false;
  return block.records.every((record, offset) => record === records[start + offset]);
}

function makeBlock(records: readonly object[], start: number): Block {
  const lines = records.map((record) => JSON.stringify(record)).join(',\n');
  return { records, bytes: Buffer.from(`${start === 0 ? '' : ','}\n${lines}`) };
}
