/** Keys on the command line against a running daemon: API keys, rotation and rebinding, as a user types them. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { type KeyRow, scopes } from '../../server/protocol/keys.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { connectEditor } from '../support/lspClient.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

type MadeRow = KeyRow & { key: string; curl: string };

const folder = temporaryFolder();
const workspace = join(folder.path, 'workspace');
const data = join(folder.path, 'data');
let daemon: DaemonProcess;
const cli = (...args: string[]) => runCommand(data, args);
const createApi = (...args: string[]) =>
  runJson<MadeRow>(data, ['keys', 'create', '--name', 'Deploy', '--scopes', 'executions:write', ...args]);

function writeWorkflows(first: string): void {
  writeFileSync(
    join(workspace, 'flows.py'),
    `from bifrost import workflow

@workflow(name="${first}", endpoint_enabled=True)
async def one():
    return "one"

@workflow(name="other", endpoint_enabled=True)
async def other():
    return "other"
`,
  );
}

/** The status of a request that runs a workflow with a key. */
async function statusOf(key: string, workflowId = 'first'): Promise<number> {
  const { statusCode, body } = await request(`${daemon.url}/api/endpoints/${workflowId}`, {
    method: 'POST',
    headers: { 'x-api-key': key },
  });
  await body.dump();
  return statusCode;
}

before(async () => {
  mkdirSync(workspace);
  writeWorkflows('first');
  daemon = await startDaemonProcess({
    data,
    folders: [workspace],
    environment: { WORKFLOW_KEYS_API_KEY_PREFIX: 'flero_sk_' },
  });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('an API key is shown once, under the prefix that the administrator chose, and runs at once (F17–F21, F36)', async () => {
  const made = await createApi('--workflows', ' first , first', '--expires', '7');
  assert.match(made.key, /^flero_sk_[0-9A-Za-z]{32}$/);
  assert.deepEqual(
    [made.kind, made.description, made.scopes, made.workflowIds],
    ['api', 'Deploy', ['workflows:execute'], ['first']],
  );
  assert.equal(Date.parse(made.expiresAt ?? '') - Date.parse(made.createdAt), 7 * 86_400_000);
  assert.ok(made.curl.includes(`-H 'x-api-key: ${made.key}'`));
  assert.equal(await statusOf(made.key), 200);
  assert.equal(await statusOf(made.key, 'other'), 403);
  const { stdout } = await cli('keys', 'list');
  assert.ok(!stdout.includes(made.key));
  assert.match(stdout, new RegExp(`${made.id} +workflows:execute on first +Deploy +flero_sk_••••`));
});

test('an API key that cannot be is refused with one line, and none is made', async () => {
  const before = await runJson<KeyRow[]>(data, ['keys', 'list']);
  for (const [args, pattern] of [
    [['--name', 'CI'], /at least one scope/],
    [['--name', 'CI', '--scopes', ','], /at least one scope/],
    [['--name', 'CI', '--scopes', 'runs:read,runs:delete'], /"runs:delete" is unknown/],
    [['--scopes', 'runs:read'], /Give the key a name/],
    [['--name', 'x'.repeat(101), '--scopes', 'runs:read'], /at most 100/],
    [['--name', 'CI', '--scopes', 'runs:read', '--workflows', 'gone'], /"gone" does not exist/],
    [['--name', 'CI', '--scopes', 'runs:read', '--workflows', ''], /List the ids/],
    [['--name', 'CI', '--scopes', 'runs:read', '--expires', '3651'], /1 to 3650 days/],
    [['--name', 'CI', '--scopes', 'runs:read', '--expires', 'soon'], /--expires must be/],
    [['--name', 'CI', '--scopes', 'runs:read', '--org', 'nobody'], /no organization "nobody"/],
    [['--name', 'CI', '--scopes', 'runs:read', '--global'], /--name with --scopes for an API key/],
    [['--expires', '30'], /--description with --global or --workflow/],
  ] as const) {
    const { code, stdout, stderr } = await cli('keys', 'create', ...args);
    assert.equal(code, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^workflow-keys: [^\n]+\n$/);
    assert.match(stderr, pattern);
  }
  assert.equal((await runJson<KeyRow[]>(data, ['keys', 'list'])).length, before.length);
});

test('rotating makes a successor; both run until the overlap ends, and the list tells of both', async () => {
  const old = await createApi();
  assert.equal(await statusOf(old.key), 200);
  const made = await runJson<MadeRow & { replaced: KeyRow }>(data, [
    'keys',
    'rotate',
    old.id,
    '--overlap',
    '3',
  ]);
  assert.deepEqual([made.rotatedFrom, made.replaced.replacedBy], [old.id, made.id]);
  assert.equal(made.expiresAt, old.expiresAt);
  assert.deepEqual([await statusOf(old.key), await statusOf(made.key)], [200, 200]);
  const rows = await runJson<KeyRow[]>(data, ['keys', 'list']);
  const row = rows.find(({ id }) => id === old.id);
  assert.equal(Date.parse(row?.endsAt ?? '') - Date.parse(made.createdAt), 3 * 86_400_000);
  assert.ok(Date.parse(row?.lastUsedAt ?? '') >= Date.parse(made.createdAt));
  assert.ok(rows.some(({ id }) => id === made.id));
  const { stdout } = await cli('keys', 'list');
  assert.match(stdout, new RegExp(`${old.id} .* ends \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d`));

  const { code, stderr } = await cli('keys', 'rotate', old.id);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`rotated already; rotate ${made.id} instead`));
});

