/** A run's log lines as server-sent events while it goes on; who may read them is decided before. */

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../errors.ts';
import type { RunEvent } from '../runs/contracts.ts';
import { logRow, runRow } from '../runs/rows.ts';
import type { Runs } from '../runs/runner.ts';

/** More often than proxies close a connection on which nothing comes. */
const heartbeatMs = 15_000;
const reconnectAfterMs = 1_000;
const endId = 'end';

/**
 * Answers with `text/event-stream`: events `log` with `{"at", "level", "message"}`, numbered from 1 by their ids, and at
 * last `end` with the run as lists show it. `Last-Event-ID` resumes after the event with that id; after `end` there is
 * nothing, which a 204 says. What a slow reader has not taken is held by the run's logs alone, a gone one by nothing.
 * With `until` the stream may end before the run does, without that event.
 *
 * @throws Failure `not-found`, or `bad-input` for a `Last-Event-ID` that is none of these.
 */
export async function sendRunLogs(
  runs: Pick<Runs, 'follow'>,
  id: string,
  request: FastifyRequest,
  reply: FastifyReply,
  until?: AbortSignal,
): Promise<FastifyReply> {
  const lastId = request.headers['last-event-id'];
  if (lastId === endId) return reply.code(204).send();
  const gone = new AbortController();
  const signal = until ? AbortSignal.any([until, gone.signal]) : gone.signal;
  const events = await runs.follow(id, { after: readNumber(lastId), signal });
  // Between two events, so that a line is never torn; a reader that is behind needs no sign of life.
  const heartbeat = setInterval(() => {
    if (!reply.raw.writableNeedDrain) reply.raw.write(':\n\n');
  }, heartbeatMs);
  reply.raw.once('close', () => {
    clearInterval(heartbeat);
    gone.abort();
  });
  reply.header('content-type', 'text/event-stream; charset=utf-8');
  // A connection that was kept alive after the last event would keep a daemon that stops meanwhile alive too.
  reply.header('connection', 'close');
  return reply.send(Readable.from(frames(events)));
}

async function* frames(events: AsyncIterable<RunEvent>): AsyncGenerator<string> {
  // It also has the headers sent, though the run may be silent for long.
  yield `retry: ${reconnectAfterMs}\n\n`;
  for await (const event of events) {
    if (event.kind === 'lines') {
      for (const [index, line] of event.lines.entries()) {
        yield frame(String(event.after + index + 1), 'log', logRow(line));
      }
    } else if (event.run.finishedAt !== undefined) {
      yield frame(endId, 'end', runRow(event.run));
    }
  }
}

/** JSON has no line feeds, so that the data is one line. */
function frame(id: string, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function readNumber(lastId: string | string[] | undefined): number {
  if (lastId === undefined || lastId === '') return 0;
  if (typeof lastId !== 'string' || !/^\d{1,9}$/.test(lastId)) {
    throw new Failure('bad-input', 'Last-Event-ID must be the id of an event of this run.');
  }
  return Number(lastId);
}
