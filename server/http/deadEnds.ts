/** Addresses that lead nowhere: under `/api` who has no key is not even told that (D10). */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../errors.ts';
import { type Authentication, type Caller, categoryOf } from './authentication.ts';

/** Each rejects, before the body is read; without a key first with `unauthorized`, so that probing is limited. */
export interface DeadEnds {
  /** Nothing stands there: `not-found`. */
  refuseUnknown(request: FastifyRequest, reply: FastifyReply): Promise<never>;
  /** It cannot be decoded: `bad-input`. */
  refuseMalformed(request: FastifyRequest, reply: FastifyReply): Promise<never>;
}

export function openDeadEnds(authentication: Pick<Authentication, 'authenticate' | 'missing'>): DeadEnds {
  async function callerOf(request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
    if (!isUnderApi(request.url)) return { kind: 'public' };
    const record = await authentication.authenticate(request, reply, categoryOf(request.method));
    return { kind: 'key', record };
  }

  return {
    async refuseUnknown(request, reply) {
      const caller = await callerOf(request, reply);
      const message = `There is no ${request.method} route at this address.`;
      throw authentication.missing(request, caller, 'no-route', message);
    },

    async refuseMalformed(request, reply) {
      await callerOf(request, reply);
      throw new Failure('bad-input', 'The address is malformed.');
    },
  };
}

/** As the router reads it: a whole URL is its path, and escapes are what they stand for. */
function isUnderApi(url: string): boolean {
  const first = /^(?:https?:\/\/[^/?#]*)?\/([^/?#]*)/i.exec(url)?.[1] ?? '';
  try {
    return decodeURIComponent(first) === 'api';
  } catch {
    return false;
  }
}
