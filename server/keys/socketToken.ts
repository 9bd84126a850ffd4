/** The token that opens the daemon's local socket: made at each start, kept in a 0600 file. */

import { randomBytes, timingSafeEqual } from 'node:crypto';

/** Characters of a token: 256 bits in hex. */
export const socketTokenLength = 64;

export function newSocketToken(): string {
  return randomBytes(32).toString('hex');
}

/** Compares without telling by its duration where the two differ. */
export function sameSocketToken(presented: Buffer, token: string): boolean {
  const expected = Buffer.from(token, 'latin1');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}
