/** The embedded history: the contract of every history engine, and what is its own about `history.db`. */

import assert from 'node:assert/strict';
import { chmod, readdir, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';

import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { auditRecord, type HistoryPlace, historyContract, runRecord } from './historyContract.ts';

async function makePlace(): Promise<HistoryPlace & { path: string; directory: string }> {
  const folder = temporaryFolder();
  const directory = folder.path;
  const path = join(directory, 'history.db');
  return {
    path,
    directory,
    open: () => openSqliteHistory({ directory }),
    fill: (write) => write(path),
    breakWrites: () => {
      // Another program that holds the write lock.
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
    [Symbol.asyncDispose]: async () => folder.remove(),
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

  test('what was taken out of a run is in none of the files after it', async () => {
    await using place = await makePlace();
    const history = await place.open();
    const secret = 'test-input-0123456789';
    const files = async () => {
      const names = await readdir(place.directory);
      const texts = await Promise.all(names.map((name) => readFile(join(place.directory, name), 'latin1')));
      return texts.filter((text) => text.includes(secret)).length;
    };
    for (const size of [1, 5_000]) {
      await history.putRun(runRecord(size, { status: 'Running', input: { secret: secret.repeat(size) } }));
      assert.ok((await files()) > 0);
      await history.putRun(
        runRecord(size, { status: 'Success', input: { secret: '[REDACTED]' }, inputScrubbed: true }),
      );
      assert.equal(await files(), 0);
    }
    await history.close();
    assert.equal(await files(), 0);
  });

  test('a newer schema is refused with the path and both versions, and left as it is', async () => {
    await using place = await makeFilledPlace();
    withDatabase(place.path, 'PRAGMA user_version = 7; CREATE TABLE plans (id)');
    const before = await readFile(place.path);
    await assert.rejects(place.open(), (thrown: Error & { code: string }) => {
      assert.equal(thrown.code, 'data-too-new');
      assert.ok(thrown.message.includes(place.path));
      assert.match(thrown.message, /version 7.*up to 3/);
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

  test('every filter of a list is answered from an index in the order of the list', async () => {
    await using place = await makeFilledPlace();
    const database = new DatabaseSync(place.path);
    const older = '(created_at, id) < (SELECT created_at, id FROM runs WHERE id = ?)';
    const filters = {
      runs_by_workflow: 'workflow_id = ?',
      runs_by_status: 'status = ?',
      runs_by_workflow_and_status: 'workflow_id = ? AND status = ?',
      runs_by_organization: 'organization_id = ?',
      runs_by_caller: 'triggered_by = ?',
      runs_by_time: 'created_at >= ? AND created_at < ?',
    };
    for (const [index, filter] of Object.entries(filters)) {
      const plan = database
        .prepare(
          `EXPLAIN QUERY PLAN SELECT id FROM runs WHERE ${filter} AND ${older} ORDER BY created_at DESC, id DESC LIMIT 5`,
        )
        .all()
        .map(({ detail }) => String(detail));
      assert.match(plan[0] ?? '', new RegExp(`^SEARCH runs USING (COVERING )?INDEX ${index} `), filter);
      assert.ok(!plan.some((step) => step.includes('TEMP B-TREE')), filter);
    }
    database.close();
  });

  test('a history of version 1 is opened with all its runs, and has the present schema then', async () => {
    await using place = await makePlace();
    makeVersion1(place.path);
    const history = await place.open();
    assert.deepEqual(
      await history.getRun('0193-00000001'),
      runRecord(1, {
        organizationId: 'acme',
        status: 'Failed',
        startedAt: 2,
        finishedAt: 3,
        input: { token: '[REDACTED]' },
        inputScrubbed: true,
        error: { type: 'ValueError', message: 'bad' },
        logs: [{ at: 4, level: 'INFO', message: 'begun' }],
      }),
    );
    assert.deepEqual(await history.getRun('0193-00000002'), runRecord(2));
    assert.deepEqual(
      (await history.listRuns({ limit: 10 })).map(({ id }) => id),
      ['0193-00000002', '0193-00000001'],
    );
    assert.deepEqual(await history.listAudit({ limit: 10 }), [auditRecord(1)]);
    await history.close();
    await using fresh = await makePlace();
    await (await fresh.open()).close();
    assert.deepEqual(schemaOf(place.path), schemaOf(fresh.path));
    assert.deepEqual(await (await place.open()).listRuns({ workflowId: 'absent', limit: 1 }), []);
  });

  test('a history of version 1 that cannot be brought up to date is left as it is', async () => {
    await using place = await makePlace();
    makeVersion1(place.path);
    withDatabase(place.path, 'DROP INDEX runs_by_status');
    const before = schemaOf(place.path);
    await assert.rejects(place.open(), { code: 'data-damaged' });
    assert.deepEqual(schemaOf(place.path), before);
  });
});

/** As the first version of the program made it, with two runs and one audit record. */
function makeVersion1(path: string): void {
  const record = JSON.stringify(auditRecord(1));
  withDatabase(
    path,
    `PRAGMA journal_mode = WAL;
    CREATE TABLE runs (id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, folder TEXT NOT NULL, organization_id TEXT,
      triggered_by TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
      started_at INTEGER, finished_at INTEGER, dropped_log_bytes INTEGER NOT NULL, input TEXT NOT NULL,
      result TEXT, error TEXT, logs TEXT);
    CREATE INDEX runs_by_workflow ON runs (workflow_id, id);
    CREATE INDEX runs_by_status ON runs (status, id);
    CREATE INDEX runs_by_organization ON runs (organization_id, id) WHERE organization_id IS NOT NULL;
    CREATE TABLE audit (seq INTEGER PRIMARY KEY, revision INTEGER, request_id TEXT, record TEXT NOT NULL);
    CREATE INDEX audit_by_revision ON audit (seq) WHERE revision IS NOT NULL;
    CREATE INDEX audit_by_request ON audit (request_id) WHERE request_id IS NOT NULL;
    CREATE TABLE audit_head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE last_used (key_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO runs VALUES
      ('0193-00000001', 'deploy', '/home/example/flows', 'acme', 'key:k1', 'sync', 'Failed', 1795000000001, 2, 3, 0,
        '{"token":"[REDACTED]"}', NULL, '{"type":"ValueError","message":"bad"}',
        '[{"at":4,"level":"INFO","message":"begun"}]'),
      ('0193-00000002', 'deploy', '/home/example/flows', NULL, 'key:k1', 'sync', 'Pending', 1795000000002, NULL, NULL,
        0, '{"index":2}', NULL, NULL, NULL);
    INSERT INTO audit VALUES (1, NULL, NULL, '${record}');
    INSERT INTO audit_head VALUES (1, 1, 'hash-1');
    PRAGMA user_version = 1;`,
  );
}

/** Name → definition of all tables and indexes, with the version; white space is no difference. */
function schemaOf(path: string): Record<string, string> {
  const database = new DatabaseSync(path);
  const parts = database.prepare('SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL').all();
  const version = String(database.prepare('PRAGMA user_version').get()?.user_version);
  database.close();
  return Object.fromEntries([
    ['version', version],
    ...parts.map(({ name, sql }) => [
      String(name),
      String(sql)
        .replace(/\s+/g, ' ')
        .replace(/ (?=\))|(?<=\() /g, ''),
    ]),
  ]);
}

function withDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
