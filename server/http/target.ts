/** How the log names what a request asked for. */

import type { FastifyRequest } from 'fastify';
import { withoutKeys } from '../keys/mint.ts';

/** Method and address without the query, which may hold what is no business of a log. */
export function targetOf(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  // Neither a key nor a secret belongs in an address, but people try (invariant 2).
  const segments = withoutKeys(path).slice(0, 255).split('/');
  return `${request.method} ${segments.map((segment) => (looksRandom(segment) ? '…' : segment)).join('/')}`;
}

/** Twenty characters and more with small and capital letters and digits, or hexadecimal; ids of ours are neither. */
function looksRandom(segment: string): boolean {
  if (segment.length < 20) return false;
  return /^[0-9a-f]+$/i.test(segment) || [/[0-9]/, /[a-z]/, /[A-Z]/].every((sort) => sort.test(segment));
}
