/** Backup and restore by the built program: everything comes back, whenever it is killed, and nothing is lost. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Backups } from '../../server/backup.ts';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { RunDetail, RunRow } from '../../server/protocol/runs.ts';
import type { Restored } from '../../server/restore.ts';
import { finishReplacement } from '../../server/store/replacement.ts';
import { engines } from '../store/engines.ts';
import { runRecord } from '../store/historyContract.ts';
import { program, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { converse } from '../support/terminal.ts';

const folder = temporaryFolder();
const data = join(folder.path, 'data');
const backup = join(folder.path, 'all.backup');
const workspace = join(folder.path, 'workspace');
const secret = 'sk_test_canary_1234567890';
let revoked: string;
let kept: KeyRow & { key: string };

/** A data directory whose state has moved on since its backup. */
before(async () => {
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `from bifrost import config, workflow

@workflow(name="reads", endpoint_enabled=True)
async def reads(context):
    value = await config.get("api_key")
    print("it ran")
    return len(value)
`,
  );
  const daemon = await startDaemonProcess({ data, folders: [workspace] });
  await runJson(data, ['config', 'set', 'api_key', '--type', 'secret'], secret);
  const create = ['keys', 'create', '--global', '--description'];
  revoked = (await runJson<KeyRow>(data, [...create, 'Revoked later'])).id;
  kept = await runJson(data, [...create, 'Kept']);
  await runJson(data, ['run', 'reads']);
  await runJson(data, ['backup', '-o', backup]);
  await runJson(data, ['keys', 'revoke', revoked]);
  await runJson(data, ['config', 'set', 'later', '1', '--type', 'int']);
  assert.equal(await daemon.end(), 0);
});
after(() => folder.remove());

/** A copy of the data directory as it was left. */
function copyOfData(): string {
  const copy = join(folder.path, 'copy');
  rmSync(copy, { recursive: true, force: true });
  cpSync(data, copy, { recursive: true });
  return copy;
}

test('a backup is readable to its owner alone and holds no secret in plain text', () => {
  assert.equal(statSync(backup).mode & 0o777, 0o600);
  const bytes = readFileSync(backup);
  for (const form of [secret, kept.key, Buffer.from(secret).toString('base64')])
    assert.ok(!bytes.includes(form));
});

