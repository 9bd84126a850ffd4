/**
 * Keeps the secrets that a run has read out of everything that leaves it (D35, C10, C11); it knows no run.
 *
 * Invariant: what it returns holds no registered secret, plain or in one of the forms of `secretForms.ts`.
 */

import { Automaton, type Span } from './automaton.ts';
import { secretForms } from './secretForms.ts';

const mask = '[REDACTED]';
/** The start of a secret that gives it away, where a text was cut off in the middle. */
const shortestStart = 4;

export interface ScrubOptions {
  /** The text was cut off at its end, where the first characters of a secret may be left. */
  cut?: boolean;
}

export class Scrubber {
  readonly #patterns = new Set<string>();
  /** Secrets that are too short to be looked for inside of other text. */
  readonly #short = new Set<string>();
  /** Made when it is needed, since most runs read no secret. */
  #automaton: Automaton | undefined;
  #longest = 0;

  /** How many characters a single thing that is masked has at most. */
  get longest(): number {
    return this.#longest;
  }

  /** From now on `secret` is masked. A value that is no text counts as its JSON. */
  register(secret: unknown): void {
    const text = typeof secret === 'string' ? secret : (JSON.stringify(secret) ?? '');
    if (text === '') return;
    const forms = secretForms(text);
    if (forms.size === 0) this.#short.add(text);
    for (const form of forms) {
      this.#patterns.add(form);
      this.#longest = Math.max(this.#longest, form.length);
    }
    this.#automaton = undefined;
  }

  scrubText(text: string, options: ScrubOptions = {}): string {
    if (this.#short.has(text)) return mask;
    return maskSpans(text, this.#find(text, options));
  }

  /** A copy of a JSON value with texts and names scrubbed; a number that is a secret is masked too. */
  scrubValue(value: unknown): unknown {
    if (this.#isEmpty) return value;
    if (typeof value === 'string') return this.scrubText(value);
    if (typeof value === 'number') return this.#patterns.has(String(value)) ? mask : value;
    if (Array.isArray(value)) return value.map((item) => this.scrubValue(item));
    if (typeof value !== 'object' || value === null) return value;
    // Entries become own properties whatever their name is, `__proto__` too.
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.scrubText(name), this.scrubValue(item)]),
    );
  }

  /** Lines, each with a `message`; a secret that spans several of them is masked in each. */
  scrubLines<Line extends { message: string }>(lines: Line[], options: ScrubOptions = {}): Line[] {
    if (this.#isEmpty) return lines;
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
      const message = this.#short.has(line.message) ? mask : maskSpans(line.message, own);
      return { ...line, message };
    });
  }

  /** Scrubs a text that comes in chunks. Holds back what may be the start of a secret, and never more than that. */
  openStream(): ScrubStream {
    return new ScrubStream(this.#ready());
  }

  get #isEmpty(): boolean {
    return this.#patterns.size === 0 && this.#short.size === 0;
  }

  #find(text: string, options: ScrubOptions): Span[] {
    if (this.#patterns.size === 0) return [];
    const automaton = this.#ready();
    const spans: Span[] = [];
    const state = automaton.scan(text, (length, end) => addSpan(spans, end - length, end));
    const begun = automaton.begunIn(state);
    if (options.cut === true && begun >= shortestStart) addSpan(spans, text.length - begun, text.length);
    return spans;
  }

  #ready(): Automaton {
    this.#automaton ??= new Automaton(this.#patterns);
    return this.#automaton;
  }
}

/** One text in chunks, for the secrets that were registered when it was opened. */
export class ScrubStream {
  readonly #automaton: Automaton;
  #state = 0;
  #held = '';
  /** Within `#held`. */
  #spans: Span[] = [];
  /** The span at the start of `#held` was begun, and masked, in what was released before. */
  #isMasked = false;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  /** The scrubbed text that `chunk` settles. */
  push(chunk: string): string {
    const before = this.#held.length;
    this.#held += chunk;
    this.#state = this.#automaton.scan(
      chunk,
      (length, end) => addSpan(this.#spans, before + end - length, before + end),
      this.#state,
    );
    return this.#release(this.#held.length - this.#automaton.begunIn(this.#state));
  }

  /** The rest, once the text has ended. */
  end(): string {
    return this.#release(this.#held.length);
  }

  #release(settled: number): string {
    const pieces: string[] = [];
    let at = 0;
    let isMasked = this.#isMasked;
    for (const { start, end } of this.#spans) {
      if (start >= settled) break;
      pieces.push(this.#held.slice(at, start));
      if (!(isMasked && start === 0)) pieces.push(mask);
      at = Math.min(end, settled);
      isMasked = end > settled;
    }
    if (settled > 0) this.#isMasked = isMasked && at === settled;
    pieces.push(this.#held.slice(at, settled));
    this.#held = this.#held.slice(settled);
    this.#spans = this.#spans
      .filter(({ end }) => end > settled)
      .map(({ start, end }) => ({ start: Math.max(start - settled, 0), end: end - settled }));
    return pieces.join('');
  }
}

/** Adds a span whose end is not before the others'; spans that overlap become one. */
function addSpan(spans: Span[], start: number, end: number): void {
  let first = start;
  for (let last = spans.at(-1); last !== undefined && last.end > first; last = spans.at(-1)) {
    first = Math.min(first, last.start);
    spans.pop();
  }
  spans.push({ start: first, end });
}

function maskSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    pieces.push(text.slice(at, start), mask);
    at = end;
  }
  return pieces.join('') + text.slice(at);
}
