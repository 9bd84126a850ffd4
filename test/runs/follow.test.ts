/** Following a run while it goes on: every line once, in order, then the end, and never a secret. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunEvent } from '../../server/runs/contracts.ts';
import type { RunRecord } from '../../server/store/contracts/runs.ts';
import { messages, openBench } from './bench.ts';

const limit = { timeout: 120_000 };
/** Of two lines, each too short to be looked for on its own. */
const secret = 'sk_test_ex\nample_4eC39';
const source = `
import asyncio, logging, pathlib, time
from bifrost import config

def until(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.005)

def talk():
    print("first")
    logging.info("second")
    until("go")
    print("third")
    until("on")
    return "done"

async def late(token: str):
    print("given", token)
    await config.get("api_key")
    until("go")
    print("known", token)

def wait():
    until("go")
`;

/** Reads events until the end, or until `enough` says so. */
async function collect(
  events: AsyncIterable<RunEvent>,
  enough: (lines: string[]) => boolean = () => false,
): Promise<{ lines: string[]; end: RunRecord | undefined }> {
  const lines: string[] = [];
  for await (const event of events) {
    if (event.kind === 'end') return { lines, end: event.run };
    assert.equal(event.after, lines.length);
    lines.push(...event.lines.map(({ message }) => message));
    if (enough(lines)) break;
  }
  return { lines, end: undefined };
}

test('lines come while the run goes on, each once and in order, and the end comes last', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('talk');
  const lines: string[] = [];
  let end: RunRecord | undefined;
  for await (const event of await bench.runs.follow(run.id)) {
    if (event.kind === 'end') {
      end = event.run;
      continue;
    }
    assert.equal(event.after, lines.length);
    lines.push(...event.lines.map(({ message }) => message));
    // The run waits for each of these: its lines have come before its end.
    if (lines.length === 2) writeFileSync(join(bench.folder, 'go'), '');
    if (lines.length === 3) writeFileSync(join(bench.folder, 'on'), '');
  }
  assert.deepEqual(lines, ['first', 'second', 'third']);
  assert.deepEqual(end, await run.finished);
  assert.deepEqual(messages(await run.finished), lines);
});

test(
  'a follower that comes back goes on after the last line it has, also when the run has ended',
  limit,
  async (t) => {
    const bench = await openBench(t, { source });
    const run = await bench.start('talk');
    await collect(await bench.runs.follow(run.id), (lines) => lines.length === 2);
    writeFileSync(join(bench.folder, 'go'), '');
    writeFileSync(join(bench.folder, 'on'), '');
    const rest: RunEvent[] = [];
    for await (const event of await bench.runs.follow(run.id, { after: 2 })) rest.push(event);
    const record = await run.finished;
    const expected = [
      { kind: 'lines', after: 2, lines: record.logs.slice(2) },
      { kind: 'end', run: record },
    ];
    assert.deepEqual(rest, expected);
    const afterwards: RunEvent[] = [];
    for await (const event of await bench.runs.follow(run.id, { after: 2 })) afterwards.push(event);
    assert.deepEqual(afterwards, expected);
    assert.deepEqual((await collect(await bench.runs.follow(run.id))).lines, ['first', 'second', 'third']);
    assert.deepEqual(await collect(await bench.runs.follow(run.id, { after: 99 })), {
      lines: [],
      end: record,
    });
  },
);

test('a value that is printed before it is read as a secret is masked for who follows', limit, async (t) => {
  const bench = await openBench(t, { source });
  bench.configs.put('api_key', secret);
  const asked = bench.configs.getConfig.bind(bench.configs);
  // The answer takes longer than a line is held for its own sake.
  bench.configs.getConfig = async (...question) => {
    await pause(600);
    return asked(...question);
  };
  const run = await bench.start('late', { input: { token: secret } });
  const { lines, end } = await collect(await bench.runs.follow(run.id), (found) => {
    if (found.length === 2) writeFileSync(join(bench.folder, 'go'), '');
    return false;
  });
  assert.deepEqual(lines, ['given [REDACTED]', '[REDACTED]', 'known [REDACTED]', '[REDACTED]']);
  assert.equal(end?.status, 'Success');
});

test('a follower that stops waiting is let go while the run goes on', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait');
  const gone = new AbortController();
  const waiting = collect(await bench.runs.follow(run.id, { signal: gone.signal }));
  gone.abort();
  assert.deepEqual(await waiting, { lines: [], end: undefined });
  const ended = collect(await bench.runs.follow(run.id, { signal: AbortSignal.abort() }));
  assert.deepEqual(await ended, { lines: [], end: undefined });
  writeFileSync(join(bench.folder, 'go'), '');
  assert.equal((await run.finished).status, 'Success');
});

test('a run that is cancelled, or left to the next start, ends what its followers read', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxConcurrent: 1 } });
  const run = await bench.start('wait');
  const queued = await bench.start('talk', { mode: 'async' });
  const following = [run, queued].map(async ({ id }) => collect(await bench.runs.follow(id)));
  await bench.runs.cancel(run.id);
  await bench.runs.close({ graceMs: 0 });
  const [cancelled, left] = await Promise.all(following);
  assert.equal(cancelled?.end?.status, 'Cancelled');
  assert.ok(['Pending', 'Interrupted'].includes(left?.end?.status ?? ''));
  await assert.rejects(bench.runs.follow('absent'), { code: 'not-found' });
});
