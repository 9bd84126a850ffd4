/** The command line against a running daemon: every answer, with and without `--json`, and what it refuses. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { withDaemon } from '../../server/cli/connect.ts';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { RunDetail, RunRow } from '../../server/protocol/runs.ts';
import {
  type DaemonProcess,
  program,
  runCommand,
  runJson,
  startDaemonProcess,
} from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const workspace = join(folder.path, 'workspace');
let daemon: DaemonProcess;
const cli = (...args: string[]) => runCommand(daemon.data, args);

before(async () => {
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `import time
from bifrost import ExecutionContext, config, workflow

@workflow(name="types", endpoint_enabled=True)
async def types(context: ExecutionContext):
    return {name: [type(await config.get(name)).__name__, await config.get(name)]
            for name in ("text", "number", "flag", "data")}

@workflow(name="waits")
def waits(context: ExecutionContext):
    print("it waits")
    time.sleep(600)

@workflow(name="raises")
def raises(context: ExecutionContext):
    raise RuntimeError("it broke")
`,
  );
  daemon = await startDaemonProcess({ data: join(folder.path, 'data'), folders: [workspace] });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('a key is shown once by create, and masked ever after (W7, W20, W22)', async () => {
  const created = await runJson<KeyRow & { key: string; curl: string }>(daemon.data, [
    'keys',
    'create',
    '--global',
    '--description',
    '  CI pipeline trigger ',
    '--expires',
    '30',
  ]);
  assert.match(created.key, /^bk_live_[0-9A-Za-z]{32}$/);
  assert.ok(created.curl.includes(created.key));
  assert.equal(created.description, 'CI pipeline trigger');
  const days = (Date.parse(created.expiresAt ?? '') - Date.parse(created.createdAt)) / 86_400_000;
  assert.equal(days, 30);
  const listed = await cli('keys', 'list');
  assert.ok(!listed.stdout.includes(created.key));
  assert.ok(listed.stdout.includes(`bk_live_••••${created.key.slice(-4)}`));
  const json = await cli('keys', 'list', '--json');
  assert.ok(!json.stdout.includes(created.key));
});

test('an expiration that is left out is 90 days, and never must be said (D22)', async () => {
  const [usual, never] = await Promise.all([
    runJson<KeyRow>(daemon.data, ['keys', 'create', '--global', '--description', 'Usual']),
    runJson<KeyRow>(daemon.data, [
      'keys',
      'create',
      '--global',
      '--description',
      'Never',
      '--expires',
      'never',
    ]),
  ]);
  assert.equal((Date.parse(usual.expiresAt ?? '') - Date.parse(usual.createdAt)) / 86_400_000, 90);
  assert.equal(never.expiresAt, null);
});

test('what a key cannot be is refused with one line, and no key is made', async () => {
  const before = await runJson<KeyRow[]>(daemon.data, ['keys', 'list']);
  for (const args of [
    ['--global', '--description', '   '],
    ['--global', '--description', 'x'.repeat(33)],
    ['--description', 'Neither'],
    ['--workflow', 'no-such-workflow', '--description', 'Unknown'],
    ['--workflow', 'waits', '--description', 'Endpoint off'],
    ['--global', '--description', 'Days', '--expires', '31'],
    ['--global', '--description', 'Org', '--org', 'nobody'],
  ]) {
    const { code, stdout, stderr } = await cli('keys', 'create', ...args);
    assert.equal(code, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^workflow-keys: [^\n]+\n$/);
  }
  assert.equal((await runJson<KeyRow[]>(daemon.data, ['keys', 'list'])).length, before.length);
});

test('values come back with their type in Python (C1)', async () => {
  for (const [name, type, value] of [
    ['text', 'string', 'a text'],
    ['number', 'int', '42'],
    ['flag', 'bool', 'true'],
    ['data', 'json', '{"a": [1, null]}'],
  ] as const) {
    assert.equal((await cli('config', 'set', name, value, '--type', type)).code, 0);
  }
  const { result } = await runJson<RunDetail>(daemon.data, ['run', 'types']);
  assert.deepEqual(result, {
    text: ['str', 'a text'],
    number: ['int', 42],
    flag: ['bool', true],
    data: ['dict', { a: [1, null] }],
  });
});

test('a value of the wrong type is refused and the stored one stays', async () => {
  const { code, stderr } = await cli('config', 'set', 'number', 'forty', '--type', 'int');
  assert.equal(code, 1);
  assert.match(stderr, /number/);
  assert.doesNotMatch(stderr, /forty/);
  assert.equal((await runJson<ConfigRow>(daemon.data, ['config', 'get', 'number'])).value, 42);
});

test('a secret is read from standard input, never taken as an argument, and never shown (D32)', async () => {
  const asArgument = await cli('config', 'set', 'token', 'test-secret-argument', '--type', 'secret');
  assert.equal(asArgument.code, 1);
  assert.doesNotMatch(asArgument.stderr, /test-secret-argument/);
  const set = await runCommand(
    daemon.data,
    ['config', 'set', 'token', '--type', 'secret'],
    'test-secret-from-input\n',
  );
  assert.equal(set.code, 0);
  for (const args of [
    ['config', 'list'],
    ['config', 'list', '--json'],
    ['config', 'get', 'token'],
  ]) {
    const { stdout } = await cli(...args);
    assert.ok(stdout.includes('[SECRET]'));
    assert.ok(!stdout.includes('test-secret-from-input'));
  }
});

test('an empty value never clears a secret (D31)', async () => {
  const { code, stderr } = await runCommand(daemon.data, ['config', 'set', 'token', '--type', 'secret'], '');
  assert.equal(code, 1);
  assert.match(stderr, /empty/);
  assert.equal((await runJson<ConfigRow>(daemon.data, ['config', 'get', 'token'])).value, '[SECRET]');
});

test('what is removed is named, also with --json', async () => {
  await cli('config', 'set', 'short_lived', 'value');
  const removed = await runJson<unknown>(daemon.data, ['config', 'unset', 'short_lived']);
  assert.deepEqual(removed, { name: 'short_lived', removed: true });
});

test('an unknown name, key or run is told as such', async () => {
  for (const args of [
    ['config', 'get', 'no_such_name'],
    ['config', 'unset', 'no_such_name'],
    ['keys', 'revoke', 'no-such-key'],
    ['runs', 'show', 'no-such-run'],
    ['runs', 'retry', 'no-such-run'],
    ['run', 'no-such-workflow'],
    ['orgs', 'remove', 'no-such-organization'],
  ]) {
    const { code, stderr } = await cli(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /^workflow-keys: [^\n]*no.such[^\n]*\n$/i);
  }
});

test('with --json a failure is one JSON line on standard error', async () => {
  const { code, stdout, stderr } = await cli('config', 'get', 'no_such_name', '--json');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal((JSON.parse(stderr) as { error: { code: string } }).error.code, 'not-found');
});

test('a failed run exits 1 and shows its traceback', async () => {
  const { code, stdout } = await cli('run', 'raises');
  assert.equal(code, 1);
  assert.match(stdout, /Traceback/);
  assert.match(stdout, /RuntimeError: it broke/);
});

test('a run that is on its way is listed, and cancelled', async () => {
  const running = cli('run', 'waits', '--json');
  let row: RunRow | undefined;
  while (row?.status !== 'Running') {
    [row] = await runJson<RunRow[]>(daemon.data, ['runs', 'list', '--workflow', 'waits']);
  }
  await untilPrinted(row.id);
  assert.equal((await cli('runs', 'cancel', row.id)).code, 0);
  const { code, stdout } = await running;
  assert.equal(code, 1);
  const detail = JSON.parse(stdout) as RunDetail;
  assert.equal(detail.status, 'Cancelled');
  assert.ok(detail.logs.some(({ message }) => message === 'it waits'));
});

/** Waits until a run that goes on has printed something. */
async function untilPrinted(id: string): Promise<void> {
  await withDaemon(daemon.data, async (call) => {
    let seen: { lines: unknown[]; ended: unknown };
    do seen = await call('workflowKeys/runs/follow', { id, after: 0 });
    while (seen.lines.length === 0 && seen.ended === null);
  });
}

