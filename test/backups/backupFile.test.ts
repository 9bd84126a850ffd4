/** The file of a backup over a real store that goes on meanwhile, and what is refused as one. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openAuditLog } from '../../server/audit/auditLog.ts';
import { Backups } from '../../server/backup.ts';
import { openBackupFile } from '../../server/store/backupFile.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { engines, type Store, sha256 } from '../store/engines.ts';
import { addToSum } from '../store/stateContract.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

function backupsOf({ state, history, audit }: Store): Backups {
  return new Backups({
    state,
    history,
    appendAudit: (entry) => audit.append([{ entry }]),
    clock: Date.now,
    keySource: 'file',
  });
}

test('a backup holds state and history of one moment, while both go on', async () => {
  using folder = temporaryFolder();
  const data = join(folder.path, 'data');
  await using store = await engines.embedded(data);
  let changes = 0;
  let isOver = false;
  const writing = Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (!isOver) {
        await store.state.transact((tx) => addToSum(tx, 1));
        changes += 1;
      }
    }),
  );
  const backups = backupsOf(store);
  const paths = [1, 2, 3, 4].map((number) => join(folder.path, `${number}.backup`));
  for (const path of paths) await backups.write({ path, replace: false }, 'cli');
  isOver = true;
  await writing;
  assert.ok(changes > 0);

  for (const [index, path] of paths.entries()) {
    const backup = openBackupFile(path);
    const directory = join(folder.path, `copy-${index}`);
    await mkdir(directory);
    await backup.copyHistoryTo(join(directory, 'history.db'), () => undefined);
    const history = await openSqliteHistory({ directory });
    const audit = await openAuditLog({ history, hash: sha256, clock: Date.now });
    const [newest] = await history.listAudit({ changesOnly: true, newestFirst: true, limit: 1 });
    assert.equal(newest?.revision ?? 0, backup.document.revision);
    assert.equal(backup.head.revision, backup.document.revision);
    assert.equal(Number(backup.document.collections.meta[0]?.value ?? 0), backup.document.revision);
    assert.equal((await audit.verify()).firstBad, null);
    await history.close();
    backup.close();
  }
});

test('a backup is one file that only its owner can read, and replaces none unless told to', async () => {
  using folder = temporaryFolder();
  await using store = await engines.embedded(join(folder.path, 'data'));
  const backups = backupsOf(store);
  const path = join(folder.path, 'one.backup');
  await backups.write({ path, replace: false }, 'cli');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const first = readFileSync(path);
  await assert.rejects(backups.write({ path, replace: false }, 'cli'), { code: 'conflict' });
  assert.deepEqual(readFileSync(path), first);
  await backups.write({ path, replace: true }, 'cli');
  assert.notDeepEqual(readFileSync(path), first);
  await assert.rejects(backups.write({ path: 'one.backup', replace: false }, 'cli'), { code: 'bad-input' });
  const nowhere = join(folder.path, 'no', 'one.backup');
  await assert.rejects(backups.write({ path: nowhere, replace: false }, 'cli'), { code: 'storage-failed' });
  const both = [1, 2].map((number) =>
    backups.write({ path: join(folder.path, `both-${number}`), replace: false }, 'cli'),
  );
  const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
  assert.deepEqual(outcomes, ['fulfilled', 'rejected']);
  assert.deepEqual(readdirSync(folder.path).sort(), ['both-1', 'data', 'one.backup']);
  const audited = await store.audit.list({ limit: 100 });
  assert.deepEqual(
    audited.filter(({ action }) => action === 'backup.made').map(({ outcome }) => outcome),
    ['ok', 'ok', 'failed', 'ok', 'ok', 'failed', 'ok'],
  );
});

test('without its audit record nothing is backed up (D34)', async () => {
  using folder = temporaryFolder();
  await using store = await engines.embedded(join(folder.path, 'data'));
  const backups = new Backups({
    state: store.state,
    history: store.history,
    appendAudit: () => Promise.reject(new Error('The disk of the audit log is full.')),
    clock: Date.now,
    keySource: 'file',
  });
  const path = join(folder.path, 'one.backup');
  await assert.rejects(backups.write({ path, replace: false }, 'cli'));
  assert.deepEqual(readdirSync(folder.path), ['data']);
});

test('what is no whole backup is refused with one line, and left as it is', async () => {
  using folder = temporaryFolder();
  await using store = await engines.embedded(join(folder.path, 'data'));
  await store.state.transact((tx) => addToSum(tx, 1));
  const good = join(folder.path, 'good.backup');
  await backupsOf(store).write({ path: good, replace: false }, 'cli');
  const bytes = readFileSync(good);
  const bad = join(folder.path, 'bad.backup');
  const changed = (sql: string) => () => {
    writeFileSync(bad, bytes);
    const database = new DatabaseSync(bad);
    database.exec(sql);
    database.close();
  };
  const cases: [() => void, string, RegExp][] = [
    [() => writeFileSync(bad, ''), 'bad-input', /is no backup/],
    [
      () => writeFileSync(bad, 'format: workflow-keys\n'),
      'bad-input',
      /is no backup[^\n]*workflow-keys import/,
    ],
    [() => writeFileSync(bad, bytes.subarray(0, bytes.length / 2)), 'data-damaged', /damaged or cut off/],
    [() => writeFileSync(bad, Buffer.from(bytes).fill(0xff, 4096)), 'data-damaged', /damaged or cut off/],
    [changed('DROP TABLE backup'), 'bad-input', /is no backup/],
    [changed('DELETE FROM backup'), 'bad-input', /is no backup/],
    [changed('UPDATE backup SET version = 2'), 'data-too-new', /Update Workflow Keys/],
    [changed("UPDATE backup SET state = x'ff'"), 'data-damaged', /damaged/],
    [changed("UPDATE backup SET state = x'7b7d'"), 'data-damaged', /names no schema version/],
    [changed("UPDATE backup SET state = 'text'"), 'bad-input', /is no backup/],
    [
      changed('CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM audit; END'),
      'bad-input',
      /is no backup/,
    ],
    [changed('CREATE VIEW v AS SELECT 1'), 'bad-input', /is no backup/],
  ];
  for (const [make, code, pattern] of cases) {
    make();
    const before = readFileSync(bad);
    assert.throws(
      () => openBackupFile(bad),
      (thrown: Error & { code?: string }) => {
        assert.equal(thrown.code, code, thrown.stack ?? thrown.message);
        assert.match(thrown.message, pattern);
        assert.doesNotMatch(thrown.message, /\n/);
        return true;
      },
    );
    assert.deepEqual(readFileSync(bad), before);
  }
  assert.throws(() => openBackupFile(join(folder.path, 'none')), { code: 'bad-input' });
  openBackupFile(good).close();
});
