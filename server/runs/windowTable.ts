/** Files patterns under the hash of a few of their characters, so that a search need not compare each; it searches nothing. */

import { isLineBreak } from './lineBreaks.ts';

/** No pattern is shorter. */
export const shortestPattern = 4;

/** More would look at little less of the text. */
const longestStride = 12;
/** More would fill the largest table. */
const mostEntries = 2 ** 18;
/** So many windows in the middle of a pattern are candidates at first: it is the beginnings that many secrets share. */
const fewCandidates = 24;
const manyCandidates = 64;
/** Longer chains cost more than a longer stride saves. */
const longestChain = 128;

/**
 * Slot → chain of entries, one for each window that a pattern is filed under: `stride` windows that follow each other,
 * so that every `stride`th window of a text hits one of them wherever the pattern stands.
 *
 * Entries are counted from 1; 0 is none.
 */
export class WindowTable {
  /** Slot → its first entry. */
  readonly heads: Int32Array;
  readonly stride: number;
  /** How many characters are hashed: 8, or 4 where a pattern is short. */
  readonly size: 4 | 8;
  /** How far a hash of 32 bits is shifted right to be a slot. */
  readonly shift: number;
  readonly #next: Int32Array;
  /** Pattern → where in it the first of its windows is. */
  readonly #offsets: Int32Array;

  private constructor(patterns: number, stride: number, size: 4 | 8) {
    const bits = Math.min(20, Math.max(12, Math.ceil(Math.log2(patterns * stride + 1)) + 3));
    this.heads = new Int32Array(2 ** bits);
    this.stride = stride;
    this.size = size;
    this.shift = 32 - bits;
    this.#next = new Int32Array(patterns * stride + 1);
    this.#offsets = new Int32Array(patterns);
  }

  /** Each pattern under its first characters alone. */
  static ofFirst(patterns: readonly string[]): WindowTable {
    const table = new WindowTable(patterns.length, 1, shortestPattern);
    patterns.forEach((pattern, index) => {
      table.#file(index, 0, [table.#slotAt(pattern, 0)]);
    });
    return table;
  }

  /** Each pattern under those of its windows that the fewest others have. */
  static ofRarest(patterns: readonly string[]): WindowTable {
    const shortest = patterns.reduce(
      (least, { length }) => Math.min(least, length),
      Number.POSITIVE_INFINITY,
    );
    const size = shortest < 12 ? 4 : 8;
    const fitting = Math.max(1, Math.floor(mostEntries / Math.max(1, patterns.length)));
    let stride = Math.min(longestStride, shortest - size + 1, fitting);
    for (let candidates = fewCandidates; ; candidates = manyCandidates) {
      const table = new WindowTable(patterns.length, stride, size);
      if (table.#fileRarest(patterns, candidates) <= longestChain || stride === 1) return table;
      // Where patterns hardly differ, only a look at more places tells them apart.
      stride = Math.floor(stride / 2);
    }
  }

  nextOf(entry: number): number {
    return this.#next[entry] ?? 0;
  }

  patternOf(entry: number): number {
    return Math.floor((entry - 1) / this.stride);
  }

  /** Where in its pattern the entry's window is. */
  offsetOf(entry: number): number {
    return (this.#offsets[this.patternOf(entry)] ?? 0) + ((entry - 1) % this.stride);
  }

  /** The slot of the window at `at`, line breaks left out; behind the text stand zeros. */
  slotAcross(text: string, at: number): number {
    let first = 0;
    let later = 0;
    for (let index = at, count = 0; count < this.size; index += 1) {
      const code = index < text.length ? text.charCodeAt(index) : 0;
      if (isLineBreak(code)) continue;
      if (count < 4) first ^= code << (8 * count);
      else later ^= code << (8 * (count - 4));
      count += 1;
    }
    return slotOf(first, later, this.shift);
  }

  #slotAt(text: string, at: number): number {
    const later = this.size === 8 ? fourAt(text, at + 4) : 0;
    return slotOf(fourAt(text, at), later, this.shift);
  }

  /** Gives the length of the longest chain. */
  #fileRarest(patterns: readonly string[], candidates: number): number {
    const slots = new Int32Array(patterns.length * candidates);
    const counts = new Uint16Array(this.heads.length);
    patterns.forEach((pattern, index) => {
      const { from, count } = this.#middle(pattern, candidates);
      for (let nth = 0; nth < count; nth += 1) {
        const slot = this.#slotAt(pattern, from + nth);
        slots[index * candidates + nth] = slot;
        counts[slot] = (counts[slot] ?? 0) + 1;
      }
    });
    const chains = new Uint16Array(this.heads.length);
    let longest = 0;
    patterns.forEach((pattern, index) => {
      const { from, count } = this.#middle(pattern, candidates);
      const own = slots.subarray(index * candidates, index * candidates + count);
      const best = rarest(own, counts, this.stride);
      const filed = own.subarray(best, best + this.stride);
      this.#file(index, from + best, filed);
      for (const slot of filed) {
        const length = (chains[slot] ?? 0) + 1;
        chains[slot] = length;
        if (length > longest) longest = length;
      }
    });
    return longest;
  }

  /** At most so many windows in the middle of a pattern. */
  #middle(pattern: string, most: number): { from: number; count: number } {
    const windows = pattern.length - this.size + 1;
    return { from: Math.max(0, (windows - most) >> 1), count: Math.min(windows, most) };
  }

  #file(pattern: number, offset: number, slots: ArrayLike<number>): void {
    this.#offsets[pattern] = offset;
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index] ?? 0;
      const entry = pattern * this.stride + index + 1;
      this.#next[entry] = this.heads[slot] ?? 0;
      this.heads[slot] = entry;
    }
  }
}

/** Four characters as one number. */
export function fourAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) ^
    (text.charCodeAt(at + 1) << 8) ^
    (text.charCodeAt(at + 2) << 16) ^
    (text.charCodeAt(at + 3) << 24)
  );
}

/** The slot of a window, of which the first four characters and the others, or 0, are given. */
export function slotOf(first: number, later: number, shift: number): number {
  return Math.imul(Math.imul(first, 0x85ebca6b) ^ later, 0x9e3779b1) >>> shift;
}

/** Where `stride` slots that follow each other have the fewest patterns together. */
function rarest(slots: Int32Array, counts: Uint16Array, stride: number): number {
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  let shared = 0;
  for (let at = 0; at < slots.length; at += 1) {
    shared += counts[slots[at] ?? 0] ?? 0;
    if (at >= stride) shared -= counts[slots[at - stride] ?? 0] ?? 0;
    if (at >= stride - 1 && shared < fewest) {
      fewest = shared;
      best = at - stride + 1;
    }
  }
  return best;
}
