/** How the log names what a request asked for. */

import type { FastifyRequest } from 'fastify';

/** A key does not belong in an address, but people try (invariant 2). */
const keyLike = /[A-Za-z0-9]+_[0-9A-Za-z]{32,}/g;

/** Method and address without the query, which may hold what is no business of a log. */
export function targetOf(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  return `${request.method} ${path.slice(0, 255).replace(keyLike, '[KEY]')}`;
}
