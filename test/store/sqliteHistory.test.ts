import assert from 'node:assert/strict';
import { chmod, readdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';

import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { auditRecord, type HistoryPlace, historyContract, runRecord } from './historyContract.ts';
import { temporaryFolder } from './temporaryFolder.ts';

async function makePlace(): Promise<HistoryPlace & { path: string; directory: string }> {
  const folder = await temporaryFolder();
  const directory = folder.path;
  const path = join(directory, 'history.db');
  return {
    path,
    directory,
    open: () => openSqliteHistory({ directory }),
    breakWrites: () => {
      // Another program that holds the write lock.
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** A closed history with 200 runs and one audit record. */
async function makeFilledPlace() {
  const place = await makePlace();
  const history = await place.open();
  const runs = Array.from({ length: 200 }, (_, index) => history.putRun(runRecord(index)));
  await Promise.all([...runs, history.appendAudit([auditRecord(1)])]);
  await history.close();
  return place;
}

historyContract('SQLite', makePlace);

describe('history.db', () => {
  test('a run that JSON cannot hold is refused, and the others are still noted, listed and stored', async () => {
    await using place = await makePlace();
    const history = await place.open();
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    const bad = { ...runRecord(1), input: { deep } };
    history.noteRun(bad);
    history.noteRun(runRecord(2));
    assert.deepEqual(
      (await history.listRuns({ limit: 10 })).map(({ id }) => id),
      [runRecord(2).id],
    );
    history.noteRun(bad);
    await assert.rejects(history.putRun(bad), RangeError);
    await history.putRun(runRecord(3));
    assert.equal((await history.listRuns({ limit: 10 })).length, 2);
    await history.close();
  });

  const damage: Record<string, (path: string) => Promise<void> | void> = {
    'an empty file': (path) => truncate(path, 0),
    'a truncated file': async (path) => truncate(path, (await stat(path)).size / 2),
    'a file that is no database': (path) => writeFile(path, 'bk_live_example '.repeat(1000)),
    'a database without a version': (path) => withDatabase(path, 'PRAGMA user_version = 0'),
    'a database without its runs': (path) => withDatabase(path, 'DROP TABLE runs'),
    'a database without a column': (path) => withDatabase(path, 'ALTER TABLE runs DROP COLUMN logs'),
  };
  for (const [what, spoil] of Object.entries(damage)) {
    test(`${what} is refused with the path and what to do, and left as it is`, async () => {
      await using place = await makeFilledPlace();
      await spoil(place.path);
      const before = await readFile(place.path);
      await assert.rejects(place.open(), (thrown: Error & { code: string }) => {
        assert.equal(thrown.code, 'data-damaged');
        assert.ok(thrown.message.includes(place.path));
        assert.match(thrown.message, /restore it from a backup/i);
        return true;
      });
      assert.ok(before.equals(await readFile(place.path)));
    });
  }

  test('a newer schema is refused with the path and both versions, and left as it is', async () => {
    await using place = await makeFilledPlace();
    withDatabase(place.path, 'PRAGMA user_version = 7; CREATE TABLE plans (id)');
    const before = await readFile(place.path);
    await assert.rejects(place.open(), (thrown: Error & { code: string }) => {
      assert.equal(thrown.code, 'data-too-new');
      assert.ok(thrown.message.includes(place.path));
      assert.match(thrown.message, /version 7.*up to 1/);
      return true;
    });
    assert.ok(before.equals(await readFile(place.path)));
  });

  test('a log whose history is gone is refused, and not read into a new one', async () => {
    await using place = await makePlace();
    const history = await place.open();
    await history.putRun(runRecord(1));
    const log = await readFile(`${place.path}-wal`);
    await history.close();
    await rename(place.path, `${place.path}.moved`);
    await writeFile(`${place.path}-wal`, log);
    await assert.rejects(place.open(), { code: 'data-damaged', message: /is gone/ });
    assert.ok(log.equals(await readFile(`${place.path}-wal`)));
  });

  test('a symbolic link is refused', async () => {
    await using place = await makeFilledPlace();
    await rename(place.path, join(place.directory, 'elsewhere.db'));
    await symlink(join(place.directory, 'elsewhere.db'), place.path);
    await assert.rejects(place.open(), { code: 'storage-failed', message: /link/ });
  });

  test('what an interrupted first start left behind is replaced', async () => {
    await using place = await makePlace();
    await writeFile(`${place.path}.new`, 'half a database');
    const history = await place.open();
    await history.putRun(runRecord(1));
    await history.close();
    assert.deepEqual(await readdir(place.directory), ['history.db']);
  });

  test('a missing folder is a clear failure', async () => {
    await using place = await makePlace();
    const missing = join(place.directory, 'missing');
    await assert.rejects(openSqliteHistory({ directory: missing }), { code: 'storage-failed' });
  });

  test('all its files are readable by their owner only, also when they were not before', async () => {
    await using place = await makeFilledPlace();
    await chmod(place.path, 0o644);
    const history = await place.open();
    await history.putRun(runRecord(1));
    const modes = await Promise.all(
      (await readdir(place.directory)).map(async (name) => {
        return [name, ((await stat(join(place.directory, name))).mode & 0o777).toString(8)];
      }),
    );
    assert.deepEqual(Object.fromEntries(modes), {
      'history.db': '600',
      'history.db-shm': '600',
      'history.db-wal': '600',
    });
    await history.close();
  });

  test('lists by workflow, status and organization use an index', async () => {
    await using place = await makeFilledPlace();
    const database = new DatabaseSync(place.path);
    for (const column of ['workflow_id', 'status', 'organization_id']) {
      const plan = database
        .prepare(
          `EXPLAIN QUERY PLAN SELECT id FROM runs WHERE ${column} = ? AND id < ? ORDER BY id DESC LIMIT 5`,
        )
        .all('x', 'y')
        .map(({ detail }) => detail);
      assert.match(
        String(plan),
        new RegExp(`^SEARCH runs USING .*INDEX runs_by_.* \\(${column}=\\? AND id<\\?\\)$`),
      );
    }
    database.close();
  });
});

function withDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
