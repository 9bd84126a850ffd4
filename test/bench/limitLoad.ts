/** The rate limits under full load, in a process of its own, so that its memory is theirs alone; prints one line. */

import { openLimits } from '../../server/keys/limits.ts';

const keys = 10_000;
/** What a key is admitted within a minute, in each of its categories (A24–A26). */
const limitOf = { read: 1000, write: 100, execute: 500 };
const rounds = 1000;
const windowMs = 60_000;

let now = Date.UTC(2026, 10, 21);
const limits = openLimits({ clock: () => now, windowMs });
const ids = Array.from({ length: keys }, (_, index) => `key:0193${String(index).padStart(8, '0')}-example`);
const admitAll = (): number => {
  let asked = 0;
  for (let round = 0; round < rounds; round += 1) {
    now += windowMs / rounds;
    for (const [category, limit] of Object.entries(limitOf)) {
      if ((round * limit) % rounds >= limit) continue;
      for (const id of ids) limits.admit(id, category, limit);
      asked += keys;
    }
  }
  return asked;
};

globalThis.gc?.();
const emptyBytes = process.memoryUsage.rss();
admitAll();
// Every window is full from here on: each request lets an old one go.
const before = performance.now();
const asked = admitAll();
const microsecondsEach = ((performance.now() - before) * 1000) / asked;
globalThis.gc?.();
const usedMb = (process.memoryUsage.rss() - emptyBytes) / 1024 / 1024;

const plain = new Map(ids.map((id) => [id, 0]));
const beforeCounts = performance.now();
for (let round = 0; round < 100; round += 1) {
  for (const id of ids) plain.set(id, (plain.get(id) ?? 0) + 1);
}
const countMicroseconds = ((performance.now() - beforeCounts) * 1000) / (100 * keys);
process.stdout.write(`${JSON.stringify({ usedMb, microsecondsEach, countMicroseconds })}\n`);
