/** When each key was last used: known at once, written now and then (D26); it knows of keys only their ids. */

import type { History } from '../store/contracts/history.ts';
import type { Millis } from '../store/contracts/time.ts';

type LastUseHistory = Pick<History, 'loadLastUsed' | 'saveLastUsed'>;

export async function openLastUse(history: LastUseHistory): Promise<LastUse> {
  return new LastUse(history, await history.loadLastUsed());
}

export class LastUse {
  readonly #history: LastUseHistory;
  readonly #times: Map<string, Millis>;
  /** Last uses that are not yet in the history. */
  #unsaved = new Map<string, Millis>();
  #timer: NodeJS.Timeout | undefined;
  #saving = Promise.resolve();
  #closed = false;

  constructor(history: LastUseHistory, times: Map<string, Millis>) {
    this.#history = history;
    this.#times = times;
  }

  of(id: string): Millis | undefined {
    return this.#times.get(id);
  }

  note(id: string, now: Millis): void {
    this.#times.set(id, now);
    this.#unsaved.set(id, now);
    this.#saveSoon();
  }

  /** Saves what is unsaved. @throws what the history throws, when it cannot be written. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#unsaved.size > 0) await this.#history.saveLastUsed(this.#unsaved);
  }

  #saveSoon(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#saving = this.#save();
    }, saveIntervalMs);
    this.#timer.unref();
  }

  /** Never rejects: what could not be saved is tried again with the next, unless it was used again since. */
  async #save(): Promise<void> {
    const saving = this.#unsaved;
    this.#unsaved = new Map();
    try {
      await this.#history.saveLastUsed(saving);
    } catch {
      this.#unsaved = new Map([...saving, ...this.#unsaved]);
      this.#saveSoon();
    }
  }
}

/** D26: a busy key costs the disk one write a second, not one per request. */
const saveIntervalMs = 1000;
