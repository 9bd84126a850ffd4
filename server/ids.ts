/** Identifiers that sort by the time they were made; they carry no secret. */

/**
 * A UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of a counter within the millisecond, and 62 random
 * bits that are drawn anew each millisecond.
 */
export function newId(now: number = Date.now()): string {
  if (now > lastMillis) {
    begin(now);
    // The end of a version 4 UUID has the variant and the random bits; within a millisecond the counter differs.
    tail = crypto.randomUUID().slice(19);
  } else {
    counter += 1;
    if (counter > 0xfff) begin(lastMillis + 1);
  }
  return `${head}${counter.toString(16).padStart(3, '0')}-${tail}`;
}

let lastMillis = 0;
let counter = 0;
/** The millisecond and the version: the same for thousands of ids in a row. */
let head = '';
let tail = crypto.randomUUID().slice(19);

function begin(millis: number): void {
  lastMillis = millis;
  counter = 0;
  const digits = millis.toString(16).padStart(12, '0');
  head = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
}
