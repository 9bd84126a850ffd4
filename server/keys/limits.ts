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

/** @param clock milliseconds since the epoch; it may be set back, after which nobody waits longer than one window. */
export function openLimits({ clock, windowMs = 60_000 }: { clock: () => number; windowMs?: number }): Limits {
  /** Category → id → window. Within a category the least recently admitted id stands first. */
  const categories = new Map<string, Map<string, Window>>();

  function decide(window: Window | undefined, limit: number, now: number): RateDecision {
    const used = window?.size ?? 0;
    const admitted = used < limit;
    // With a limit that was lowered meanwhile, several have to leave before one more may come.
    const leaves = used === 0 ? now : (window?.at(admitted ? 0 : used - limit) ?? now) + windowMs;
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
        windows = new Map();
        categories.set(category, windows);
      }
      forgetIdle(windows, now, windowMs);
      const window = windows.get(id) ?? new Window();
      window.slide(now, windowMs);
      const before = decide(window, limit, now);
      if (!before.admitted) return before;
      window.push(now, limit);
      windows.delete(id);
      windows.set(id, window);
      return { ...decide(window, limit, now), admitted: true, retryAfterSeconds: 0 };
    },

    peek(id, category, limit) {
      const now = clock();
      const window = categories.get(category)?.get(id);
      window?.slide(now, windowMs);
      return decide(window, limit, now);
    },

    get size() {
      let size = 0;
      for (const windows of categories.values()) size += windows.size;
      return size;
    },
  };
}

/** Two at a time: more than the one id that a call can add, so memory shrinks without a timer or a long sweep. */
function forgetIdle(windows: Map<string, Window>, now: number, windowMs: number): void {
  let looked = 0;
  for (const [id, window] of windows) {
    if (looked === 2) return;
    window.slide(now, windowMs);
    if (window.size > 0) return;
    windows.delete(id);
    looked += 1;
  }
}

/** The times of the admitted requests of one id, oldest first, in a ring that grows up to its limit. */
class Window {
  #times = new Float64Array(4);
  #first = 0;
  size = 0;

  /** Index 0 is the oldest. */
  at(index: number): number {
    return this.#times[(this.#first + index) % this.#times.length] ?? 0;
  }

  /** Drops what has left the window that ends now. */
  slide(now: number, windowMs: number): void {
    this.#pullBack(now);
    while (this.size > 0 && this.at(0) <= now - windowMs) {
      this.#first = (this.#first + 1) % this.#times.length;
      this.size -= 1;
    }
  }

  push(now: number, limit: number): void {
    if (this.size === this.#times.length) this.#grow(Math.min(2 * this.size, Math.max(limit, this.size + 1)));
    this.#times[(this.#first + this.size) % this.#times.length] = now;
    this.size += 1;
  }

  /** After the clock was set back, times in the future count as now. */
  #pullBack(now: number): void {
    for (let index = this.size - 1; index >= 0 && this.at(index) > now; index -= 1) {
      this.#times[(this.#first + index) % this.#times.length] = now;
    }
  }

  #grow(capacity: number): void {
    const times = new Float64Array(capacity);
    for (let index = 0; index < this.size; index += 1) times[index] = this.at(index);
    this.#times = times;
    this.#first = 0;
  }
}
