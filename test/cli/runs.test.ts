/** `runs` on the command line, against a running daemon: filters, following and retrying. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { request } from 'undici';
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
const list = (...args: string[]) => runJson<RunRow[]>(daemon.data, ['runs', 'list', ...args]);
const run = (...args: string[]) => runJson<RunDetail>(daemon.data, ['run', ...args]);

before(async () => {
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `import pathlib, time
from bifrost import ExecutionContext, config, workflow

@workflow(name="echo", endpoint_enabled=True)
async def echo(context: ExecutionContext, text: str = ""):
    return text

@workflow(name="waits", execution_mode="async")
def waits(context: ExecutionContext, go: str):
    print("it waits")
    while not pathlib.Path(go).exists():
        time.sleep(0.005)
    print("it goes on")
    return "done"

@workflow(name="reads")
async def reads(context: ExecutionContext, text: str):
    await config.get("token")
`,
  );
  daemon = await startDaemonProcess({ data: join(folder.path, 'data'), folders: [workspace] });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('runs are listed by workflow, key, organization and time', async () => {
  await runCommand(daemon.data, ['orgs', 'add', 'acme']);
  const made = await runJson<{ id: string; key: string }>(daemon.data, [
    ...['keys', 'create', '--global', '--description', 'Lists', '--org', 'acme'],
  ]);
  const byHand = await run('echo', '--input', '{"text": "by hand"}');
  const answer = await request(`${daemon.url}/api/endpoints/echo`, {
    method: 'POST',
    headers: { 'x-bifrost-key': made.key },
  });
  const { execution_id: byKey } = (await answer.body.json()) as { execution_id: string };
  const ids = (rows: RunRow[]) => rows.map(({ id }) => id);
  assert.deepEqual(ids(await list('--workflow', 'echo')), [byKey, byHand.id]);
  assert.deepEqual(ids(await list('--key', made.id)), [byKey]);
  assert.deepEqual(ids(await list('--org', 'acme')), [byKey]);
  assert.deepEqual(ids(await list('--since', '1h', '--until', '2999-01-01')), [byKey, byHand.id]);
  assert.deepEqual(ids(await list('--since', byHand.createdAt, '--limit', '1')), [byKey]);
  assert.deepEqual(await list('--until', byHand.createdAt), []);
  assert.deepEqual(await list('--until', '1h'), []);
  const { stdout } = await runCommand(daemon.data, ['runs', 'list', '--key', 'absent']);
  assert.equal(stdout, 'No run was found.\n');
  for (const time of ['yesterday', '2026-13-45', '5', '-1h']) {
    const { code, stderr } = await runCommand(daemon.data, ['runs', 'list', `--since=${time}`]);
    assert.equal(code, 1);
    assert.match(stderr, /^workflow-keys: --since must be a time such as .*\n$/);
  }
});

test('a run is followed line by line until its end', { timeout: 120_000 }, async () => {
  const go = join(folder.path, 'go');
  // `run` waits for the end of what it starts, which here comes only after the followed line.
  const started = run('waits', '--input', JSON.stringify({ go }));
  let row: RunRow | undefined;
  while (row?.status !== 'Running') [row] = await list('--workflow', 'waits');
  const child = spawn(process.execPath, [program, 'runs', 'show', row.id, '--follow', '--data', daemon.data]);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === 1) writeFileSync(go, '');
  }
  assert.match(lines[0] ?? '', /^[\d:.]{12} stdout {3}it waits$/);
  assert.match(lines[1] ?? '', /^[\d:.]{12} stdout {3}it goes on$/);
  assert.match(lines[2] ?? '', /^waits {2}Success {2}\d+ ms {2}/);
  assert.deepEqual(lines.slice(3), ['"done"']);
  await started;
  const { code, stdout } = await runCommand(daemon.data, ['runs', 'show', row.id, '--follow', '--json']);
  assert.equal(code, 0);
  const values = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    values.map(({ message, status }) => message ?? status),
    ['it waits', 'it goes on', 'Success'],
  );
});

test('a finished run is retried, and the new one names it (A11)', { timeout: 120_000 }, async () => {
  const first = await run('echo', '--input', '{"text": "again"}');
  const retried = await runJson<RunRow>(daemon.data, ['runs', 'retry', first.id]);
  assert.deepEqual([retried.retryOf, retried.workflowId, retried.triggeredBy], [first.id, 'echo', 'cli']);
  const { stdout } = await runCommand(daemon.data, ['runs', 'show', retried.id, '--follow']);
  assert.match(stdout, new RegExp(`^echo {2}Success.*\\na retry of ${first.id}\\n"again"\\n$`));
});

test('a run is not retried with an input from which a secret was taken', async () => {
  const secret = 'sk_test_example_4eC39HqLyjWDarjtT1zdp7dc';
  await runCommand(daemon.data, ['config', 'set', 'token', '--type', 'secret'], secret);
  const { id } = await run('reads', '--input', JSON.stringify({ text: `Bearer ${secret}` }));
  const { code, stderr } = await runCommand(daemon.data, ['runs', 'retry', id]);
  assert.equal(code, 1);
  assert.match(stderr, /held a secret, which is not stored; run reads again with the whole input/);
  assert.ok(!stderr.includes(secret));
  const missing = await runCommand(daemon.data, ['runs', 'retry', 'no-such-run']);
  assert.match(missing.stderr, /There is no run no-such-run/);
});
