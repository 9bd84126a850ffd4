/** Who calls, and how often: 401, then 429, before anything else of a request is looked at (D10). */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal, RefusalReason, Refusals } from '../audit/refusals.ts';
import { Failure } from '../errors.ts';
import type { Keys } from '../keys/keys.ts';
import type { Limits, RateDecision } from '../keys/limits.ts';
import type { Settings } from '../settings.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import { forbiddenMessage, unauthorizedMessage } from './envelope.ts';
import { type Objection, objectionFailure } from './guard.ts';
import { presentedKey } from './presentedKey.ts';
import { targetOf } from './target.ts';

/** Who a request comes from, once it may go on. */
export type Caller = { kind: 'key'; record: ApiKeyRecord } | { kind: 'public' };

/** Each has a limit of its own per key (A24–A26, D21). */
export type Category = 'read' | 'write' | 'execute';

const writing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** D21; what runs something is Execute, which its route says. */
export function categoryOf(method: string): Category {
  return writing.has(method) ? 'write' : 'read';
}

export interface AuthenticationParts {
  keys: Pick<Keys, 'verify' | 'touch'>;
  limits: Limits;
  settings: Pick<
    Settings,
    | 'readLimit'
    | 'writeLimit'
    | 'executeLimit'
    | 'webhookLimit'
    | 'failedAuthenticationLimit'
    | 'rateWindowSeconds'
  >;
  refusals: Pick<Refusals, 'record' | 'note'>;
}

export interface Authentication {
  /**
   * The key of a request, counted in its category; sets the headers of A28–A30.
   *
   * @throws Failure `unauthorized` (always the same text, D9) or `rate-limited` (A31).
   */
  authenticate(request: FastifyRequest, reply: FastifyReply, category: Category): Promise<ApiKeyRecord>;
  /** As `authenticate` where no key is needed; a bad one is refused all the same (D13). Counted per address. */
  admitPublic(request: FastifyRequest, reply: FastifyReply, category: Category): Promise<Caller>;
  /** Records why an authenticated request is refused. @returns the failure to throw, which does not say why. */
  forbid(request: FastifyRequest, caller: Caller, reason: RefusalReason, detail?: Refusal['detail']): Failure;
  /** Records what was not found. @returns the failure to throw. */
  missing(request: FastifyRequest, caller: Caller, reason: RefusalReason, message: string): Failure;
  /** Records what the guard has against a request, of which nothing else is looked at. @returns the failure to throw. */
  turnAway(request: FastifyRequest, objection: Objection): Failure;
}

export function openAuthentication(parts: AuthenticationParts): Authentication {
  const { keys, limits, settings, refusals } = parts;
  const limitOf = {
    read: settings.readLimit,
    write: settings.writeLimit,
    execute: settings.executeLimit,
    webhook: settings.webhookLimit,
  };

  /** Counts one request; sets the headers of A28–A30, and throws when the limit is reached (A31). */
  function count(
    request: FastifyRequest,
    reply: FastifyReply,
    subject: string,
    category: keyof typeof limitOf,
  ): void {
    const decision = limits.admit(subject, category, limitOf[category]);
    reply.header('x-ratelimit-limit', decision.limit);
    reply.header('x-ratelimit-remaining', decision.remaining);
    reply.header('x-ratelimit-reset', decision.resetSeconds);
    if (!decision.admitted) throw refuseRate(request, reply, { subject, category, decision });
  }

  /** The first refusal of a subject in a window goes into the audit log, as the others say the same. */
  function refuseRate(
    request: FastifyRequest,
    reply: FastifyReply,
    { subject, category, decision }: { subject: string; category: string; decision: RateDecision },
  ): Failure {
    const isFirst = limits.admit(subject, `refused ${category}`, 1).admitted;
    refusals[isFirst ? 'record' : 'note']({
      requestId: request.id,
      status: 429,
      reason: category === 'failed-authentication' ? 'too-many-failures' : 'rate-limited',
      actor: subject.replace(/^address:/, ''),
      target: targetOf(request),
      detail: { category, limit: decision.limit },
    });
    reply.header('retry-after', decision.retryAfterSeconds);
    return new Failure(
      'rate-limited',
      `Rate limit exceeded. Limit: ${decision.limit} requests per ${windowName(settings.rateWindowSeconds)}.`,
    );
  }

  async function verify(request: FastifyRequest, reply: FastifyReply): Promise<ApiKeyRecord> {
    const presented = presentedKey(request.raw);
    const verification =
      presented.kind === 'one'
        ? await keys.verify(presented.value)
        : {
            ok: false as const,
            reason: presented.kind === 'none' ? ('missing' as const) : ('several-keys' as const),
          };
    if (verification.ok) {
      keys.touch(verification.record.id);
      return verification.record;
    }
    const subject = `address:${request.ip}`;
    const category = 'failed-authentication';
    const decision = limits.admit(subject, category, settings.failedAuthenticationLimit);
    if (!decision.admitted) throw refuseRate(request, reply, { subject, category, decision });
    const known = 'record' in verification ? verification.record : undefined;
    refusals.record({
      requestId: request.id,
      status: 401,
      reason: verification.reason,
      actor: request.ip,
      target: targetOf(request),
      ...(known && { detail: { keyId: known.id } }),
    });
    throw new Failure('unauthorized', unauthorizedMessage);
  }

  async function authenticate(request: FastifyRequest, reply: FastifyReply, category: Category) {
    const record = await verify(request, reply);
    count(request, reply, `key:${record.id}`, category);
    return record;
  }

  function refuse(
    request: FastifyRequest,
    caller: Caller,
    refusal: Pick<Refusal, 'status' | 'reason' | 'detail'>,
  ): void {
    // Only what is refused to a key is worth a line of the log; all else may come by the thousand, from anybody.
    const keep = refusal.status === 403 && caller.kind === 'key' ? refusals.record : refusals.note;
    keep({
      requestId: request.id,
      actor: caller.kind === 'key' ? `key:${caller.record.id}` : request.ip,
      target: targetOf(request),
      ...(caller.kind === 'key' &&
        caller.record.organizationId !== undefined && { organizationId: caller.record.organizationId }),
      ...refusal,
    });
  }

  return {
    authenticate,

    async admitPublic(request, reply, category) {
      if (presentedKey(request.raw).kind === 'none') {
        count(request, reply, `address:${request.ip}`, 'webhook');
        return { kind: 'public' };
      }
      return { kind: 'key', record: await authenticate(request, reply, category) };
    },

    forbid(request, caller, reason, detail) {
      refuse(request, caller, { status: 403, reason, ...(detail && { detail }) });
      return new Failure('forbidden', forbiddenMessage);
    },

    missing(request, caller, reason, message) {
      refuse(request, caller, { status: 404, reason });
      return new Failure('not-found', message);
    },

    turnAway(request, objection) {
      const failure = objectionFailure(objection);
      const status = objection === 'misdirected-host' ? 421 : 403;
      refuse(request, { kind: 'public' }, { status, reason: objection });
      return failure;
    },
  };
}

function windowName(seconds: number): string {
  if (seconds === 60) return 'minute';
  return seconds === 1 ? 'second' : `${seconds} seconds`;
}
