/** Methods that an address has not: 405 with `Allow`, after whatever stands before that. */

import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { Failure } from '../errors.ts';

/** What Fastify routes. */
const allMethods: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
];

/** Whoever can read an address can read its heads alone. */
export const readMethods: readonly HTTPMethods[] = ['GET', 'HEAD'];

/** @param check rejects with what comes before a 405 (D10). */
export function refuseOtherMethods(
  app: FastifyInstance,
  url: string,
  allowed: readonly HTTPMethods[],
  check?: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const allow = allowed.join(', ');
  app.route({
    method: allMethods.filter((method) => !allowed.includes(method)),
    url,
    schema: { hide: true },
    onRequest: async (request, reply) => {
      await check?.(request, reply);
      reply.header('allow', allow);
      throw new Failure('method-not-allowed', `This address allows ${allow}.`);
    },
    handler: async () => undefined,
  });
}
