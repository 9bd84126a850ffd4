/** Secrets that are planted, and the search for them in every way of writing; it does not know where they were planted. */

import { randomInt } from 'node:crypto';
import { transforms } from '../support/transforms.ts';

export interface Canaries {
  readonly size: number;
  /** A new secret of 48 characters or more, by a name for the finding. */
  make(name: string, sort?: CanarySort): string;
  /** One that the product has made. */
  add(name: string, value: string): void;
  /** Everything of which a part of 24 characters, in one of the ways of writing, stands in the bytes; each once. */
  search(bytes: Uint8Array): string[];
}

/** `header`: what a header can hold. */
export type CanarySort = 'header' | 'punctuated' | 'unicode' | 'lines';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const alphabets: Record<Exclude<CanarySort, 'lines'>, string[]> = {
  header: [...letters],
  punctuated: [...letters, ...'@/+=%&~*![]{};:,.?#$^|\'"\\<>() '],
  unicode: [...letters, ...'äöüßéñøłключ密码鍵🔑🗝'],
};

/** Long enough never to stand anywhere by chance, in hex too. */
const windowBytes = 16;
const strideBytes = 8;
/** Bits of a table that says where a look at the windows is worth it. */
const tableBits = 26;

export function openCanaries(): Canaries {
  const windows = new Map<string, string>();
  const table = new Uint32Array(2 ** (tableBits - 5));
  let size = 0;

  const addWindow = (bytes: Buffer, found: string) => {
    const window = bytes.toString('latin1');
    if (windows.has(window)) return;
    windows.set(window, found);
    const place = placeOf(bytes.readInt32LE(0), bytes.readInt32LE(4));
    table[place >>> 5] = (table[place >>> 5] ?? 0) | (1 << (place & 31));
  };

  function add(name: string, value: string): void {
    size += 1;
    for (const { name: way, encode, around } of transforms) {
      const bytes = Buffer.from(encode(value), 'utf8');
      const last = bytes.length - around - windowBytes;
      for (let at = around; at <= last; at += strideBytes) {
        addWindow(bytes.subarray(at, at + windowBytes), `${name} (${way})`);
      }
    }
  }

  return {
    get size() {
      return size;
    },
    make(name, sort = 'header') {
      const value = sort === 'lines' ? [1, 2, 3].map(() => text('header', 64)).join('\n') : text(sort, 48);
      add(name, value);
      return value;
    },
    add,
    search(bytes) {
      const found = new Set<string>();
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let low = 0;
      let high = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        low = (low >>> 8) | (high << 24);
        high = (high >>> 8) | ((bytes[at] ?? 0) << 24);
        const place = placeOf(low, high);
        if (((table[place >>> 5] ?? 0) & (1 << (place & 31))) === 0) continue;
        const start = at - strideBytes + 1;
        const window = buffer.toString('latin1', start, start + windowBytes);
        const hit = windows.get(window);
        if (hit !== undefined) found.add(hit);
      }
      return [...found];
    },
  };
}

function placeOf(low: number, high: number): number {
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)) >>> (32 - tableBits);
}

/** Ends in what no trimming takes away. */
function text(sort: Exclude<CanarySort, 'lines'>, length: number): string {
  const alphabet = alphabets[sort];
  const pick = (from: string[]) => from[randomInt(from.length)] ?? '';
  const body = Array.from({ length: length - 2 }, () => pick(alphabet)).join('');
  return pick(alphabets.header) + body + pick(alphabets.header);
}
