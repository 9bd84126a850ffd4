/**
 * Keeps the secrets that a run has read out of everything that leaves it (D35, C10, C11); it knows no run.
 *
 * Invariant: what it returns holds no registered secret, plain or in one of the forms of `secretForms.ts`; and no run can
 * make it hold up the others: of one that has read more than can be searched for, everything is masked.
 */

import { mergeSpans, Patterns, type Span } from './patterns.ts';
import { secretForms, shortestForm } from './secretForms.ts';

const mask = '[REDACTED]';
/** The start of a secret that gives it away, where a text was cut off in the middle. */
const shortestStart = 4;
/** What the secrets may have together: their forms take a hundred times and more of it, in memory and in time. */
const mostCharacters = 256 * 1024;
/** What a secret takes beside its characters. */
const overhead = 64;

/** Why everything is masked, for whoever wonders. */
export const allMaskedMessage = `The run has read or set more than ${mostCharacters / 1024} KiB of secrets, which are more than can be looked for; so all of its output is masked.`;

/** Secrets that came before the ones after it, at least twice as many forms. */
interface Generation {
  forms: ReadonlySet<string>;
  patterns: Patterns;
}

export interface ScrubOptions {
  /** The text was cut off at its end, where the first characters of a secret may be left. */
  cut?: boolean;
}

export class Scrubber {
  /** Registered since the patterns were made. Forms are made when they are needed: most runs read, and say nothing. */
  readonly #new = new Set<string>();
  readonly #known = new Set<string>();
  /** Secrets that are too short to be looked for inside of other text. */
  readonly #short = new Set<string>();
  /** Secrets that are numbers, which a result may hold as such. */
  readonly #numbers = new Set<number>();
  /** Like the digits of a number: one more secret does not have the patterns of all made anew. */
  readonly #generations: Generation[] = [];
  #characters = 0;

  /** Whether there are more secrets than it can search for, so that it masks whatever it is given. */
  get isFull(): boolean {
    return this.#characters > mostCharacters;
  }

  /** How many secrets are registered. */
  get size(): number {
    return this.#known.size;
  }

  /** How many characters a single thing that is masked has at most, line breaks left out. */
  get longest(): number {
    return Math.max(0, ...this.#ready().map(({ patterns }) => patterns.longest));
  }

  /** From now on `secret` is masked. A value that is no text counts as its JSON. */
  register(secret: unknown): void {
    const text = typeof secret === 'string' ? secret : (JSON.stringify(secret) ?? '');
    if (text === '' || this.isFull || this.#known.has(text)) return;
    this.#characters += text.length + overhead;
    this.#known.add(text);
    if (this.isFull) {
      this.#new.clear();
      this.#generations.length = 0;
      return;
    }
    this.#new.add(text);
    if (text.length < shortestForm) this.#short.add(text);
    if (text.trim() !== '' && Number.isFinite(Number(text))) this.#numbers.add(Number(text));
  }

  scrubText(text: string, options: ScrubOptions = {}): string {
    if (this.isFull) return text === '' ? text : mask;
    return this.#isShort(text) ? mask : maskSpans(text, this.#find(text, options));
  }

  /** A copy of a JSON value with texts and names scrubbed; a number that is a secret is masked too. */
  scrubValue(value: unknown): unknown {
    if (this.#known.size === 0) return value;
    if (typeof value === 'string') return this.scrubText(value);
    if (typeof value === 'number') return this.isFull || this.#numbers.has(value) ? mask : value;
    if (Array.isArray(value)) return value.map((item) => this.scrubValue(item));
    if (typeof value !== 'object' || value === null) return value;
    return this.#scrubMembers(Object.entries(value));
  }

  /** Lines, each with a `message`; a secret that spans several of them is masked in each. */
  scrubLines<Line extends { message: string }>(lines: Line[], options: ScrubOptions = {}): Line[] {
    if (this.#known.size === 0) return lines;
    if (this.isFull) return lines.map((line) => ({ ...line, message: this.scrubText(line.message) }));
    const spans = this.#find(lines.map(({ message }) => message).join('\n'), options);
    let start = 0;
    let next = 0;
    return lines.map((line) => {
      const end = start + line.message.length;
      const own: Span[] = [];
      for (let span = spans[next]; span !== undefined && span.start < end; span = spans[next]) {
        if (span.end > start) {
          own.push({ start: Math.max(span.start - start, 0), end: Math.min(span.end, end) - start });
        }
        if (span.end > end) break;
        next += 1;
      }
      start = end + 1;
      if (this.#isShort(line.message)) return { ...line, message: mask };
      return own.length === 0 ? line : { ...line, message: maskSpans(line.message, own) };
    });
  }

  #isShort(text: string): boolean {
    return text.length < shortestForm && this.#short.has(text);
  }

  /** Names that are the same once they are masked are numbered, so that no member is lost. */
  #scrubMembers(members: [string, unknown][]): object {
    const taken = new Set(members.map(([name]) => name));
    const counts = new Map<string, number>();
    const rename = (name: string): string => {
      const masked = this.scrubText(name);
      if (masked === name) return name;
      let free = masked;
      while (taken.has(free)) {
        const number = (counts.get(masked) ?? 1) + 1;
        counts.set(masked, number);
        free = `${masked} (${number})`;
      }
      taken.add(free);
      return free;
    };
    // Entries become own properties whatever their name is, `__proto__` too.
    return Object.fromEntries(members.map(([name, item]) => [rename(name), this.scrubValue(item)]));
  }

  #find(text: string, options: ScrubOptions): Span[] {
    if (this.#known.size === 0) return [];
    const shortest = options.cut === true ? shortestStart : undefined;
    return mergeSpans(this.#ready().flatMap(({ patterns }) => patterns.find(text, shortest)));
  }

  #ready(): readonly Generation[] {
    if (this.#new.size === 0) return this.#generations;
    const forms = new Set<string>();
    for (const secret of this.#new) for (const form of secretForms(secret)) forms.add(form);
    this.#new.clear();
    for (let last = this.#generations.at(-1); last; last = this.#generations.at(-1)) {
      if (last.forms.size >= 2 * forms.size) break;
      for (const form of last.forms) forms.add(form);
      this.#generations.pop();
    }
    this.#generations.push({ forms, patterns: new Patterns(forms) });
    return this.#generations;
  }
}

function maskSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start === end) continue;
    pieces.push(text.slice(at, start), mask);
    at = end;
  }
  return pieces.join('') + text.slice(at);
}
