/** Who calls, and how often: 401, then 429, before anything else of a request is looked at (D10). */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../errors.ts';
import type { Keys } from '../keys/keys.ts';
import type { Limits, RateDecision } from '../keys/limits.ts';
import { withoutKeys } from '../keys/mint.ts';
import type { Settings } from '../settings.ts';
import type { ApiKeyRecord, AuditEntry } from '../store/contracts.ts';
import { unauthorizedMessage } from './envelope.ts';
import { presentedKey } from './presentedKey.ts';

/** Who a request comes from, once it may go on. */
export type Caller = { kind: 'key'; record: ApiKeyRecord } | { kind: 'public' };

export interface AuthenticationParts {
  keys: Pick<Keys, 'verify' | 'touch'>;
  limits: Limits;
  settings: Pick<Settings, 'executeLimit' | 'webhookLimit' | 'failedAuthenticationLimit'>;
  /** Records a refused request; it neither delays nor fails the answer. */
  recordRefusal(entry: AuditEntry): void;
}

export interface Authentication {
  /**
   * The caller of an Execute route. `isPublic` says that no key is needed; a bad one is refused all the same (D13).
   *
   * @throws Failure `unauthorized` (always the same text, D9) or `rate-limited`.
   */
  authenticate(request: FastifyRequest, reply: FastifyReply, isPublic: boolean): Promise<Caller>;
  /** Records why an authenticated request was refused, for the audit log. */
  refuse(request: FastifyRequest, caller: Caller, reason: string, target: string): void;
}

export function openAuthentication(parts: AuthenticationParts): Authentication {
  const { keys, limits, settings, recordRefusal } = parts;

  /** Counts one request; sets the headers of A28–A30, and throws when the limit is reached (A31). */
  function count(reply: FastifyReply, subject: string, category: string, limit: number): void {
    const decision = limits.admit(subject, category, limit);
    reply.headers({
      'x-ratelimit-limit': String(decision.limit),
      'x-ratelimit-remaining': String(decision.remaining),
      'x-ratelimit-reset': String(decision.resetSeconds),
    });
    if (!decision.admitted) throw rateLimited(reply, decision);
  }

  return {
    async authenticate(request, reply, isPublic) {
      const presented = presentedKey(request.raw);
      if (presented.kind === 'none' && isPublic) {
        count(reply, `address:${request.ip}`, 'webhook', settings.webhookLimit);
        return { kind: 'public' };
      }
      const verification =
        presented.kind === 'one'
          ? await keys.verify(presented.value)
          : { ok: false as const, reason: presented.kind === 'none' ? 'missing' : 'several-keys' };
      if (!verification.ok) {
        const decision = limits.admit(
          `address:${request.ip}`,
          'failed-authentication',
          settings.failedAuthenticationLimit,
        );
        if (!decision.admitted) throw rateLimited(reply, decision);
        recordRefusal({
          actor: request.ip,
          action: 'request.refused',
          target: `${request.method} ${request.routeOptions.url ?? ''}`,
          outcome: 'refused',
          requestId: request.id,
          detail: { status: 401, reason: verification.reason },
        });
        throw new Failure('unauthorized', unauthorizedMessage);
      }
      const { record } = verification;
      keys.touch(record.id);
      count(reply, `key:${record.id}`, 'execute', settings.executeLimit);
      return { kind: 'key', record };
    },

    refuse(request, caller, reason, target) {
      recordRefusal({
        actor: caller.kind === 'key' ? `key:${caller.record.id}` : request.ip,
        action: 'request.refused',
        // A key that is pasted into the address by mistake is none the less a key.
        target: withoutKeys(target),
        outcome: 'refused',
        requestId: request.id,
        detail: { status: 403, reason },
      });
    },
  };
}

function rateLimited(reply: FastifyReply, decision: RateDecision): Failure {
  reply.header('retry-after', String(decision.retryAfterSeconds));
  return new Failure('rate-limited', `Rate limit exceeded. Limit: ${decision.limit} requests per minute.`);
}
