/** The sliding window, by its definition and against an oracle that counts every admission. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openLimits } from '../../server/keys/limits.ts';

const minute = 60_000;

/** Limits over a clock that the test sets. */
function clocked(start = 1_700_000_000_000) {
  const time = { now: start };
  return { time, limits: openLimits({ clock: () => time.now }) };
}

test('exactly the limit is admitted within 60 s, and the next one after the first has left (A23, D20)', () => {
  const { time, limits } = clocked();
  const start = time.now;
  for (let count = 1; count <= 100; count += 1) {
    time.now = start + count;
    const decision = limits.admit('k', 'write', 100);
    assert.equal(decision.admitted, true);
    assert.equal(decision.remaining, 100 - count);
    assert.equal(decision.retryAfterSeconds, 0);
  }
  time.now = start + minute;
  assert.equal(limits.admit('k', 'write', 100).admitted, false);
  time.now = start + minute + 1;
  assert.equal(limits.admit('k', 'write', 100).admitted, true);
  assert.equal(limits.admit('k', 'write', 100).admitted, false);
});

test('refused requests are not counted: hammering does not prolong the wait (D20)', () => {
  const { time, limits } = clocked();
  const start = time.now;
  limits.admit('k', 'execute', 1);
  for (time.now = start + 1; time.now < start + minute; time.now += 100) {
    assert.equal(limits.admit('k', 'execute', 1).admitted, false);
  }
  time.now = start + minute;
  assert.equal(limits.admit('k', 'execute', 1).admitted, true);
});

test('ids and categories are counted apart', () => {
  const { limits } = clocked();
  assert.equal(limits.admit('one', 'read', 1).admitted, true);
  assert.equal(limits.admit('one', 'read', 1).admitted, false);
  assert.equal(limits.admit('other', 'read', 1).admitted, true);
  assert.equal(limits.admit('one', 'write', 1).admitted, true);
});

test('peek says what admit would say and counts nothing', () => {
  const { limits } = clocked();
  for (let round = 0; round < 5; round += 1) assert.equal(limits.peek('k', 'read', 2).remaining, 2);
  limits.admit('k', 'read', 2);
  assert.equal(limits.peek('k', 'read', 2).remaining, 1);
  limits.admit('k', 'read', 2);
  assert.deepEqual(limits.peek('k', 'read', 2), limits.admit('k', 'read', 2));
});

test('one who waits until Reset, or for Retry-After, is admitted (A32)', () => {
  const { time, limits } = clocked(1_700_000_000_123);
  limits.admit('k', 'read', 1);
  time.now += 500;
  const refused = limits.admit('k', 'read', 1);
  assert.equal(refused.resetSeconds, 1_700_000_061);
  assert.equal(refused.retryAfterSeconds, 60);
  time.now = refused.resetSeconds * 1000;
  assert.equal(limits.admit('k', 'read', 1).admitted, true);
});

test('after a limit was lowered the reset tells when enough have left', () => {
  const { time, limits } = clocked(1_700_000_000_000);
  for (let count = 0; count < 10; count += 1) {
    limits.admit('k', 'read', 10);
    time.now += 1000;
  }
  const refused = limits.admit('k', 'read', 3);
  assert.equal(refused.admitted, false);
  assert.equal(refused.remaining, 0);
  time.now = refused.resetSeconds * 1000 - 1;
  assert.equal(limits.peek('k', 'read', 3).admitted, false);
  time.now += 1;
  assert.equal(limits.peek('k', 'read', 3).admitted, true);
});

test('after a limit was raised the difference is admitted at once', () => {
  const { limits } = clocked();
  for (let count = 0; count < 5; count += 1) limits.admit('k', 'read', 5);
  for (let count = 0; count < 5; count += 1) assert.equal(limits.admit('k', 'read', 10).admitted, true);
  assert.equal(limits.admit('k', 'read', 10).admitted, false);
});

test('ids that were idle for a window are forgotten', () => {
  const { time, limits } = clocked();
  for (let id = 0; id < 1000; id += 1) limits.admit(`address:${id}`, 'failed', 20);
  assert.equal(limits.size, 1000);
  time.now += minute;
  for (let id = 0; id < 600; id += 1) limits.admit('address:busy', 'failed', 10_000);
  assert.equal(limits.size, 1);
});

test('a clock that is set back makes nobody wait longer than one window', () => {
  const { time, limits } = clocked();
  limits.admit('k', 'read', 1);
  time.now -= 24 * 60 * minute;
  const refused = limits.admit('k', 'read', 1);
  assert.equal(refused.admitted, false);
  assert.ok(refused.retryAfterSeconds <= 60);
  time.now = refused.resetSeconds * 1000;
  assert.equal(limits.admit('k', 'read', 1).admitted, true);
});

/** The definition itself: every admitted time, oldest first, and nothing clever. */
function openOracle(limit: number) {
  const admitted = new Map<string, number[]>();
  const timesOf = (id: string) => admitted.get(id) ?? [];
  const within = (id: string, now: number) => timesOf(id).filter((time) => time > now - minute);
  return {
    admit(id: string, now: number) {
      const used = within(id, now).length;
      if (used >= limit) return { admitted: false, remaining: 0 };
      admitted.set(id, [...timesOf(id), now]);
      return { admitted: true, remaining: limit - used - 1 };
    },
    /** The first millisecond from `now` on at which the limit would not be reached. */
    nextAdmission(id: string, now: number) {
      const leaving = within(id, now).map((time) => time + minute);
      return [now, ...leaving].find((time) => within(id, time).length < limit);
    },
  };
}

test('100,000 random schedules are decided as the definition says, and no 60 s admit more than the limit (A23, D20)', () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    waitMs: fc.oneof(
      // Mostly bursts, so that every limit is reached; then waits about as long as the window.
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 2000 }) },
      { weight: 1, arbitrary: fc.constantFrom(minute - 1, minute, minute + 1) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * minute }) },
    ),
  });
  const same = (ours: number | boolean, theirs: number | boolean | undefined, what: string) => {
    if (ours !== theirs) throw new Error(`${what}: ${ours}, by definition ${theirs}`);
  };
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 999 }),
      (schedule, limit, offsetMs) => {
        const { time, limits } = clocked(1_700_000_000_000 + offsetMs);
        const oracle = openOracle(limit);
        const passed = new Map<string, number[]>();
        for (const { id, waitMs } of schedule) {
          time.now += waitMs;
          const { now } = time;
          const peeked = limits.peek(id, 'c', limit);
          const decision = limits.admit(id, 'c', limit);
          const definition = oracle.admit(id, now);
          same(decision.admitted, definition.admitted, 'admitted');
          same(decision.remaining, definition.remaining, 'remaining');
          same(peeked.admitted, decision.admitted, 'peeked');
          if (decision.admitted) {
            const times = passed.get(id) ?? [];
            passed.set(id, times);
            times.push(now);
            // Of any limit + 1 that follow each other, the last has to be a minute after the first.
            const first = times.at(-1 - limit);
            if (first !== undefined) same(now - first >= minute, true, 'spread over 60 s');
            continue;
          }
          const next = oracle.nextAdmission(id, now) ?? 0;
          same(decision.resetSeconds, Math.ceil(next / 1000), 'reset');
          same(decision.retryAfterSeconds, Math.ceil((next - now) / 1000), 'retry after');
        }
      },
    ),
    { numRuns: 100_000 },
  );
});