test('on a new machine, with the secret key, everything is as it was: secrets, keys, runs and the audit log', async () => {
  const elsewhere = join(folder.path, 'elsewhere');
  const refused = await runCommand(elsewhere, ['restore', backup]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^workflow-keys: The backup has secrets, and there is no secret key here[^\n]*secret\.key[^\n]*--force[^\n]*\n$/,
  );
  assert.ok(!existsSync(join(elsewhere, 'state.json')));
  assert.ok(!existsSync(join(elsewhere, 'secret.key')), 'no new key is made, which would stand in the way');

  cpSync(join(data, 'secret.key'), join(elsewhere, 'secret.key'));
  const { code, stdout } = await runCommand(elsewhere, ['restore', backup]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /2 keys, 1 config, \d+ audit records\.\nKeys that were revoked after the backup was made are valid again/,
  );
  const daemon = await startDaemonProcess({ data: elsewhere });
  try {
    const answer = await fetch(`${daemon.url}/api/endpoints/reads`, {
      method: 'POST',
      headers: { 'X-Bifrost-Key': kept.key, 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(((await answer.json()) as { result: number }).result, secret.length);
    const [, first] = await runJson<RunRow[]>(elsewhere, ['runs', 'list']);
    assert.equal(
      (await runJson<RunDetail>(elsewhere, ['runs', 'show', first?.id ?? ''])).logs[0]?.message,
      'it ran',
    );
    assert.equal((await runCommand(elsewhere, ['audit', '--verify'])).code, 0);
    const actions = (await runJson<AuditRow[]>(elsewhere, ['audit'])).map(({ action }) => action);
    assert.ok(actions.includes('backup.made') && actions.includes('backup.restored'));
  } finally {
    assert.equal(await daemon.end(), 0);
  }
});

test('over present data it asks, keeps what was there aside, and no key that was revoked is valid again (W30)', async () => {
  const copy = copyOfData();
  const state = readFileSync(join(copy, 'state.json'));
  const nobody = await runCommand(copy, ['restore', backup]);
  assert.match(nobody.stderr, /Nobody can be asked here: Replace all data[^\n]*--yes/);
  const no = await converse(copy, ['restore', backup], [[/kept aside\. \[y\/N\]/, 'n']]);
  assert.match(no.shown, /Nothing was restored/);
  assert.deepEqual(readFileSync(join(copy, 'state.json')), state);
  assert.deepEqual(readdirSync(copy).sort(), readdirSync(data).sort());

  const { code, shown } = await converse(copy, ['restore', backup], [[/kept aside\. \[y\/N\]/, 'y']]);
  assert.equal(code, 0, shown);
  assert.match(shown, /1 key revoked or ended since then stays so/);
  const aside = readdirSync(copy).find((name) => name.startsWith('before-restore-')) ?? '';
  assert.deepEqual(readFileSync(join(copy, aside, 'state.json')), state);
  assert.deepEqual(readFileSync(join(copy, aside, 'secret.key')), readFileSync(join(data, 'secret.key')));
  assert.equal(statSync(join(copy, aside, 'secret.key')).mode & 0o777, 0o600);
  const daemon = await startDaemonProcess({ data: copy });
  try {
    const keys = await runJson<KeyRow[]>(copy, ['keys', 'list']);
    assert.deepEqual(
      keys.map(({ id }) => id),
      [kept.id],
    );
    const configs = await runJson<ConfigRow[]>(copy, ['config', 'list']);
    assert.deepEqual(
      configs.map(({ name }) => name),
      ['api_key'],
    );
    assert.equal((await runCommand(copy, ['audit', '--verify'])).code, 0);
    const running = await runCommand(copy, ['restore', backup, '--yes']);
    assert.match(running.stderr, /is in use by the daemon[^\n]*workflow-keys stop/);
  } finally {
    assert.equal(await daemon.end(), 0);
  }
});

test('with another secret key it is refused, unless forced; then all but the secrets is there, and they too once the key is', async () => {
  const copy = copyOfData();
  const right = readFileSync(join(copy, 'secret.key'));
  writeFileSync(join(copy, 'secret.key'), 'A'.repeat(43));
  const refused = await runCommand(copy, ['restore', backup, '--yes']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /stored with another secret key than the one here[^\n]*--force/);
  // What is there opens with the file that is to make way.
  assert.match(refused.stderr, /once you have a copy of the one that is there now/);
  assert.deepEqual(readFileSync(join(copy, 'state.json')), readFileSync(join(data, 'state.json')));
  const forced = await runJson<Restored>(copy, ['restore', backup, '--yes', '--force']);
  assert.equal(forced.secrets, 'locked');
  writeFileSync(join(copy, 'secret.key'), right);
  const daemon = await startDaemonProcess({ data: copy, folders: [workspace] });
  try {
    assert.equal((await runJson<RunDetail>(copy, ['run', 'reads'])).result, secret.length);
  } finally {
    assert.equal(await daemon.end(), 0);
  }
});

test('runs that had not ended when the backup was made are not begun again', async () => {
  const copy = copyOfData();
  const past = join(folder.path, 'past.backup');
  {
    await using store = await engines.embedded(copy);
    await store.history.putRun(runRecord(1, { mode: 'async', workflowId: 'reads', folder: workspace }));
  }
  {
    await using store = await engines.embedded(copy);
    const parts = { ...store, clock: Date.now, keySource: 'file' as const };
    const backups = new Backups({ ...parts, appendAudit: async () => undefined });
    await backups.write({ path: past, replace: false }, 'cli');
  }
  const restored = await runJson<Restored>(copy, ['restore', past, '--yes']);
  assert.equal(restored.interruptedRuns, 1);
  await using store = await engines.embedded(copy);
  assert.deepEqual(await store.history.unfinishedRuns(), []);
  assert.equal((await store.history.getRun(runRecord(1).id))?.status, 'Interrupted');
});

test('former data that only the key of a killed rotation opens is kept together with that key', async () => {
  const copy = copyOfData();
  const former = readFileSync(join(copy, 'secret.key'));
  const rotating = await startDaemonProcess({ data: copy });
  await runJson(copy, ['rotate-secret-key', '--generate']);
  assert.equal(await rotating.end(), 0);
  // As it is after a kill between the sealing and the naming of the key.
  renameSync(join(copy, 'secret.key'), join(copy, 'secret.key.next'));
  writeFileSync(join(copy, 'secret.key'), former, { mode: 0o600 });
  const { formerData = '' } = await runJson<Restored>(copy, ['restore', backup, '--yes']);
  await (await startDaemonProcess({ data: copy })).end();

  const daemon = await startDaemonProcess({ data: formerData });
  try {
    assert.equal((await runJson<RunDetail>(formerData, ['run', 'reads'])).result, secret.length);
  } finally {
    assert.equal(await daemon.end(), 0);
  }
});

test('on a full disk a restore is refused with one line, and the data is as it was', async () => {
  const copy = copyOfData();
  // No file may grow beyond 20 KiB: to who writes, that is a full disk.
  const limited = 'ulimit -f 40; exec "$@"';
  const child = spawn(
    'sh',
    ['-c', limited, 'sh', process.execPath, program, 'restore', backup, '--yes', '--data', copy],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 120_000,
    },
  );
  const said = text(child.stderr);
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
  assert.match(await said, /^workflow-keys: The backup could not be restored into [^\n]*free space[^\n]*\n$/);
  assert.deepEqual(readdirSync(copy).sort(), readdirSync(data).sort());
  for (const name of ['state.json', 'history.db']) {
    assert.deepEqual(readFileSync(join(copy, name)), readFileSync(join(data, name)));
  }
});

test('a cut-off restore that cannot be finished is said to be one, and is finished once it can be', async () => {
  const copy = copyOfData();
  const ready = join(copy, 'restore.ready');
  mkdirSync(ready);
  cpSync(join(data, 'history.db'), join(ready, 'history.db'));
  writeFileSync(join(ready, 'foreign'), '');
  const { code, stderr } = await runCommand(copy, ['serve', '--port', '0']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^workflow-keys: A restore into [^\n]* was cut off[^\n]*restore\.ready holds nothing but[^\n]*\n$/,
  );
  rmSync(join(ready, 'foreign'));
  await finishReplacement(copy, Date.now());
  assert.equal(existsSync(ready), false);
});

test('killed at any change that it makes to the disk, a restore leaves all of the old or all of the new', async () => {
  const hook = pathToFileURL(join(import.meta.dirname, 'killAt.mjs')).href;
  const outcomes = new Set<string>();
  for (let at = 1; ; at += 1) {
    const copy = copyOfData();
    const child = spawn(
      process.execPath,
      ['--import', hook, program, 'restore', backup, '--yes', '--data', copy],
      { stdio: 'ignore', timeout: 120_000, env: { ...process.env, TEST_KILL_AT: String(at) } },
    );
    const [code, signal] = await once(child, 'exit');
    if (signal === null) {
      assert.equal(code, 0);
      assert.ok(at > 10, `only ${at} changes were seen`);
      break;
    }
    await finishReplacement(copy, Date.now());
    await using store = await engines.embedded(copy);
    const isOld = (await store.state.findBy('configs', 'name', 'later')).length === 1;
    const actions = (await store.audit.list({ limit: 100 })).map(({ action }) => action);
    assert.equal(actions.includes('backup.restored'), !isOld, `killed at change ${at}`);
    assert.equal(store.aborted, 0, `killed at change ${at}`);
    assert.equal((await store.audit.verify()).firstBad, null);
    const names = readdirSync(copy);
    assert.ok(!names.includes('restore.ready'));
    const aside = names.find((name) => name.startsWith('before-restore-'));
    assert.equal(aside === undefined, isOld, `killed at change ${at}`);
    if (aside !== undefined) {
      assert.deepEqual(readFileSync(join(copy, aside, 'state.json')), readFileSync(join(data, 'state.json')));
    }
    outcomes.add(isOld ? 'old' : 'new');
  }
  assert.deepEqual([...outcomes], ['old', 'new']);
});
