/** Every error answer of every dialect: one envelope (A33), one place that turns a thrown thing into it. */

import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalReason, Refusals } from '../audit/refusals.ts';
import { type ErrorCode, errorTable, Failure, publicError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import { targetOf } from './target.ts';

/** The documented texts; a refusal never says more than these (D9). */
export const unauthorizedMessage = 'Invalid or missing API key';
/** What is said of a body of another type. */
export const sendJson = 'Send the body as JSON, with the header "Content-Type: application/json".';
export const forbiddenMessage = 'Insufficient permissions for this operation';

/** `{"success":false,"error":{"code":"NOT_FOUND","message":"…"}}` with the status of the code. */
export function sendError(reply: FastifyReply, code: ErrorCode, message: string): FastifyReply {
  return reply.code(errorTable[code]).header('content-type', contentType).send(envelope(code, message));
}

/** Answers, as far as anybody listens, what Node cannot read as HTTP, and ends the connection. */
export function answerUnreadable(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = unreadable[error.code ?? ''] ?? ['400 Bad Request', 'This is not valid HTTP.'];
  const body = envelope('bad-input', message);
  socket.write(
    [
      `HTTP/1.1 ${status}`,
      `Content-Type: ${contentType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${newId()}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.destroySoon();
}

/** What is said of an address that nothing stands at. */
export function noRoute({ method }: Pick<FastifyRequest, 'method'>): string {
  return `There is no ${method} route at this address.`;
}

const contentType = 'application/json; charset=utf-8';

function envelope(code: ErrorCode, message: string): string {
  return JSON.stringify({
    success: false,
    error: { code: code.replaceAll('-', '_').toUpperCase(), message },
  });
}

/** Node's codes for a request that does not arrive: its own status, for proxies go by it. */
const unreadable: Record<string, [string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB.'],
};

/** Fastify's own codes for a request that it cannot read. */
const readFailures: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'The request body is larger than 1 MiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', sendJson],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-input', 'The body is not as long as Content-Length says.'],
};

/** Failures of 500 and above whose message is meant for whoever calls. */
const callersProblem: ReadonlySet<ErrorCode> = new Set(['busy', 'stopping']);

export function handleErrors(
  app: FastifyInstance,
  { log, refusals }: { log: Log; refusals: Pick<Refusals, 'note'> },
): void {
  const note = (request: FastifyRequest, status: 404 | 415, reason: RefusalReason) =>
    refusals.note({ requestId: request.id, status, reason, actor: request.ip, target: targetOf(request) });

  app.setNotFoundHandler((request, reply) => {
    note(request, 404, 'no-route');
    return sendError(reply, 'not-found', noRoute(request));
  });
  app.setErrorHandler((thrown, request, reply) => {
    // Fastify would close on a body that it refuses, and who is still sending it would see a broken connection
    // instead of the answer. Kept alive, Node reads on and drops the rest, for as long as a request may take.
    reply.removeHeader('connection');
    if (thrown instanceof Failure) {
      if (thrown.code === 'unsupported-media-type') note(request, 415, 'content-type');
      if (thrown.code === 'busy' || thrown.code === 'stopping') reply.header('retry-after', '1');
      if (errorTable[thrown.code] < 500 || callersProblem.has(thrown.code)) {
        return sendError(reply, thrown.code, thrown.message);
      }
      // What is wrong here names paths of this machine, which a caller from outside need not know.
      log.error({ err: thrown, requestId: request.id }, 'request failed');
      const { message } = publicError(undefined, request.id);
      return sendError(reply, thrown.code, message);
    }
    const code = (thrown as { code?: unknown }).code;
    const known = typeof code === 'string' ? readFailures[code] : undefined;
    if (known) {
      if (known[0] === 'unsupported-media-type') note(request, 415, 'content-type');
      return sendError(reply, ...known);
    }
    const status = (thrown as { statusCode?: unknown }).statusCode;
    if (typeof status === 'number' && status >= 400 && status < 500) {
      return sendError(reply, 'bad-input', 'The request could not be read.');
    }
    log.error({ err: thrown, requestId: request.id }, 'request failed');
    const { message } = publicError(thrown, request.id);
    return sendError(reply, 'internal', message);
  });
}
