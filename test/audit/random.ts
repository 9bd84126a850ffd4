/** Random choices that a seed repeats. */

export interface Random {
  /** From 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit;
  };
  return {
    below: (limit) => Math.floor(below(limit)),
    pick: (items) => {
      const item = items[Math.floor(below(items.length))];
      if (item === undefined) throw new Error('There is nothing to pick from.');
      return item;
    },
  };
}