test('input that is no JSON object is refused before anything runs', async () => {
  for (const input of ['{', '[]', '"x"']) {
    const { code, stderr } = await cli('run', 'types', '--input', input);
    assert.equal(code, 1);
    assert.match(stderr, /--input/);
  }
});

test('every change is in the audit log, whose chain is whole', async () => {
  const { stdout } = await cli('audit');
  for (const action of ['key.created', 'config.written', 'secret.written', 'folder.registered']) {
    assert.ok(stdout.includes(action), action);
  }
  assert.match((await cli('audit', '--verify')).stdout, /whole/);
});

test('a folder is added to the running daemon, and forgotten again', async () => {
  const added = join(folder.path, 'added');
  mkdirSync(added);
  writeFileSync(
    join(added, 'flow.py'),
    'from bifrost import workflow\n\n@workflow\ndef added_later(context):\n    return 1\n',
  );
  const { workflows } = await runJson<{ workflows: number }>(daemon.data, ['folders', 'add', added]);
  assert.equal(workflows, 1);
  assert.equal((await runJson<RunDetail>(daemon.data, ['run', 'added_later'])).result, 1);
  assert.equal((await cli('folders', 'remove', added)).code, 0);
  assert.deepEqual(await runJson(daemon.data, ['folders', 'list']), [workspace]);
  assert.equal((await cli('run', 'added_later')).code, 1);
});

