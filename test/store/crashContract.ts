/** What a whole store guarantees when its process is killed, as a test; it does not know which engines it is run on. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { type EngineName, engines, type Store } from './engines.ts';

const writerProgram = fileURLToPath(new URL('./crashWriter.ts', import.meta.url));
const kills = 50;

export function crashContract(engine: EngineName): void {
  test(`${engine}: at ${kills} random kills under load nothing acknowledged is lost, torn or unreadable`, {
    timeout: 300_000,
  }, async (context) => {
    using folder = temporaryFolder();
    const data = join(folder.path, 'data');
    let acknowledged = 0;
    let aborted = 0;
    for (let round = 0; round < kills; round++) {
      const lines = await killedWriter([engine, data, String(round)], join(folder.path, 'compiled'));
      await using store = await engines[engine](data);
      await checkWhole(store);
      await checkAcknowledged(store, lines);
      acknowledged += lines.length;
      aborted += store.aborted;
    }
    await using store = await engines[engine](data);
    assert.equal(store.aborted, 0, 'records that were marked once are not marked again');
    await checkChangesAreAudited(store);
    context.diagnostic(
      `${acknowledged} acknowledged writes, ${aborted} changes aborted between audit and state`,
    );
  });
}

/** Runs a writer until a random moment; gives what it acknowledged. It is compiled once, not at each start. */
async function killedWriter(args: readonly string[], cache: string): Promise<string[]> {
  const child = spawn(process.execPath, [writerProgram, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  const closed = once(child, 'close');
  try {
    const lines: string[] = [];
    const killAfter = 1 + Math.floor(Math.random() * 120);
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length !== killAfter) continue;
      // A line is read just after a write: a few turns later the child is anywhere.
      for (let turns = Math.random() * 40; turns > 0; turns--) await setImmediate();
      child.kill('SIGKILL');
    }
    assert.ok(lines.length >= killAfter, `the writer ended by itself: ${args.join(' ')}`);
    return lines;
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

async function checkAcknowledged({ state, history, audit }: Store, lines: string[]): Promise<void> {
  const records = (await audit.list({ newestFirst: true, limit: 1 }))[0]?.seq ?? 0;
  const newestKeys = new Map<string, string>();
  for (const line of lines) {
    const [kind, id = '', status] = line.split(' ');
    if (kind === 'key') newestKeys.set(id.split('-', 2).join('-'), id);
    if (kind === 'audit') assert.ok(Number(id) <= records, `audit record ${id} is there`);
    if (kind === 'run') {
      const found = await history.getRun(id);
      assert.ok(found, `run ${id} is there`);
      if (status === 'Success') assert.equal(found.status, 'Success', `run ${id} has its result`);
    }
  }
  for (const id of newestKeys.values()) {
    // Its writer may have gone on by at most one change that was durable and not yet acknowledged.
    assert.ok(await state.get('keys', id), `key ${id} is there`);
  }
}

async function checkWhole({ state, audit }: Store): Promise<void> {
  assert.equal((await audit.verify()).firstBad, null);
  const [left, right] = await Promise.all([state.get('meta', 'left'), state.get('meta', 'right')]);
  assert.equal(left?.value, right?.value);
}

/** D34: each key in the state has its record, and each record that still stands led to a revision that came. */
async function checkChangesAreAudited({ state, audit }: Store): Promise<void> {
  const changes = await audit.list({ changesOnly: true, limit: 1_000_000 });
  const aborted = new Set(
    changes.flatMap(({ action, detail }) => (action === 'change.aborted' ? [detail?.seq] : [])),
  );
  const standing = changes.filter(({ action, seq }) => action !== 'change.aborted' && !aborted.has(seq));
  assert.deepEqual(
    standing.map(({ revision }) => revision),
    Array.from({ length: state.revision }, (_, index) => index + 1),
  );
  const audited = new Set(standing.map(({ target }) => target));
  for (const { id } of await state.list('keys')) assert.ok(audited.has(id), `key ${id} has its audit record`);
}
