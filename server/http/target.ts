/** How the log names what a request asked for. */

import type { FastifyRequest } from 'fastify';
import { withoutKeys } from '../keys/mint.ts';

/** Method and address without the query, which may hold what is no business of a log. */
export function targetOf(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  // A key does not belong in an address, but people try (invariant 2).
  return `${request.method} ${withoutKeys(path.slice(0, 255))}`;
}
