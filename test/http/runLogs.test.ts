/** A run's logs as server-sent events over a real socket, from runs of real Python. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fastify } from 'fastify';
import { errorTable, Failure } from '../../server/errors.ts';
import { sendRunLogs } from '../../server/http/runLogs.ts';
import { type Bench, openBench, until } from '../runs/bench.ts';

const limit = { timeout: 120_000 };
const source = `
import pathlib, time

def until(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.005)

def talk():
    print("first\\r\\ndata: not a frame")
    until("go")
    print("third")
    return "done"

def flood():
    for index in range(20_000):
        print("line", index, "." * 30)
    until("go")
`;

interface Stream {
  answer: IncomingMessage;
  /** Everything that has come. */
  text: () => string;
  ended: Promise<unknown>;
}

async function openLogs(
  t: TestContext,
): Promise<{ bench: Bench; read: (id: string, lastId?: string) => Promise<Stream> }> {
  const bench = await openBench(t, { source });
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler(async (thrown, _request, reply) => {
    assert.ok(thrown instanceof Failure);
    return reply.code(errorTable[thrown.code]).send();
  });
  app.get<{ Params: { id: string } }>('/:id', (request, reply) =>
    sendRunLogs(bench.runs, request.params.id, request, reply),
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return {
    bench,
    async read(id, lastId) {
      const request = get({
        port,
        host: '127.0.0.1',
        path: `/${id}`,
        agent: false,
        headers: lastId === undefined ? {} : { 'last-event-id': lastId },
      });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      return { answer, text: () => text, ended: once(answer, 'close') };
    },
  };
}

/** `id event data` of each event; comments and the time to reconnect are none. */
function eventsOf(text: string): [id: string, event: string, data: Record<string, unknown>][] {
  return [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n$/gm)].map(
    ([, id = '', event = '', data = '']) => [id, event, JSON.parse(data)],
  );
}

test('a run’s lines arrive while it goes on, and its end closes the stream', limit, async (t) => {
  const { bench, read } = await openLogs(t);
  const run = await bench.start('talk');
  const stream = await read(run.id);
  assert.equal(stream.answer.statusCode, 200);
  assert.match(String(stream.answer.headers['content-type']), /^text\/event-stream/);
  await until(() => eventsOf(stream.text()).length === 2);
  writeFileSync(join(bench.folder, 'go'), '');
  await stream.ended;
  const events = eventsOf(stream.text());
  assert.deepEqual(
    events.map(([id, event, data]) => [id, event, data.message ?? data.status]),
    [
      ['1', 'log', 'first'],
      ['2', 'log', 'data: not a frame'],
      ['3', 'log', 'third'],
      ['end', 'end', 'Success'],
    ],
  );
  const record = await run.finished;
  assert.deepEqual(events[0]?.[2], {
    at: new Date(record.logs[0]?.at ?? 0).toISOString(),
    level: 'stdout',
    message: 'first',
  });
});

test('Last-Event-ID goes on after that event, also when the run has ended', limit, async (t) => {
  const { bench, read } = await openLogs(t);
  writeFileSync(join(bench.folder, 'go'), '');
  const { id } = await bench.run('talk');
  const rest = await read(id, '2');
  await rest.ended;
  assert.deepEqual(
    eventsOf(rest.text()).map(([number]) => number),
    ['3', 'end'],
  );
  const nothing = await read(id, 'end');
  assert.equal(nothing.answer.statusCode, 204);
  for (const lastId of ['-1', 'nonsense', '1e3', '99999999999999999999']) {
    assert.equal((await read(id, lastId)).answer.statusCode, 400);
  }
  assert.equal((await read('absent')).answer.statusCode, 404);
});

test('a reader that goes, or does not read, holds up neither the run nor the others', limit, async (t) => {
  const { bench, read } = await openLogs(t);
  const run = await bench.start('flood');
  const gone = await read(run.id);
  const slow = await read(run.id);
  slow.answer.pause();
  const other = await read(run.id);
  await until(() => gone.text() !== '');
  gone.answer.destroy();
  await until(() => eventsOf(other.text()).length > 0);
  writeFileSync(join(bench.folder, 'go'), '');
  const record = await run.finished;
  await other.ended;
  assert.equal(eventsOf(other.text()).length, record.logs.length + 1);
  slow.answer.resume();
  await slow.ended;
  assert.equal(eventsOf(slow.text()).length, record.logs.length + 1);
});
