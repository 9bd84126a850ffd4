/** What an HTTP caller was told is still true when the daemon was killed and has started again (invariant 3). */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const source = `
import pathlib, time
from bifrost import ExecutionContext, workflow

@workflow(name="wait", endpoint_enabled=True)
def wait(context: ExecutionContext, name: str):
    folder = pathlib.Path(__file__).parent
    (folder / name).write_text("begun")
    while not (folder / "go").exists():
        time.sleep(0.005)
    return name
`;

async function openPlace(t: TestContext) {
  const folder = temporaryFolder();
  const workflows = join(folder.path, 'workflows');
  mkdirSync(workflows);
  writeFileSync(join(workflows, 'flows.py'), source);
  const start = () =>
    startDaemonProcess({
      data: join(folder.path, 'data'),
      folders: [workflows],
      environment: { WORKFLOW_KEYS_MAX_CONCURRENT_RUNS: '1' },
    });
  let daemon = await start();
  t.after(async () => {
    await daemon.end();
    folder.remove();
  });
  const { key } = await runJson<{ key: string }>(daemon.data, [
    ...['keys', 'create', '--name', 'Crash', '--scopes', 'runs:read,workflows:execute'],
  ]);
  return {
    workflows,
    async killAndStart(): Promise<void> {
      await daemon.end('SIGKILL');
      daemon = await start();
    },
    async call(path: string, name?: string): Promise<{ status: number; data: RunDetail }> {
      const { statusCode, body } = await request(`${daemon.url}/api/v1/${path}`, {
        method: name === undefined ? 'GET' : 'POST',
        headers: {
          'x-api-key': key,
          ...(name !== undefined && {
            'content-type': 'application/json',
            'idempotency-key': `order-${name}`,
          }),
        },
        body: name === undefined ? null : JSON.stringify({ input: { name } }),
      });
      const answer = (await body.json()) as { data: RunDetail };
      return { status: statusCode, data: answer.data };
    },
    logs: (id: string) =>
      request(`${daemon.url}/api/v1/runs/${id}/logs`, { headers: { 'x-api-key': key } }).then(({ body }) =>
        body.text(),
      ),
  };
}

test('accepted runs and their idempotency keys survive kill -9 of the daemon', {
  timeout: 120_000,
}, async (t) => {
  const place = await openPlace(t);
  const begun = await place.call('workflows/wait/run', 'begun');
  while (!existsSync(join(place.workflows, 'begun'))) await place.call(`runs/${begun.data.id}`);
  const waiting = await place.call('workflows/wait/run', 'waiting');
  assert.deepEqual([begun.status, waiting.status], [202, 202]);
  await place.killAndStart();
  writeFileSync(join(place.workflows, 'go'), '');

  const [first, second] = [
    await place.call('workflows/wait/run', 'begun'),
    await place.call('workflows/wait/run', 'waiting'),
  ];
  assert.deepEqual([first.data.id, second.data.id], [begun.data.id, waiting.data.id]);
  assert.equal(first.data.status, 'Interrupted');
  assert.match(await place.logs(second.data.id), /\nevent: end\ndata: .*"status":"Success"/);
  assert.equal((await place.call(`runs/${second.data.id}`)).data.result, 'waiting');
});
