/** A connection below its requests: what is no HTTP, and bodies that nobody wants; it knows neither keys nor routes. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { newId } from '../ids.ts';
import { contentType, envelope } from './envelope.ts';

/** Of a refused body; beyond it a sender means harm, or would not have read the answer anyway. */
const dropLimitBytes = 16 * 1024 * 1024;

/** Notes the answer that is being made; to be called for every request, before anything can go wrong with it. */
export function beginAnswer(response: ServerResponse): void {
  const socket: AnsweredSocket = response.req.socket;
  socket[newest] = response;
}

/**
 * Answers, as far as anybody listens, what Node cannot read as HTTP, and ends the connection.
 *
 * Invariant: no request is answered twice. A client would take the second answer for that of its next request.
 */
export function answerUnreadable(error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswered(socket)) {
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

/** Has `Expect: 100-continue` wait until somebody wants the body; any other expectation is none of ours. */
export function deferBodies(server: Server): void {
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  };
  server.on('checkContinue', pass);
  server.on('checkExpectation', pass);
}

/** Tells who waits for it to send the body, unless it says that it is longer than `limitBytes`. */
export function askForBody(response: AskingResponse, limitBytes: number): void {
  const { req } = response;
  if (!expectsAsking(req) || Number(req.headers['content-length']) > limitBytes) return;
  response[asked] = true;
  response.writeContinue();
}

/** Whether the body may never come: then nothing else can follow on its connection. */
export function isUnasked(response: AskingResponse): boolean {
  return expectsAsking(response.req) && response[asked] !== true;
}

/**
 * Reads on what still comes of a body that is refused, and drops it: its sender gets to the answer instead of a broken
 * connection. It ends with the time that a request may take, or the limit.
 */
export function dropBody(request: IncomingMessage): void {
  // Node does so by itself; only a body that may be too long even for that is counted.
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && !(Number(headers['content-length']) > dropLimitBytes))
    return;
  let droppedBytes = 0;
  request.on('data', ({ length }: Buffer) => {
    droppedBytes += length;
    if (droppedBytes > dropLimitBytes) request.destroy();
  });
}

/** Whether an answer has begun, or has gone, to the request that is being read. */
function isAnswered(socket: AnsweredSocket): boolean {
  const response = socket[newest];
  return response?.headersSent === true && !(response.req.complete && response.writableFinished);
}

function expectsAsking({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion === '1.1' && /^100-continue$/i.test(headers.expect);
}

/** Node's codes for a request that does not arrive: its own status, for proxies go by it. */
const unreadable: Record<string, [string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB.'],
};

const newest = Symbol('newest answer');
const asked = Symbol('asked for the body');

type AnsweredSocket = Socket & { [newest]?: ServerResponse };
type AskingResponse = ServerResponse & { [asked]?: true };
