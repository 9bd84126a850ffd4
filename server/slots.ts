/** How many of something go at once: a first-come queue of bounded length; it knows nothing of what waits in it. */

export class Slots {
  #free: number;
  readonly #limit: number;
  readonly #waiting: PromiseWithResolvers<boolean>[] = [];

  /** `count` at once, at most `limit` waiting. */
  constructor(count: number, limit: number) {
    this.#free = count;
    this.#limit = limit;
  }

  get hasFree(): boolean {
    return this.#free > 0;
  }

  /** Whether one more would neither run nor be allowed to wait. */
  get isFull(): boolean {
    return this.#free === 0 && this.#waiting.length >= this.#limit;
  }

  /** True once it is this one's turn, false when `signal` was aborted before. Whoever got true must `release`. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const turn = Promise.withResolvers<boolean>();
    this.#waiting.push(turn);
    const leave = () => {
      const position = this.#waiting.indexOf(turn);
      if (position === -1) return;
      this.#waiting.splice(position, 1);
      turn.resolve(false);
    };
    signal.addEventListener('abort', leave);
    const granted = await turn.promise;
    signal.removeEventListener('abort', leave);
    return granted;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next.resolve(true);
  }
}
