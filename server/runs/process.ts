/**
 * One run's process as the daemon sees it: an order goes in, questions and output come out, and it ends.
 * It knows neither how the process was made nor what the run is about.
 */

import type { Readable, Writable } from 'node:stream';
import { type Ask, type DoneFrame, LineReader, parseFrame } from './frames.ts';

export interface Exit {
  code: number | null;
  /** E.g. `SIGSEGV`. */
  signal: string | null;
}

/** How a process came to its end. */
export type Ending =
  | { kind: 'done'; frame: DoneFrame }
  | { kind: 'crashed'; message: string }
  /** It was killed because `end` was called. */
  | { kind: 'ended' };

export interface ProcessParts {
  /** Frames of the process. In a forked process it is the same socket as `orders`. */
  frames: Readable;
  orders: Writable;
  output: Readable;
  /**
   * Kills the process and its group; may be called again, and after the process has ended.
   * `isOverdue`: whoever was told before has not done it.
   */
  kill: (isOverdue?: boolean) => void;
}

export interface Listener {
  onAsk: (ask: Ask) => Promise<object>;
  onOutput: (chunk: Buffer) => void;
}

/** How long output may still come in once the process has said its last word, or has ended. */
const outputGraceMs = 500;
/** How long the process may take to leave after its result, for what it registered with `atexit`. */
const leaveGraceMs = 1000;
/** How long it may take until an ended process is reported as such. */
const exitGraceMs = 2000;
const maxOpenAsks = 64;

export class RunProcess {
  readonly #parts: ProcessParts;
  #exit: Exit | undefined;
  #frame: DoneFrame | undefined;
  #fault: string | undefined;
  #ended = false;
  #outputEnded = false;
  #framesEnded = false;
  #openAsks = 0;
  #settle: ((ending: Ending) => void) | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #left = Promise.withResolvers<void>();

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    // A process that has ended is noticed by its exit. Errors of its streams say no more than that.
    for (const stream of [parts.frames, parts.orders, parts.output]) stream.on('error', () => {});
  }

  /** Resolves once the process has ended and nothing of it is left. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  /**
   * Gives the process its order, once. Resolves, never rejects, when its last output is in.
   * `frameLimitBytes` bounds every single frame.
   */
  run(order: object, frameLimitBytes: number, listener: Listener): Promise<Ending> {
    const { frames, orders, output } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.#settle = resolve;
    const reader = new LineReader(frameLimitBytes);
    frames.on('data', (chunk: Buffer) => {
      const lines = this.#frame === undefined ? reader.push(chunk) : [];
      if (lines === undefined) this.#refuse(`sent a message of more than ${frameLimitBytes} bytes`);
      for (const line of lines ?? []) this.#receive(line, listener);
    });
    output.on('data', listener.onOutput);
    for (const event of ['end', 'close']) {
      output.on(event, () => this.#endOutput());
      frames.on(event, () => this.#endFrames());
    }
    // It may have died while it waited for this order.
    if (this.#exit !== undefined) this.#endStreams();
    else orders.write(`${JSON.stringify(order)}\n`);
    this.#check();
    return promise;
  }

  /** Kills the process; `run` resolves with `ended`, unless the result was there before. */
  end(): void {
    if (this.#frame === undefined) this.#ended = true;
    this.#kill();
  }

  /** Told when nobody is left who could report its exit. */
  abandon(): void {
    this.#parts.kill();
    this.reportExit({ code: null, signal: null });
  }

  /** Told by whoever made the process, once it has ended. */
  reportExit(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    if (this.#settle === undefined) this.#close();
    else {
      this.#after(outputGraceMs, () => this.#endStreams());
      this.#check();
    }
  }

  #receive(line: string, listener: Listener): void {
    if (this.#frame !== undefined || this.#ended || this.#fault !== undefined) return;
    const frame = parseFrame(line);
    if (frame === undefined) {
      this.#refuse('sent a message that the daemon does not know');
    } else if (frame.kind === 'done') {
      this.#frame = frame;
      this.#after(outputGraceMs, () => this.#endOutput());
      this.#check();
    } else {
      void this.#answer(frame, listener);
    }
  }

  /** Invariant: a run that asks faster than it reads holds up only itself. */
  async #answer(ask: Ask, listener: Listener): Promise<void> {
    const { frames, orders } = this.#parts;
    this.#openAsks += 1;
    if (this.#openAsks >= maxOpenAsks) frames.pause();
    const answer = await listener.onAsk(ask);
    if (!orders.destroyed && !orders.write(`${JSON.stringify({ ...answer, id: ask.id })}\n`)) {
      await new Promise<void>((resolve) => {
        for (const event of ['drain', 'close']) orders.once(event, resolve);
      });
    }
    this.#openAsks -= 1;
    frames.resume();
  }

  #refuse(fault: string): void {
    if (this.#frame !== undefined || this.#exit !== undefined) return;
    this.#fault ??= fault;
    this.#kill();
  }

  #kill(): void {
    this.#parts.kill();
    this.#after(exitGraceMs, () => {
      if (this.#exit === undefined) this.#parts.kill(true);
      this.reportExit({ code: null, signal: 'SIGKILL' });
    });
  }

  #endOutput(): void {
    this.#outputEnded = true;
    this.#check();
  }

  #endFrames(): void {
    if (!this.#framesEnded) this.#after(outputGraceMs, () => this.#refuse('closed its line to the daemon'));
    this.#framesEnded = true;
    this.#check();
  }

  #endStreams(): void {
    this.#framesEnded = true;
    this.#endOutput();
  }

  #check(): void {
    if (this.#outputEnded && this.#settle !== undefined) {
      if (this.#frame !== undefined) {
        this.#settle({ kind: 'done', frame: this.#frame });
        this.#settle = undefined;
        if (this.#exit === undefined) this.#after(leaveGraceMs, () => this.end());
      } else if (this.#exit !== undefined && this.#framesEnded) {
        const message = describeCrash(this.#exit, this.#fault);
        this.#settle(this.#ended ? { kind: 'ended' } : { kind: 'crashed', message });
        this.#settle = undefined;
      }
    }
    if (this.#exit !== undefined && this.#settle === undefined) this.#close();
  }

  #after(delayMs: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const stream of [this.#parts.frames, this.#parts.orders, this.#parts.output]) stream.destroy();
    this.#left.resolve();
  }
}

function describeCrash(exit: Exit, fault: string | undefined): string {
  if (fault !== undefined) return `The run's process ${fault}, and was ended.`;
  if (exit.signal === 'SIGKILL') {
    return "The run's process was killed (SIGKILL); the system may have run out of memory.";
  }
  if (exit.signal !== null) return `The run's process was ended by ${exit.signal}.`;
  if (exit.code === null) return "The run's process ended together with its host.";
  return `The run's process ended with exit code ${exit.code} before the workflow returned.`;
}
