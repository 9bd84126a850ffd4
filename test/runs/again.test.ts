/** A run that is started again: by a retry (A11), or by a request that is repeated with its idempotency key. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { History } from '../../server/store/contracts/history.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { makeRequest, openBench, rebuildRequest, until } from './bench.ts';

const limit = { timeout: 120_000 };
const day = 24 * 60 * 60 * 1000;
const secret = 'sk_test_example_4eC39HqLyjWDarjtT1zdp7dc';
const source = `
import pathlib, time
from bifrost import config

def count(amount: int = 1):
    with open("counted", "a") as file:
        file.write(str(amount))
    return amount

def wait():
    while not pathlib.Path("go").exists():
        time.sleep(0.005)
    return "done"

async def reads(token: str):
    await config.get("api_key")
    return token
`;

async function openHistory(t: TestContext): Promise<History> {
  const directory = mkdtempSync(join(tmpdir(), 'wk-again-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const history = await openSqliteHistory({ directory });
  t.after(() => history.close());
  return history;
}

test('a retry is a new run with the same input that names the old one', limit, async (t) => {
  const bench = await openBench(t, { source });
  const first = await bench.run('count', {
    input: { amount: 3 },
    organization: { id: 'acme', name: 'Acme', createdAt: 0 },
  });
  const retry = await bench.runs.retry(first.id, 'key:k2');
  assert.notEqual(retry.id, first.id);
  const accepted = await bench.history.getRun(retry.id);
  assert.equal(accepted?.retryOf, first.id);
  const second = await retry.finished;
  assert.deepEqual(
    [second.status, second.result, second.input, second.triggeredBy, second.retryOf, second.mode],
    ['Success', 3, { amount: 3 }, 'key:k2', first.id, 'async'],
  );
  const [newest] = await bench.history.listRuns({ limit: 1 });
  assert.deepEqual([newest?.id, newest?.retryOf], [second.id, first.id]);
});

test('a run that still goes on, or is not there, is not retried', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait', { mode: 'async' });
  await assert.rejects(bench.runs.retry(run.id, 'editor'), { code: 'conflict', message: /still goes on/ });
  writeFileSync(join(bench.folder, 'go'), '');
  await run.finished;
  assert.equal((await (await bench.runs.retry(run.id, 'editor')).finished).result, 'done');
  await assert.rejects(bench.runs.retry('absent', 'editor'), { code: 'not-found' });
});

test('a run whose input held a secret is not retried with what is left of it', limit, async (t) => {
  const bench = await openBench(t, { source });
  bench.configs.put('api_key', secret);
  const run = await bench.run('reads', { input: { token: `Bearer ${secret}` } });
  assert.deepEqual([run.inputScrubbed, run.input], [true, { token: 'Bearer [REDACTED]' }]);
  await assert.rejects(bench.runs.retry(run.id, 'editor'), {
    code: 'conflict',
    message: /held a secret, which is not stored; run reads again with the whole input/,
  });
  const harmless = await bench.run('reads', { input: { token: '[REDACTED] was typed by somebody' } });
  assert.equal(harmless.inputScrubbed, undefined);
  assert.equal((await (await bench.runs.retry(harmless.id, 'editor')).finished).status, 'Success');
});

test('a run whose workflow is gone is not retried', limit, async (t) => {
  const bench = await openBench(t, { source, rebuild: async () => undefined });
  const run = await bench.run('count');
  await assert.rejects(bench.runs.retry(run.id, 'editor'), { code: 'not-found', message: /workflow count/ });
});

test('a request that is repeated with its key gives the same run, which has run once', limit, async (t) => {
  const bench = await openBench(t, { source });
  const request = makeRequest(bench.folder, 'count');
  const once = { key: 'order-7', bodyHash: 'a1' };
  const starts = await Promise.all(Array.from({ length: 20 }, () => bench.runs.startOnce(once, request)));
  const [first] = starts;
  assert.ok(first);
  assert.deepEqual(new Set(starts.map(({ id }) => id)), new Set([first.id]));
  const record = await first.finished;
  const later = await bench.runs.startOnce(once, request);
  assert.deepEqual([later.id, await later.finished], [first.id, record]);
  assert.equal((await bench.history.listRuns({ limit: 10 })).length, 1);
});

test('the same key with another body is a conflict, while the run goes on and after it', limit, async (t) => {
  const bench = await openBench(t, { source });
  const request = makeRequest(bench.folder, 'wait');
  const starting = bench.runs.startOnce({ key: 'order-7', bodyHash: 'a1' }, request);
  const other = () => bench.runs.startOnce({ key: 'order-7', bodyHash: 'b2' }, request);
  await assert.rejects(other(), { code: 'conflict', message: /another body/ });
  const run = await starting;
  await assert.rejects(other(), { code: 'conflict' });
  writeFileSync(join(bench.folder, 'go'), '');
  await run.finished;
  await assert.rejects(other(), { code: 'conflict' });
});

test('a key is its caller’s and its workflow’s own, and is free again after 24 hours', limit, async (t) => {
  let now = 1_795_000_000_000;
  const bench = await openBench(t, { source, clock: () => now });
  const once = { key: 'order-7', bodyHash: 'a1' };
  const start = async (options: { triggeredBy?: string; id?: string } = {}) => {
    const { id = 'count', ...rest } = options;
    const run = await bench.runs.startOnce(once, makeRequest(bench.folder, id, { ...rest, input: {} }));
    await run.finished;
    return run.id;
  };
  const first = await start({ triggeredBy: 'key:k1' });
  const others = [
    await start({ triggeredBy: 'key:k2' }),
    await start({ triggeredBy: 'key:k1', id: 'reads' }),
  ];
  assert.equal(new Set([first, ...others]).size, 3);
  now += day - 1;
  assert.equal(await start({ triggeredBy: 'key:k1' }), first);
  now += 1;
  assert.notEqual(await start({ triggeredBy: 'key:k1' }), first);
});

test('a start that was refused leaves its key free', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxConcurrent: 1, maxQueued: 0 } });
  const running = await bench.start('wait');
  const once = { key: 'order-7', bodyHash: 'a1' };
  const request = makeRequest(bench.folder, 'count');
  await assert.rejects(bench.runs.startOnce(once, request), { code: 'busy' });
  writeFileSync(join(bench.folder, 'go'), '');
  await running.finished;
  await until(() => bench.runs.active() === 0);
  assert.equal((await (await bench.runs.startOnce(once, request)).finished).result, 1);
  for (const key of ['', 'a'.repeat(256), 'line\nfeed', 'ünï']) {
    await assert.rejects(bench.runs.startOnce({ key, bodyHash: 'a1' }, request), { code: 'bad-input' });
  }
});

test('a key still stands for its run when the daemon has crashed and started again', limit, async (t) => {
  const history = await openHistory(t);
  const before = await openBench(t, { source, history, settings: { maxConcurrent: 1 } });
  const once = { key: 'order-7', bodyHash: 'a1' };
  const blocking = await before.start('wait');
  const request = makeRequest(before.folder, 'count', { mode: 'async', triggeredBy: 'key:k1' });
  const { id } = await before.runs.startOnce(once, request);
  const accepted = await history.getRun(id);
  assert.deepEqual([accepted?.status, accepted?.once], ['Pending', once]);
  await before.runs.close({ graceMs: 0 });
  await blocking.finished;

  const after = await openBench(t, {
    source,
    history,
    rebuild: async (record) => rebuildRequest(after.folder, record),
  });
  const again = makeRequest(after.folder, 'count', { mode: 'async', triggeredBy: 'key:k1' });
  await assert.rejects(after.runs.startOnce(once, again), { code: 'busy' });
  await after.runs.resume();
  const same = await after.runs.startOnce(once, again);
  assert.equal(same.id, id);
  assert.deepEqual([(await same.finished).status, (await same.finished).once], ['Success', once]);
  await assert.rejects(after.runs.startOnce({ ...once, bodyHash: 'b2' }, again), { code: 'conflict' });
});
