/** Identifiers that sort by the time they were made; they carry no secret. */

/**
 * A UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of a counter within the millisecond, and 62 random
 * bits that are drawn anew each millisecond.
 */
export function newId(now: number = Date.now()): string {
  if (now > lastMillis) {
    lastMillis = now;
    counter = 0;
    // The end of a version 4 UUID has the variant and the random bits; within a millisecond the counter differs.
    tail = crypto.randomUUID().slice(19);
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastMillis += 1;
      counter = 0;
    }
  }
  const millis = lastMillis.toString(16).padStart(12, '0');
  const sequence = counter.toString(16).padStart(3, '0');
  return `${millis.slice(0, 8)}-${millis.slice(8)}-7${sequence}-${tail}`;
}

let lastMillis = 0;
let counter = 0;
let tail = crypto.randomUUID().slice(19);
