/** Resolves references to what they stand for, anew each time (D29, C26); it keeps no value and knows no scopes. */

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isBelow } from '../containment.ts';
import { Failure } from '../errors.ts';
import { Slots } from '../slots.ts';
import { type ConfigPlace, scopeName } from './cascade.ts';
import { type CommandOutput, newlineBytes, readCommand } from './commandOutput.ts';
import { parseReference, type Reference } from './reference.ts';
import { valueLimitBytes } from './values.ts';

export interface ReferencesParts {
  /** The daemon's own. */
  environment: Record<string, string | undefined>;
  /** What a command sees; nothing of the daemon's own secrets. */
  commandEnvironment: Record<string, string>;
  /** Nothing in it is given to anybody. */
  dataDirectory: string;
  timeoutMs: number;
}

/** More would slow down everything else; the others wait. */
const commandsAtOnce = 8;
const commandsWaiting = 1000;

/** What a source gave, or the end of the sentence that says why it gave nothing. */
type Found = CommandOutput;

export class References {
  readonly #parts: ReferencesParts;
  readonly #slots = new Slots(commandsAtOnce, commandsWaiting);
  readonly #closing = new AbortController();

  constructor(parts: ReferencesParts) {
    this.#parts = parts;
  }

  /**
   * The value that a reference stands for, without its last newline.
   *
   * @throws Failure `reference-failed` that says what failed, and holds neither the target nor anything it gave.
   */
  async resolve(place: ConfigPlace, text: string): Promise<string> {
    const reference = parseReference(place.name, text);
    const found = await this.#find(reference);
    const value = 'output' in found ? textIn(found.output) : found;
    if (typeof value === 'string') return value;
    throw new Failure(
      'reference-failed',
      `The secret "${place.name}" (${scopeName(place)}) is kept elsewhere, and ${nouns[reference.kind]} ${value.problem}. ` +
        'Repair that, or set the secret again.',
    );
  }

  /** Ends what runs. */
  close(): void {
    this.#closing.abort();
  }

  async #find(reference: Reference): Promise<Found> {
    switch (reference.kind) {
      case 'env': {
        const value = this.#parts.environment[reference.variable];
        return value === undefined
          ? { problem: 'is not set where the daemon runs' }
          : { output: Buffer.from(value) };
      }
      case 'file':
        return this.#readFile(reference.path);
      case 'command':
        return this.#runCommand(reference);
    }
  }

  async #readFile(path: string): Promise<Found> {
    const { timeoutMs, dataDirectory, environment } = this.#parts;
    const home = environment.HOME || homedir();
    const late = Promise.withResolvers<Found>();
    const problem = `could not be read within ${timeoutMs / 1000} s`;
    // A folder of the network may never answer.
    const timer = setTimeout(() => late.resolve({ problem }), timeoutMs);
    const reading = readOrdinary(path.startsWith('~') ? join(home, path.slice(1)) : path, dataDirectory);
    try {
      return await Promise.race([reading, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #runCommand({ program, args }: Extract<Reference, { kind: 'command' }>): Promise<Found> {
    const { timeoutMs, commandEnvironment } = this.#parts;
    const { signal } = this.#closing;
    if (this.#slots.isFull) return { problem: `has ${commandsWaiting} others before it` };
    if (!(await this.#slots.acquire(signal))) return { problem: 'was not started, because the daemon stops' };
    try {
      return await readCommand({
        program,
        args,
        environment: commandEnvironment,
        timeoutMs,
        signal,
      });
    } finally {
      this.#slots.release();
    }
  }
}

export function openReferences(parts: ReferencesParts): References {
  return new References(parts);
}

/** How a sentence names what a reference points to. */
const nouns = { env: 'the environment variable', file: 'the file', command: 'the command' } as const;

/** UTF-8 text without its last newline, neither empty nor larger than a secret may be. */
function textIn(output: Buffer): string | { problem: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(output);
  } catch {
    return { problem: 'gave what is not UTF-8 text' };
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') return { problem: 'gave nothing' };
  return Buffer.byteLength(value) > valueLimitBytes ? { problem: tooLarge } : value;
}

const tooLarge = `gave more than ${valueLimitBytes / 1024} KiB`;

/** Never rejects. A pipe or a device would never end, or never begin. */
async function readOrdinary(path: string, dataDirectory: string): Promise<Found> {
  try {
    const real = await realpath(path);
    if (isBelow(real, await realpath(dataDirectory))) return { problem: "is one of the daemon's own" };
    // There the daemon's own environment stands, and its memory.
    if (isBelow(real, '/proc')) return { problem: 'is one of the system' };
    await using file = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) return { problem: 'is no ordinary file' };
    const buffer = Buffer.alloc(valueLimitBytes + newlineBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead;
    }
    return length === buffer.length ? { problem: tooLarge } : { output: buffer.subarray(0, length) };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'does not exist' };
    if (code === 'EACCES' || code === 'EPERM') return { problem: 'may not be read by the daemon' };
    return { problem: `cannot be read (${code ?? 'unknown'})` };
  }
}
