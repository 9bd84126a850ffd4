/** Identifiers that sort by the time they were made; they carry no secret. */

/** A UUID version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of a counter within the millisecond, 62 random bits. */
export function newId(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  if (now > lastMillis) {
    lastMillis = now;
    counter = 0;
  } else {
    counter += 1;
    if (counter > 0xfff) {
      lastMillis += 1;
      counter = 0;
    }
  }
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(lastMillis / 2 ** 32));
  view.setUint32(2, lastMillis >>> 0);
  view.setUint16(6, 0x7000 | counter);
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

let lastMillis = 0;
let counter = 0;
