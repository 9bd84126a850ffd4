/** Configuration from one installation to another by the command line, at a terminal and without one. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { ImportedBundle } from '../../server/protocol/bundles.ts';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { converse } from '../support/terminal.ts';

const folder = temporaryFolder();
const file = join(folder.path, 'config.yaml');
const secret = 'sk_test_canary_1234567890';
let from: DaemonProcess;
let to: DaemonProcess;

before(async () => {
  const workspace = join(folder.path, 'workspace');
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `from bifrost import config, workflow

@workflow(name="reads")
async def reads(context, name: str):
    return await config.get(name)
`,
  );
  [from, to] = await Promise.all([
    startDaemonProcess({ data: join(folder.path, 'from') }),
    startDaemonProcess({ data: join(folder.path, 'to'), folders: [workspace] }),
  ]);
  await runJson(from.data, ['orgs', 'add', 'acme']);
  await runJson(from.data, ['config', 'set', 'api_key', '--type', 'secret', '--org', 'acme'], secret);
  await runJson(from.data, ['config', 'set', 'db_password', '--type', 'secret'], secret);
  await runJson(from.data, ['config', 'set', 'limit', '3', '--type', 'int']);
  await runJson(from.data, ['credentials', 'add', 'stripe', '--service', 'stripe'], secret);
});
after(async () => {
  await Promise.all([from?.end(), to?.end()]);
  folder.remove();
});

test('an export says what it has left out, and its file holds no secret', async () => {
  const { code, stdout, stderr } = await runCommand(from.data, ['export', '--portable', '-o', file]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^Wrote 1 organization, 3 configs, 1 credential, 0 workflow settings\.\nLeft out: the values of 2 secrets and 1 credential, 0 keys, 0 folders, and the history\.\n$/,
  );
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes('canary'));
  assert.equal((await runCommand(from.data, ['export', '--portable'])).stdout, text);
  assert.deepEqual(
    readdirSync(folder.path).filter((name) => name.includes('.tmp')),
    [],
  );
});

test('an export that names no kind says which there are', async () => {
  const { code, stderr } = await runCommand(from.data, ['export']);
  assert.equal(code, 1);
  assert.match(stderr, /^workflow-keys: Choose one: [^\n]*--portable[^\n]*workflow-keys backup[^\n]*\n$/);
});

test('an import without a terminal shows what it would do, and does it only when told to', async () => {
  const dry = await runCommand(to.data, ['import', file, '--dry-run']);
  assert.equal(dry.code, 0);
  assert.match(dry.stdout, /^new +secret +acme +api_key +needs its value$/m);
  assert.match(dry.stdout, /^new +int +global +limit +3$/m);
  const asked = await runCommand(to.data, ['import', file]);
  assert.equal(asked.code, 1);
  assert.match(
    asked.stderr,
    /^workflow-keys: Nobody can be asked here: Import this\? Give --yes to go on\.\n$/,
  );
  assert.deepEqual(await runJson<ConfigRow[]>(to.data, ['config', 'list']), []);
});

test('at a terminal a no changes nothing', async () => {
  const { code, shown } = await converse(to.data, ['import', file], [[/Import this\? \[y\/N\]/, 'n']]);
  assert.equal(code, 1);
  assert.match(shown, /Nothing was imported/);
  assert.deepEqual(await runJson<ConfigRow[]>(to.data, ['config', 'list']), []);
});

test('at a terminal missing values are asked for one after the other, unseen, and can be skipped', async () => {
  const { code, shown } = await converse(
    to.data,
    ['import', file],
    [
      [/Import this\? \[y\/N\]/, 'y'],
      [/db_password \(secret, global\): /, ''],
      [/api_key \(secret, organization acme\): /, secret],
      [
        /stripe \(credential of stripe, global, is sent to api\.stripe\.com, files\.stripe\.com\): /,
        `Bearer ${secret}`,
      ],
      [/is put before it anyway; leave it out\.[\s\S]*stripe \(credential[^)]*\): /, secret],
    ],
  );
  assert.equal(code, 0, shown);
  assert.ok(!shown.includes('canary'));
  assert.match(shown, /Still without a value:\s+workflow-keys config set db_password --type secret\s*$/);
  const { result } = await runJson<RunDetail>(to.data, [
    'run',
    'reads',
    '--input',
    '{"name": "api_key"}',
    '--org',
    'acme',
  ]);
  assert.equal(result, '[REDACTED]');
  const { code: failed, stdout } = await runCommand(to.data, [
    'run',
    'reads',
    '--input',
    '{"name": "db_password"}',
  ]);
  assert.equal(failed, 1);
  assert.match(stdout, /"db_password\\?" \(global\) was imported without its value/);
});

test('who stops in between is told that the import stands, and what is missing', async () => {
  const { code, shown } = await converse(to.data, ['import', file], [[/db_password[^)]*\): /, '\u0003']]);
  assert.equal(code, 1);
  assert.match(shown, /Still without a value:\s+workflow-keys config set db_password --type secret\s/);
  assert.match(shown, /workflow-keys: Cancelled; what was imported and given so far stays\.\s*$/);
});

test('without a terminal it is said how each value is given', async () => {
  const { code, stdout } = await runCommand(to.data, ['import', file, '--yes']);
  assert.equal(code, 0);
  assert.match(stdout, /1 value to be given:\n {2}workflow-keys config set db_password --type secret\n$/);
  const { needed } = await runJson<ImportedBundle>(to.data, ['import', file, '--yes']);
  assert.deepEqual(needed, [{ kind: 'config', name: 'db_password', type: 'secret' }]);
});

test('the same configuration comes out where it went in', async () => {
  await runJson(to.data, ['config', 'set', 'db_password', '--type', 'secret'], secret);
  assert.equal((await runCommand(to.data, ['export', '--portable'])).stdout, readFileSync(file, 'utf8'));
});

test('a file that is no bundle is one line that names the line, and changes nothing', async () => {
  const bad = join(folder.path, 'bad.yaml');
  const before = await runJson<ConfigRow[]>(to.data, ['config', 'list']);
  for (const [text, pattern] of [
    [
      'format: workflow-keys\nversion: 1\nconfigs:\n  - {key: limit, config_type: int, value: x}\n',
      /Line 4 of the bundle: Config "limit" of type int/,
    ],
    ['format: workflow-keys\nversion: 9\n', /Update Workflow Keys/],
    [Buffer.from([0xff, 0xfe, 0x00]), /cannot be read as UTF-8 text/],
  ] as const) {
    writeFileSync(bad, text);
    const { code, stdout, stderr } = await runCommand(to.data, ['import', bad, '--yes']);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^workflow-keys: [^\n]+\n$/);
    assert.match(stderr, pattern);
  }
  assert.match(
    (await runCommand(to.data, ['import', join(folder.path, 'none.yaml')])).stderr,
    /does not exist/,
  );
  assert.match(
    (await runCommand(to.data, ['export', '--portable', '-o', join(folder.path, 'no', 'x')])).stderr,
    /cannot be written/,
  );
  assert.deepEqual(await runJson<ConfigRow[]>(to.data, ['config', 'list']), before);
});

test('exports and imports are in the audit log', async () => {
  const actions = async (data: string) =>
    (await runJson<AuditRow[]>(data, ['audit'])).map(({ action, actor }) => `${action} by ${actor}`);
  assert.ok((await actions(from.data)).includes('bundle.exported by cli'));
  assert.ok((await actions(to.data)).includes('bundle.imported by cli'));
  assert.ok(statSync(file).size > 0);
});
