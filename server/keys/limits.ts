/** An exact sliding window per id and category; it knows neither keys nor HTTP. */

export interface RateDecision {
  admitted: boolean;
  limit: number;
  /** How many more would be admitted right now. */
  remaining: number;
  /** The Unix second at which a retry is sure to be admitted, even if `remaining` is used up before (D20). */
  resetSeconds: number;
  /** 0 when admitted, else whole seconds until a retry is admitted, at least 1. */
  retryAfterSeconds: number;
}

export interface Limits {
  /**
   * Admits or refuses one request now. Only admitted ones are counted.
   *
   * Invariant: in no span of `windowMs` are more than `limit` requests of an id and category admitted (A23, D20).
   */
  admit(id: string, category: string, limit: number): RateDecision;
  /** What `admit` would say, without counting. */
  peek(id: string, category: string, limit: number): RateDecision;
  /** How many ids are remembered; those idle for a window are forgotten as others are admitted. */
  readonly size: number;
}

/** @param clock whole milliseconds since the epoch; it may be set back, after which nobody waits longer than a window. */
export function openLimits({ clock, windowMs = 60_000 }: { clock: () => number; windowMs?: number }): Limits {
  const categories = new Map<string, Windows>();

  /** @param window slid to `now`; undefined when nothing was admitted in it. */
  function decide(window: Window | undefined, limit: number, now: number, admitted: boolean): RateDecision {
    const used = window?.size ?? 0;
    // With a limit that was lowered meanwhile, several have to leave before one more may come.
    const leaves = window && used > 0 ? window.at(Math.max(0, used - limit)) + windowMs : now;
    return {
      admitted,
      limit,
      remaining: Math.max(0, limit - used),
      resetSeconds: Math.ceil(leaves / 1000),
      retryAfterSeconds: admitted ? 0 : Math.max(1, Math.ceil((leaves - now) / 1000)),
    };
  }

  return {
    admit(id, category, limit) {
      const now = clock();
      let windows = categories.get(category);
      if (!windows) {
        windows = new Windows();
        categories.set(category, windows);
      }
      windows.forgetIdle(now, windowMs);
      const window = windows.of(id);
      window.slide(now, windowMs);
      if (window.size >= limit) return decide(window, limit, now, false);
      window.push(now, limit);
      return decide(window, limit, now, true);
    },

    peek(id, category, limit) {
      const now = clock();
      const window = categories.get(category)?.byId.get(id);
      window?.slide(now, windowMs);
      return decide(window, limit, now, (window?.size ?? 0) < limit);
    },

    get size() {
      let size = 0;
      for (const { byId } of categories.values()) size += byId.size;
      return size;
    },
  };
}

/** The windows of one category. */
class Windows {
  readonly byId = new Map<string, Window>();
  /** Goes round and round; a Map's iterator meets what is added behind it, and nothing that was deleted. */
  #sweep = this.byId.entries();

  of(id: string): Window {
    const known = this.byId.get(id);
    if (known) return known;
    const window = new Window();
    this.byId.set(id, window);
    return window;
  }

  /** Looks at two: more than the one id that a call can add, so memory shrinks without a timer or a long sweep. */
  forgetIdle(now: number, windowMs: number): void {
    for (let looked = 0; looked < 2; looked += 1) {
      const { value, done } = this.#sweep.next();
      if (done) {
        this.#sweep = this.byId.entries();
        return;
      }
      const [id, window] = value;
      window.slide(now, windowMs);
      if (window.size === 0) this.byId.delete(id);
    }
  }
}

/**
 * The times of the admitted requests of one id, oldest first, in a ring that grows up to its limit.
 * Half of each time is enough, the lower 32 bits: a window is far shorter than the 49 days that these tell apart.
 */
class Window {
  #times = new Uint32Array(4);
  #first = 0;
  #newest = 0;
  size = 0;

  /** Index 0 is the oldest. */
  at(index: number): number {
    const time = this.#times[(this.#first + index) % this.#times.length] ?? 0;
    return this.#newest - ((this.#newest - time) >>> 0);
  }

  /** Drops what has left the window that ends now. */
  slide(now: number, windowMs: number): void {
    if (this.#newest <= now - windowMs) this.size = 0;
    else if (this.#newest > now) this.#pullBack(now);
    while (this.size > 0 && this.at(0) <= now - windowMs) {
      this.#first = (this.#first + 1) % this.#times.length;
      this.size -= 1;
    }
  }

  /** After `slide` to the same moment. */
  push(now: number, limit: number): void {
    // In few steps, as each leaves a hole behind in the memory of the process.
    if (this.size === this.#times.length) this.#grow(Math.min(4 * this.size, Math.max(limit, this.size + 1)));
    this.#times[(this.#first + this.size) % this.#times.length] = now;
    this.#newest = now;
    this.size += 1;
  }

  /** After the clock was set back, times in the future count as now. */
  #pullBack(now: number): void {
    let later = this.size;
    while (later > 0 && this.at(later - 1) > now) later -= 1;
    for (let index = later; index < this.size; index += 1) {
      this.#times[(this.#first + index) % this.#times.length] = now;
    }
    this.#newest = now;
  }

  #grow(capacity: number): void {
    const times = new Uint32Array(capacity);
    const tail = this.#times.subarray(this.#first);
    times.set(tail);
    times.set(this.#times.subarray(0, this.#first), tail.length);
    this.#times = times;
    this.#first = 0;
  }
}
