/**
 * Finds many texts in another one at once, in one pass; it replaces nothing, and does not know what they are.
 *
 * Only about every twelfth place of the text is looked at: a few characters are hashed there (Karp and Rabin, 1987),
 * and each pattern is filed under so many of its own that one of these places hits them. So building costs next to
 * nothing, and memory little more than the patterns themselves, however long they are.
 */

import { isLineBreak, LineBreaks, stepBack } from './lineBreaks.ts';
import { fourAt, shortestPattern, slotOf, WindowTable } from './windowTable.ts';

/** Half-open, in code units. */
export interface Span {
  start: number;
  end: number;
}

/** From this length on, line breaks within a pattern do not count: encoders and terminals break lines anywhere. */
const shortestBreakable = 12;
/** Characters that may be compared for each one that is searched; honest texts need fewer than one. */
const comparedPerCharacter = 32;

export class Patterns {
  /** How many characters the longest pattern has, line breaks left out. */
  readonly longest: number;
  /** Without line breaks, where those do not count. */
  readonly #texts: string[] = [];
  readonly #isBreakable: boolean[] = [];
  /** Too short for a window when line breaks are left out, and not without them what they are. */
  readonly #odd: string[] = [];
  readonly #windows: WindowTable;
  /** The first window of each; made when a text that was cut off is searched. */
  #beginnings: WindowTable | undefined;
  /** How many characters may still be compared. */
  #credit = 1_000_000;

  constructor(patterns: Iterable<string>) {
    let longest = 0;
    for (const pattern of patterns) {
      const joined = pattern.replace(/[\r\n]+/g, '');
      const isBreakable = joined.length >= shortestBreakable;
      longest = Math.max(longest, joined.length);
      if (isBreakable || (joined === pattern && pattern.length >= shortestPattern)) {
        this.#texts.push(joined);
        this.#isBreakable.push(isBreakable);
      } else if (pattern !== '') {
        this.#odd.push(pattern);
      }
    }
    this.longest = longest;
    this.#windows = WindowTable.ofRarest(this.#texts);
  }

  /**
   * The places where any pattern stands, in order; those that overlap are one.
   *
   * With `shortestBeginning`, the text was cut off at its end: a beginning of a pattern that stands there, at least so
   * long, is such a place too.
   *
   * Invariant: the time is linear in the text. One that is made to take longer is found as a whole.
   */
  find(text: string, shortestBeginning?: number): Span[] {
    this.#credit = Math.max(0, this.#credit) + comparedPerCharacter * text.length;
    const spans = this.#findOdd(text);
    if (this.#texts.length > 0) {
      this.#scan(text, 0, this.#windows, false, spans);
      if (shortestBeginning !== undefined) this.#findBeginning(text, shortestBeginning, spans);
    }
    return this.#credit < 0 ? [{ start: 0, end: text.length }] : mergeSpans(spans);
  }

  #findOdd(text: string): Span[] {
    const spans: Span[] = [];
    for (const pattern of this.#odd) {
      for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + 1)) {
        spans.push({ start: at, end: at + pattern.length });
      }
    }
    return spans;
  }

  #findBeginning(text: string, shortest: number, spans: Span[]): void {
    this.#beginnings ??= WindowTable.ofFirst(this.#texts);
    const found: Span[] = [];
    this.#scan(text, stepBack(text, text.length, this.longest), this.#beginnings, true, found);
    const longest = found[0];
    if (longest !== undefined && longest.end - longest.start >= shortest) spans.push(longest);
  }

  /** Looks at every `table.stride`th window from `from` on, line breaks left out. */
  #scan(text: string, from: number, table: WindowTable, isCut: boolean, spans: Span[]): void {
    const { heads, stride, size, shift } = table;
    const { length } = text;
    const breaks = new LineBreaks(text, from);
    let nextBreak = breaks.next;
    for (let at = from; at < length; ) {
      if (at >= nextBreak) {
        // What lies beyond a line break lies one character further.
        at += 1;
        nextBreak = breaks.pass();
        continue;
      }
      let slot: number;
      if (at + size <= nextBreak) {
        const later = size === 8 ? fourAt(text, at + 4) : 0;
        slot = slotOf(fourAt(text, at), later, shift);
      } else {
        slot = table.slotAcross(text, at);
      }
      if (heads[slot] !== 0) this.#compareAll(text, at, slot, table, isCut, spans);
      at += stride;
    }
  }

  /** Adds the places of all patterns of which a window of this slot may stand at `at`. */
  #compareAll(
    text: string,
    at: number,
    slot: number,
    table: WindowTable,
    isCut: boolean,
    spans: Span[],
  ): void {
    for (let entry = table.heads[slot] ?? 0; entry !== 0 && this.#credit >= 0; entry = table.nextOf(entry)) {
      const span = this.#compare(text, at, table.patternOf(entry), table.offsetOf(entry), isCut);
      if (span !== undefined) spans.push(span);
    }
  }

  /**
   * The place of a pattern whose character number `offset` stands at `at`, if it does.
   * Where `isCut`, instead the place of its beginning, if the text ends within it.
   */
  #compare(text: string, at: number, which: number, offset: number, isCut: boolean): Span | undefined {
    const pattern = this.#texts[which] ?? '';
    const isBreakable = this.#isBreakable[which] === true;
    let end = at;
    let index = offset;
    for (; index < pattern.length; index += 1) {
      if (isBreakable) while (isLineBreak(text.charCodeAt(end))) end += 1;
      if (end === text.length || text.charCodeAt(end) !== pattern.charCodeAt(index)) break;
      end += 1;
    }
    this.#credit -= index - offset + 1;
    const isThere = isCut ? end === text.length && index < pattern.length : index === pattern.length;
    if (!isThere) return undefined;
    let start = at;
    for (index = offset - 1; index >= 0; index -= 1) {
      start -= 1;
      if (isBreakable) while (isLineBreak(text.charCodeAt(start))) start -= 1;
      if (start < 0 || text.charCodeAt(start) !== pattern.charCodeAt(index)) break;
    }
    this.#credit -= offset - index;
    return index < 0 ? { start, end } : undefined;
  }
}

/** In order; those that overlap are one. */
export function mergeSpans(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.sort((one, other) => one.start - other.start)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start < last.end) last.end = Math.max(last.end, span.end);
    else merged.push(span);
  }
  return merged;
}