test('without an overlap the next request with the old key is refused', async () => {
  const old = await createApi();
  const { stdout } = await cli('keys', 'rotate', old.id, '--overlap', '0');
  const successor = /Key \(shown once\): (\S+)/.exec(stdout)?.[1] ?? '';
  assert.match(stdout, /The old key flero_sk_••••.{4} ends: .*; last used: never\./);
  assert.deepEqual([await statusOf(old.key), await statusOf(successor)], [401, 200]);
  assert.match((await cli('keys', 'list')).stdout, new RegExp(`${old.id} .* replaced`));
  for (const days of ['31', '-1', '1.5', 'week']) {
    const { code, stderr } = await cli('keys', 'rotate', old.id, `--overlap=${days}`);
    assert.equal(code, 1);
    assert.match(stderr, /^workflow-keys: [^\n]*overlap[^\n]*0 to 30[^\n]*\n$/);
  }
});

test('a key follows its workflow to a new name (D12)', async () => {
  const made = await runJson<MadeRow>(data, [
    'keys',
    'create',
    '--workflow',
    'first',
    '--description',
    'Nightly',
  ]);
  const editor = await connectEditor(data);
  const renamed = Promise.withResolvers<void>();
  editor.connection.onNotification('workflowKeys/changed', async () => {
    const rows = await editor.request('workflowKeys/workflows/list', null);
    if (rows.some(({ id }) => id === 'renamed')) renamed.resolve();
  });
  writeWorkflows('renamed');
  await renamed.promise;
  editor.leave();
  assert.equal(await statusOf(made.key, 'renamed'), 403);
  const { stdout } = await cli('keys', 'rebind', made.id, 'renamed');
  assert.match(stdout, /^bk_live_••••.{4} \(Nightly\) now runs renamed\.\n$/);
  assert.equal(await statusOf(made.key, 'renamed'), 200);
  const { code, stderr } = await cli('keys', 'rebind', made.id, 'gone');
  assert.equal(code, 1);
  assert.match(stderr, /"gone" does not exist/);
});

test('help names every scope', async () => {
  const { stdout } = await cli('keys', 'create', '--help');
  const text = stdout.replace(/\s+/g, ' ');
  for (const scope of scopes) assert.ok(text.includes(scope), scope);
});

test('a prefix that keys could not be recognised by is refused at the start', async () => {
  for (const prefix of ['wfk', 'bk_live_', '1_', 'a-b_', `${'a'.repeat(40)}_`]) {
    const start = startDaemonProcess({
      data: join(folder.path, 'never'),
      environment: { WORKFLOW_KEYS_API_KEY_PREFIX: prefix },
    });
    await assert.rejects(start, /WORKFLOW_KEYS_API_KEY_PREFIX must be a letter, then/);
  }
});
