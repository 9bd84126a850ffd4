/** A port for a program that cannot be told to take any free one. */

import { randomInt } from 'node:crypto';
import { isPortFree } from '../../client/port.ts';

/**
 * A port that nobody has right now. It is not among those that systems give to connections by themselves, so that
 * nobody gets it by chance before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000);
    if (await isPortFree('127.0.0.1', port)) return port;
  }
}
