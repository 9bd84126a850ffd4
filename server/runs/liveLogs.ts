/** What a run has logged so far, for whoever follows it while it goes on; it knows neither processes nor connections. */

import type { LogLine, RunRecord } from '../store/contracts/runs.ts';
import type { RunEvent } from './contracts.ts';
import type { Scrubber } from './scrubber.ts';

/** A workflow that logs a value and reads it as a secret after that does both within this time. */
const holdMs = 200;

/**
 * Gives out lines scrubbed, in order, and then the end.
 *
 * Invariant: a line was held for at least 200 ms, and until no question that a secret may be the answer to is open;
 * it is scrubbed with all secrets that are known when it is given out. What a run has printed and reads as a secret
 * later than that is masked in its record only. Masking with secrets that it has not read would let whoever may only
 * start and follow a run find out, by having guesses printed, which of them is one; and no record would say so.
 *
 * It costs nothing while nobody follows, and a follower that reads slowly, or not at all, holds no more than a number.
 */
export class LiveLogs {
  readonly #lines: readonly LogLine[];
  readonly #scrubber: Scrubber;
  #followers = 0;
  #openQuestions = 0;
  /** So many of the first lines may be given out. */
  #released = 0;
  #timer: NodeJS.Timeout | undefined;
  #changed = Promise.withResolvers<void>();
  #ended: RunRecord | undefined;

  /** `lines` grows while the run goes on. */
  constructor(lines: readonly LogLine[], scrubber: Scrubber) {
    this.#lines = lines;
    this.#scrubber = scrubber;
  }

  /** To be told whenever there may be more lines. */
  grow(): void {
    const count = this.#lines.length;
    if (this.#followers === 0 || this.#ended !== undefined) return;
    if (this.#timer !== undefined || count === this.#released) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#openQuestions === 0) {
        this.#released = count;
        this.#tell();
      }
      this.grow();
    }, holdMs);
  }

  /** Holds lines back until the answer is there, which may register a secret. */
  async during<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    this.#openQuestions += 1;
    try {
      return await question();
    } finally {
      this.#openQuestions -= 1;
    }
  }

  /** To be told the last record; followers get what is left of it. */
  end(run: RunRecord): void {
    clearTimeout(this.#timer);
    this.#ended = run;
    this.#tell();
  }

  /** The lines after the first `after`, as they come, and the end; only that much once `signal` is aborted. */
  async *follow(after: number, signal?: AbortSignal): AsyncGenerator<RunEvent> {
    const wake = () => this.#tell();
    signal?.addEventListener('abort', wake);
    this.#followers += 1;
    try {
      this.grow();
      let given = after;
      while (this.#ended === undefined && signal?.aborted !== true) {
        const lines = this.#read(given);
        if (lines.length > 0) {
          yield { kind: 'lines', after: given, lines };
          given += lines.length;
        } else {
          await this.#changed.promise;
        }
      }
      if (this.#ended !== undefined) yield* tellFinished(this.#ended, given);
    } finally {
      this.#followers -= 1;
      signal?.removeEventListener('abort', wake);
    }
  }

  /** The released lines after the first `given`, scrubbed together with those around them that may share a secret. */
  #read(given: number): LogLine[] {
    if (given >= this.#released) return [];
    const from = this.#reach(given, -1);
    const to = this.#reach(this.#released, 1);
    const scrubbed = this.#scrubber.scrubLines(this.#lines.slice(from, to), { cut: true });
    return scrubbed.slice(given - from, this.#released - from);
  }

  /** The index that lies as many characters before or after `index` as the longest secret has. */
  #reach(index: number, step: 1 | -1): number {
    let at = index;
    let characters = 0;
    while (characters < this.#scrubber.longest && (step === 1 ? at < this.#lines.length : at > 0)) {
      // Line breaks between the characters of a secret do not count.
      characters += this.#lines[step === 1 ? at : at - 1]?.message.length ?? 0;
      at += step;
    }
    return at;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What a follower is told of a run that has ended. */
export async function* tellFinished(run: RunRecord, after: number): AsyncGenerator<RunEvent> {
  const lines = run.logs.slice(after);
  if (lines.length > 0) yield { kind: 'lines', after, lines };
  yield { kind: 'end', run };
}