test('lint speaks SARIF with the place and the rule', async () => {
  const other = join(folder.path, 'other');
  mkdirSync(other, { recursive: true });
  writeFileSync(
    join(other, 'flow.py'),
    'from bifrost import config, workflow\n\n@workflow\nasync def f(context):\n    return await config.get("absent")\n',
  );
  const { code, stdout } = await cli('lint', other, '--format', 'sarif');
  assert.equal(code, 1);
  const [run] = (JSON.parse(stdout) as { runs: { results: { ruleId: string; locations: unknown[] }[] }[] })
    .runs;
  assert.equal(run?.results[0]?.ruleId, 'config/missing');
  assert.deepEqual(run.results[0].locations[0], {
    physicalLocation: {
      artifactLocation: { uri: 'flow.py' },
      region: { startLine: 5, startColumn: 29, endLine: 5, endColumn: 37 },
    },
  });
});

test('lsp speaks the Language Server Protocol on standard input and output', async () => {
  const child = spawn(process.execPath, [program, 'lsp', '--stdio', '--data', daemon.data], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  connection.listen();
  try {
    const answer = await connection.sendRequest<{ serverInfo: { name: string } }>('initialize', {
      processId: null,
      rootUri: null,
      capabilities: {},
    });
    assert.equal(answer.serverInfo.name, 'workflow-keys');
    const textDocument = { uri: 'file:///example/flow.py', languageId: 'python', version: 1 };
    const text =
      'from bifrost import config, workflow\n\n@workflow\nasync def f(context):\n    return await config.get("absent")\n';
    await connection.sendNotification('textDocument/didOpen', { textDocument: { ...textDocument, text } });
    const ask = (question: string, params: object = {}) =>
      connection.sendRequest<unknown>(`textDocument/${question}`, { textDocument, ...params });
    const { items } = (await ask('diagnostic')) as { items: { code: string; range: object }[] };
    assert.deepEqual(
      items.map(({ code }) => code),
      ['config/missing'],
    );
    // No editor but our own has commands of ours.
    const fixes = (await ask('codeAction', {
      range: items[0]?.range,
      context: { diagnostics: [] },
    })) as object[];
    assert.deepEqual(
      fixes.map((fix) => ['edit' in fix, 'command' in fix]),
      [[true, false]],
    );
    const lenses = (await ask('codeLens')) as { command: { title: string; command: string } }[];
    assert.deepEqual(
      lenses.map(({ command }) => command),
      [{ title: 'Endpoint off', command: '' }],
    );
    await connection.sendRequest('shutdown');
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await connection.sendNotification('exit');
    assert.equal(await ended, 0);
  } finally {
    connection.dispose();
    child.kill();
  }
});
