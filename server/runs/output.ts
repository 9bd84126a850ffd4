/**
 * Turns what a run prints and logs into lines, up to a limit; it knows neither processes nor secrets.
 *
 * The stream mixes raw bytes with records (RS, `["level","text"]`, LF), see `python/bifrost/_host/output.py`.
 */

import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';

export interface CapturedOutput {
  lines: LogLine[];
  droppedBytes: number;
  /** The last line ends where the limit was reached, perhaps in the middle of a word. */
  cut: boolean;
}

const recordStart = 0x1e;
const lineFeed = 0x0a;
const entryLevels = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']);
type StreamName = 'stdout' | 'stderr';

/** Invariant: holds at most its limit and one record, however much is pushed. */
export class Output {
  readonly #clock: () => Millis;
  readonly #limitBytes: number;
  readonly #lines: LogLine[] = [];
  readonly #raw = new StringDecoder('utf8');
  readonly #begun: Record<StreamName, string> = { stdout: '', stderr: '' };
  /** The start of a record whose end has not come yet. */
  #record: Buffer[] = [];
  #recordBytes = 0;
  #keptBytes = 0;
  #droppedBytes = 0;
  #full = false;
  /** When what is being read came. */
  #now: Millis = 0;

  constructor(limitBytes: number, clock: () => Millis) {
    this.#limitBytes = limitBytes;
    this.#clock = clock;
  }

  /** The whole lines so far; it grows. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    this.#now = this.#clock();
    let rest = chunk;
    while (rest.length > 0 && !this.#full) {
      rest = this.#recordBytes > 0 ? this.#continueRecord(rest) : this.#readRaw(rest);
    }
    this.#droppedBytes += rest.length;
  }

  /** What was captured; `unsentBytes` were dropped by the process itself. */
  finish(unsentBytes: number): CapturedOutput {
    this.#now = this.#clock();
    this.#addRaw(this.#raw.end());
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#begun[stream] !== '') this.#addLine(stream, this.#begun[stream]);
      this.#begun[stream] = '';
    }
    return { lines: this.#lines, droppedBytes: this.#droppedBytes + unsentBytes, cut: this.#full };
  }

  #readRaw(bytes: Buffer): Buffer {
    const start = bytes.indexOf(recordStart);
    this.#addRaw(this.#raw.write(start === -1 ? bytes : bytes.subarray(0, start)));
    if (start === -1) return bytes.subarray(bytes.length);
    this.#recordBytes = 1;
    return bytes.subarray(start + 1);
  }

  #continueRecord(bytes: Buffer): Buffer {
    const end = bytes.indexOf(lineFeed);
    const piece = end === -1 ? bytes : bytes.subarray(0, end);
    this.#record.push(piece);
    this.#recordBytes += piece.length;
    // JSON takes up to six bytes for one of text. What is longer is no record of ours.
    const tooLong = this.#recordBytes > 6 * this.#limitBytes + 65_536;
    if (end === -1 && !tooLong) return bytes.subarray(bytes.length);
    const text = Buffer.concat(this.#record).toString('utf8');
    this.#record = [];
    this.#recordBytes = 0;
    this.#readRecord(text);
    return bytes.subarray(end === -1 ? bytes.length : end + 1);
  }

  #readRecord(line: string): void {
    const [level, text] = parseRecord(line);
    if (level === 'stdout' || level === 'stderr') this.#addText(level, text);
    else this.#addLine(level, text);
  }

  #addRaw(text: string): void {
    if (text !== '') this.#addText('stdout', text);
  }

  #addText(stream: StreamName, text: string): void {
    const lines = (this.#begun[stream] + text).split('\n');
    this.#begun[stream] = lines.pop() ?? '';
    for (const line of lines) this.#addLine(stream, line.endsWith('\r') ? line.slice(0, -1) : line);
    if (this.#begun[stream].length > this.#limitBytes - this.#keptBytes) {
      this.#addLine(stream, this.#begun[stream]);
      this.#begun[stream] = '';
    }
  }

  /** A line's end counts too, kept or dropped: else a run could print as many empty lines as it likes. */
  #addLine(level: string, text: string): void {
    const message = text.toWellFormed();
    const bytes = Buffer.byteLength(message);
    const leftBytes = this.#limitBytes - this.#keptBytes;
    if (this.#full || bytes + 1 > leftBytes) {
      const kept = this.#full ? '' : cutAt(message, leftBytes);
      if (kept !== '') this.#lines.push({ at: this.#now, level, message: kept });
      this.#droppedBytes += bytes + 1 - Buffer.byteLength(kept);
      this.#full = true;
      return;
    }
    this.#keptBytes += bytes + 1;
    this.#lines.push({ at: this.#now, level, message });
  }
}

/** Level and text of a record; anything else in its place is text that happened to begin like one. */
function parseRecord(line: string): [level: string, text: string] {
  try {
    const value: unknown = JSON.parse(line);
    if (Array.isArray(value) && value.length === 2) {
      const [level, text]: unknown[] = value;
      if (typeof level === 'string' && typeof text === 'string') {
        if (level === 'stdout' || level === 'stderr' || entryLevels.has(level)) return [level, text];
      }
    }
  } catch {
    // Shown as it came.
  }
  return ['stdout', `${line}\n`];
}

function cutAt(text: string, limitBytes: number): string {
  return new StringDecoder('utf8').write(Buffer.from(text).subarray(0, Math.max(0, limitBytes)));
}
