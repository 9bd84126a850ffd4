/**
 * What a run's process says to the daemon, checked before anything believes it; it knows no process.
 *
 * Invariant: whatever bytes arrive, the outcome is a frame of these types or a refusal (invariant 10).
 */

import { isObject, parseObject } from '../jsonObject.ts';
import { nestsDeeper } from '../nesting.ts';
import type { RunError } from '../store/contracts/runs.ts';
import type { CallWish } from './contracts.ts';

export interface ConfigAsk {
  kind: 'ask';
  id: number;
  verb: 'get' | 'set' | 'delete' | 'list';
  /** Empty for `list`. */
  name: string;
  scope?: string | null;
  value?: unknown;
  isSecret?: boolean;
}

export interface CallAsk {
  kind: 'ask';
  id: number;
  verb: 'call';
  wish: CallWish;
}

export interface HeadersAsk {
  kind: 'ask';
  id: number;
  verb: 'headers';
  name: string;
}

export type Ask = ConfigAsk | CallAsk | HeadersAsk;

export type Outcome =
  | { kind: 'success'; result: unknown }
  /** `cut`: message or traceback were too long, and end in the middle. */
  | { kind: 'failed'; error: RunError; cut: boolean }
  /** The input does not fit the function's annotations. */
  | { kind: 'rejected'; error: RunError; cut: boolean };

/** `droppedBytes`: output that the process did not even send. */
export type DoneFrame = { kind: 'done'; outcome: Outcome; droppedBytes: number };
export type RunFrame = Ask | DoneFrame;

const deepestResult = 256;
const verbs = new Map<unknown, ConfigAsk['verb']>([
  ['config.get', 'get'],
  ['config.set', 'set'],
  ['config.delete', 'delete'],
  ['config.list', 'list'],
]);

/** The frame in a line, or `undefined` when it is none. */
export function parseFrame(line: string): RunFrame | undefined {
  const frame = parseObject(line);
  if (frame === undefined) return undefined;
  return 'ask' in frame ? readAsk(frame) : readDone(frame);
}

/** An error as Python describes it, or `undefined` when it is none. */
export function parseRunError(error: unknown): RunError | undefined {
  if (!isObject(error)) return undefined;
  const { type, message, traceback } = error;
  if (typeof type !== 'string' || typeof message !== 'string') return undefined;
  const runError: RunError = { type: type.slice(0, 200), message };
  if (typeof traceback === 'string' && traceback !== '') runError.traceback = traceback;
  return runError;
}

function readAsk(frame: Record<string, unknown>): Ask | undefined {
  const { ask, id, name } = frame;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (ask === 'http.request') {
    const wish = readWish(frame);
    return wish && { kind: 'ask', id, verb: 'call', wish };
  }
  if (ask === 'credentials.get') {
    return typeof name === 'string' ? { kind: 'ask', id, verb: 'headers', name } : undefined;
  }
  return readConfigAsk(frame, id);
}

function readWish(frame: Record<string, unknown>): CallWish | undefined {
  const { method, url, headers, body, credential, timeout } = frame;
  if (typeof method !== 'string' || typeof url !== 'string' || typeof timeout !== 'number') return undefined;
  if (!Array.isArray(headers) || !headers.every(isTextPair)) return undefined;
  if (body !== undefined && typeof body !== 'string') return undefined;
  if (credential !== undefined && typeof credential !== 'string') return undefined;
  return {
    method,
    url,
    headers,
    timeoutSeconds: timeout,
    ...(body === undefined ? {} : { body }),
    ...(credential === undefined ? {} : { credential }),
  };
}

function isTextPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function readConfigAsk(frame: Record<string, unknown>, id: number): ConfigAsk | undefined {
  const verb = verbs.get(frame.ask);
  const { name = '', scope, value, is_secret: isSecret } = frame;
  if (verb === undefined) return undefined;
  if (typeof name !== 'string' || (isSecret !== undefined && typeof isSecret !== 'boolean')) return undefined;
  if (scope !== undefined && scope !== null && typeof scope !== 'string') return undefined;
  if (verb === 'set' && nestsDeeper(value, deepestResult)) return undefined;
  return {
    kind: 'ask',
    id,
    verb,
    name,
    value,
    ...(scope === undefined ? {} : { scope }),
    ...(isSecret === undefined ? {} : { isSecret }),
  };
}

function readDone(frame: Record<string, unknown>): DoneFrame | undefined {
  const { done, result, error, dropped } = frame;
  if (typeof dropped !== 'number' || !(dropped >= 0)) return undefined;
  if (done === 'success') {
    if (result === undefined || nestsDeeper(result, deepestResult)) return undefined;
    return { kind: 'done', outcome: { kind: 'success', result }, droppedBytes: dropped };
  }
  const runError = parseRunError(error);
  if ((done !== 'failed' && done !== 'rejected') || runError === undefined) return undefined;
  const cut = isObject(error) && error.cut === true;
  return { kind: 'done', outcome: { kind: done, error: runError, cut }, droppedBytes: dropped };
}

/** Cuts a stream of bytes into lines, and refuses one that is longer than its limit. */
export class LineReader {
  readonly #limitBytes: number;
  #pieces: Buffer[] = [];
  #heldBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The lines that `chunk` completes, without their line feeds; `undefined` when the limit is passed. */
  push(chunk: Buffer): string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#hold(chunk.subarray(start, end));
      if (this.#heldBytes > this.#limitBytes) return undefined;
      lines.push(Buffer.concat(this.#pieces).toString('utf8'));
      this.#pieces = [];
      this.#heldBytes = 0;
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return this.#heldBytes > this.#limitBytes ? undefined : lines;
  }

  #hold(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
  }
}
