/** Accepting, queueing, stopping, and what is left after a crash. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { isAlive, openBench, rebuildRequest, until } from './bench.ts';

const limit = { timeout: 120_000 };
/** `wait` says that it has begun, and returns once the file `go` is there. */
const source = `
import asyncio, os, pathlib

async def wait(name: str = "run", go: str = "go"):
    pathlib.Path(name).write_text(str(os.getpid()))
    while not pathlib.Path(go).exists():
        await asyncio.sleep(0.005)
    return name
`;

test(
  'one run more than may wait is refused as busy, and those that wait get their turn',
  limit,
  async (t) => {
    const bench = await openBench(t, { source, settings: { maxConcurrent: 2, maxQueued: 1 } });
    const begun = (name: string) => until(() => existsSync(join(bench.folder, name)));
    const first = await bench.start('wait', { input: { name: 'a' } });
    const second = await bench.start('wait', { input: { name: 'b' } });
    await Promise.all([begun('a'), begun('b')]);
    const third = await bench.start('wait', { input: { name: 'c' } });
    assert.equal((await bench.history.getRun(third.id))?.status, 'Pending');
    await assert.rejects(bench.start('wait', { input: { name: 'd' } }), { code: 'busy' });
    assert.equal(bench.runs.active(), 3);
    assert.ok(!existsSync(join(bench.folder, 'c')));
    writeFileSync(join(bench.folder, 'go'), '');
    const records = await Promise.all([first, second, third].map(({ finished }) => finished));
    assert.deepEqual(
      records.map(({ result }) => result),
      ['a', 'b', 'c'],
    );
    assert.equal(bench.runs.active(), 0);
  },
);

test('a run that is cancelled while it waits never begins', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxConcurrent: 1 } });
  await bench.start('wait', { input: { name: 'a' } });
  const second = await bench.start('wait', { input: { name: 'b' } });
  assert.equal((await bench.runs.cancel(second.id)).status, 'Cancelled');
  assert.equal((await second.finished).startedAt, undefined);
  assert.ok(!existsSync(join(bench.folder, 'b')));
});

test('a host that hangs holds up neither who cancels a run nor a stop', limit, async (t) => {
  const bench = await openBench(t, {
    source: 'while True:\n    pass\n',
    settings: { startLimitMs: 100_000 },
  });
  const first = await bench.start('wait', { mode: 'async' });
  const second = await bench.start('wait', { mode: 'async' });
  assert.equal((await bench.runs.cancel(first.id)).status, 'Cancelled');
  await bench.runs.close({ graceMs: 0 });
  assert.equal((await second.finished).status, 'Pending');
});

test('a run that is accepted while a stop begins is left to the next start', limit, async (t) => {
  const bench = await openBench(t, { source });
  await bench.start('wait', { input: { name: 'first' } });
  const starting = bench.start('wait', { mode: 'async' });
  const closed = bench.runs.close({ graceMs: 0 });
  const { id, finished } = await starting;
  assert.equal((await finished).status, 'Pending');
  await closed;
  assert.equal((await bench.history.getRun(id))?.status, 'Pending');
});

test('an asynchronous run is in the history once it is accepted, with its input', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait', { mode: 'async', input: { name: 'a' } });
  const accepted = await bench.history.getRun(run.id);
  assert.deepEqual(accepted?.input, { name: 'a' });
  assert.ok(accepted?.status === 'Pending' || accepted?.status === 'Running');
  writeFileSync(join(bench.folder, 'go'), '');
  assert.equal((await run.finished).status, 'Success');
});

test('a synchronous run that goes on has a record for the case of a crash', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait');
  await until(() => existsSync(join(bench.folder, 'run')));
  assert.equal((await bench.history.getRun(run.id))?.status, 'Running');
  assert.equal((await bench.history.unfinishedRuns()).length, 1);
  writeFileSync(join(bench.folder, 'go'), '');
  await run.finished;
  assert.deepEqual(await bench.history.unfinishedRuns(), []);
});

test('a stop lets runs in flight finish and refuses new ones', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait');
  await until(() => existsSync(join(bench.folder, 'run')));
  const closed = bench.runs.close({ graceMs: 60_000 });
  await assert.rejects(bench.start('wait'), { code: 'stopping' });
  writeFileSync(join(bench.folder, 'go'), '');
  assert.equal((await run.finished).status, 'Success');
  await closed;
  assert.equal((await bench.history.getRun(run.id))?.status, 'Success');
});

test('after the grace of a stop, runs are interrupted and their processes are gone', limit, async (t) => {
  const bench = await openBench(t, { source });
  const run = await bench.start('wait');
  await until(
    () => existsSync(join(bench.folder, 'run')) && readFileSync(join(bench.folder, 'run'), 'utf8') !== '',
  );
  const pid = Number(readFileSync(join(bench.folder, 'run'), 'utf8'));
  await bench.runs.close({ graceMs: 100 });
  assert.equal((await run.finished).status, 'Interrupted');
  assert.equal((await bench.history.getRun(run.id))?.status, 'Interrupted');
  await until(() => !isAlive(pid));
});

test(
  'accepted runs that had not begun at a stop begin at the next start, the others are interrupted',
  limit,
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'wk-resume-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const history = await openSqliteHistory({ directory });
    t.after(() => history.close());
    const before = await openBench(t, { source, history, settings: { maxConcurrent: 1 } });
    const begun = await before.start('wait', { mode: 'async', input: { name: 'begun' } });
    await until(() => existsSync(join(before.folder, 'begun')));
    const waiting = await before.start('wait', { mode: 'async', input: { name: 'waiting' } });
    const forgotten = await before.start('wait', { mode: 'async', input: { name: 'forgotten' } });
    // A crash: nobody writes a last record of these.
    const left = await history.unfinishedRuns();
    const synchronous = {
      ...makeRecord(left[0]),
      id: 'sync-run',
      mode: 'sync' as const,
      status: 'Pending' as const,
    };
    await before.runs.close({ graceMs: 0 });
    assert.equal((await waiting.finished).status, 'Pending');
    for (const record of left) await history.putRun(record);
    await history.putRun(synchronous);

    const after = await openBench(t, {
      source,
      history,
      rebuild: async (record) =>
        record.id === forgotten.id ? undefined : rebuildRequest(after.folder, record),
    });
    writeFileSync(join(after.folder, 'go'), '');
    await after.runs.resume();
    const statusOf = async (id: string) => (await history.getRun(id))?.status;
    assert.equal(await statusOf(begun.id), 'Interrupted');
    assert.equal(await statusOf(forgotten.id), 'Interrupted');
    assert.equal(await statusOf('sync-run'), 'Interrupted');
    await until(async () => (await statusOf(waiting.id)) === 'Success');
    assert.equal((await history.getRun(waiting.id))?.result, 'waiting');
    assert.ok(!existsSync(join(after.folder, 'begun')), 'what had begun does not begin again');

    function makeRecord<Value>(value: Value | undefined): Value {
      assert.ok(value !== undefined);
      return value;
    }
  },
);

test('a run whose last record cannot be written is not reported as a success', limit, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'wk-broken-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const history = await openSqliteHistory({ directory });
  const bench = await openBench(t, { source, history });
  const run = await bench.start('wait');
  await until(() => existsSync(join(bench.folder, 'run')));
  await history.close();
  writeFileSync(join(bench.folder, 'go'), '');
  const record = await run.finished;
  assert.equal(record.status, 'Failed');
  assert.equal(record.error?.type, 'StorageFailed');
  assert.equal(record.result, undefined);
});
