/** The one place that turns whatever was thrown on the way of a request into its answer. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusals } from '../audit/refusals.ts';
import { type ErrorCode, errorTable, Failure, publicError } from '../errors.ts';
import type { Log } from '../log.ts';
import { dropBody, isUnasked } from './connection.ts';
import { contentType, envelope, sendJson } from './envelope.ts';
import { targetOf } from './target.ts';

/** Answers a failure in the envelope, with the status of its code. */
export function openFailureAnswer({
  log,
  refusals,
}: {
  log: Log;
  refusals: Pick<Refusals, 'note'>;
}): (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const noteContentType = (request: FastifyRequest) =>
    refusals.note({
      requestId: request.id,
      status: 415,
      reason: 'content-type',
      actor: request.ip,
      target: targetOf(request),
    });

  return (thrown, request, reply) => {
    if (isUnasked(reply.raw)) {
      reply.header('connection', 'close');
    } else {
      // Fastify would close on a body that it refuses, and who is still sending it would not see the answer.
      if (reply.hasHeader('connection')) reply.removeHeader('connection');
      dropBody(request.raw);
    }
    if (thrown instanceof Failure) {
      if (thrown.code === 'unsupported-media-type') noteContentType(request);
      if (thrown.code === 'busy' || thrown.code === 'stopping') reply.header('retry-after', '1');
      if (errorTable[thrown.code] < 500 || callersProblem.has(thrown.code)) {
        return sendError(reply, thrown.code, thrown.message);
      }
      // What is wrong here names paths of this machine, which a caller from outside need not know.
      log.error({ err: thrown, requestId: request.id }, 'request failed');
      const { message } = publicError(undefined, request.id);
      return sendError(reply, thrown.code, message);
    }
    const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
    const known = typeof code === 'string' ? readFailures[code] : undefined;
    if (known) {
      if (known[0] === 'unsupported-media-type') noteContentType(request);
      return sendError(reply, ...known);
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return sendError(reply, 'bad-input', 'The request could not be read.');
    }
    log.error({ err: thrown, requestId: request.id }, 'request failed');
    const { message } = publicError(thrown, request.id);
    return sendError(reply, 'internal', message);
  };
}

/** Fastify's own codes for a request that it cannot read. */
const readFailures: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'The request body is larger than 1 MiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', sendJson],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-input', 'The body is not as long as Content-Length says.'],
};

/** Failures of 500 and above whose message is meant for whoever calls. */
const callersProblem: ReadonlySet<ErrorCode> = new Set(['busy', 'stopping']);

/** `{"success":false,"error":{"code":"NOT_FOUND","message":"…"}}` with the status of the code. */
function sendError(reply: FastifyReply, code: ErrorCode, message: string): FastifyReply {
  return reply.code(errorTable[code]).header('content-type', contentType).send(envelope(code, message));
}
