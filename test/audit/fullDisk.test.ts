/** A daemon whose files cannot grow by a byte, as on a full disk: it refuses, loses nothing, and goes on by itself. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const source = `
import pathlib
from bifrost import ExecutionContext, config, workflow

@workflow(name="read", endpoint_enabled=True)
async def read(context: ExecutionContext):
    try:
        seen = "got " + str(len(await config.get("api_key")))
    except KeyError:
        seen = "missing"
    except Exception as error:
        seen = type(error).__name__ + ": " + str(error)
    pathlib.Path(__file__).with_name("seen").write_text(seen)
    return seen
`;

/** The limit is the kernel's, holds for every user, and can be taken away while the process runs. */
function limitFiles(pid: number, bytes: number): void {
  const hard = 'resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]';
  const limit = `resource.prlimit(pid, resource.RLIMIT_FSIZE, (${bytes} if ${bytes} >= 0 else ${hard}, ${hard}))`;
  execFileSync('python3', ['-c', `import resource; pid = ${pid}; ${limit}`]);
}

test('without a place to write, changes and reads of secrets are refused with what to do, and work again after', {
  timeout: 300_000,
}, async (t) => {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const workflows = join(folder.path, 'workflows');
  mkdirSync(workflows);
  writeFileSync(join(workflows, 'flows.py'), source);
  let daemon = await startDaemonProcess({ data, folders: [workflows] });
  t.after(async () => {
    await daemon.end('SIGKILL');
    folder.remove();
  });
  const created = (description: string) =>
    runCommand(data, ['keys', 'create', '--global', '--description', description, '--json']);
  const { key } = JSON.parse((await created('Before')).stdout) as { key: string };
  await runCommand(data, ['config', 'set', 'api_key', '--type', 'secret'], 'sk_test_0123456789');
  const post = async (path: string, body: unknown) => {
    const answer = await request(`${daemon.url}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  const read = () => post('/api/endpoints/read', {});
  assert.match((await read()).text, /"got 18"/);

  limitFiles(daemon.pid, 0);
  const refused = await created('Refused');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /"storage-failed".*free space/);
  const setting = ['config', 'set', 'api_key', '--type', 'secret', '--json'];
  assert.match((await runCommand(data, setting, 'sk_test_9876543210-new')).stderr, /"storage-failed"/);
  assert.match((await read()).text, /"Failed".*free space/);
  const seen = readFileSync(join(workflows, 'seen'), 'utf8');
  assert.match(seen, /without it nothing is changed or read\. Check the free space/);
  assert.deepEqual(
    (await runJson<KeyRow[]>(data, ['keys', 'list'])).map(({ description }) => description),
    ['Before'],
  );

  limitFiles(daemon.pid, -1);
  assert.match((await read()).text, /"got 18"/);
  assert.equal((await created('After')).code, 0);
  assert.match((await runCommand(data, ['audit', '--verify'])).stdout, /whole/);

  await daemon.end('SIGKILL');
  daemon = await startDaemonProcess({ data });
  const descriptions = (await runJson<KeyRow[]>(data, ['keys', 'list'])).map((row) => row.description);
  assert.deepEqual(descriptions.sort(), ['After', 'Before']);
  assert.match((await runCommand(data, ['audit', '--verify'])).stdout, /whole/);
  // What came into the log without its change says so.
  const audit = await runJson<AuditRow[]>(data, ['audit']);
  const aborted = new Set(
    audit.filter(({ outcome }) => outcome === 'aborted').map(({ detail }) => detail?.seq),
  );
  const standing = audit.filter(({ action, seq }) => action === 'key.created' && !aborted.has(seq));
  assert.equal(standing.length, 2);
  const runs = await runJson<RunDetail[]>(data, ['runs', 'list']);
  assert.ok(runs.every(({ status }) => status !== 'Running' && status !== 'Pending'));
});
