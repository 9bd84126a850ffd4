/** Addresses under `/api` that nothing stands at: who has no key is not even told that (D10). */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Authentication, categoryOf } from './authentication.ts';
import { noRoute } from './envelope.ts';

/**
 * For requests without a route, before their body is read; those outside of `/api` are left to the handler of 404s.
 *
 * @returns a function that rejects with `unauthorized` or `rate-limited`, so that probing is limited as any other
 * failed authentication, or with `not-found`.
 */
export function openUnknownAddress(
  authentication: Pick<Authentication, 'authenticate' | 'missing'>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    if (!/^\/api(?:[/?]|$)/.test(request.url)) return;
    const record = await authentication.authenticate(request, reply, categoryOf(request.method));
    throw authentication.missing(request, { kind: 'key', record }, 'no-route', noRoute(request));
  };
}
