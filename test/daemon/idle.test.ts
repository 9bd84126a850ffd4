/** A daemon that an editor started outlives it for as long as somebody needs it, and no longer. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { connectEditor } from '../support/lspClient.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const workspace = join(folder.path, 'workspace');
after(() => folder.remove());

const background = { flags: ['--background'], environment: { WORKFLOW_KEYS_IDLE_SECONDS: '1' } };

/** However long it takes until somebody looks for it, its endpoint keeps it. */
const startWithEndpoint = (name: string) =>
  startDaemonProcess({ data: join(folder.path, name), folders: [workspace], ...background });

let unneeded = 0;

/** Resolves when a daemon that is started now, and that nobody needs, has ended by itself. */
async function idleTimePasses(): Promise<void> {
  unneeded += 1;
  const daemon = await startDaemonProcess({ data: join(folder.path, `unneeded-${unneeded}`), ...background });
  assert.equal(await daemon.exited, 0);
}

before(() => {
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flow.py'),
    'from bifrost import workflow\n\n@workflow(endpoint_enabled=True)\ndef here(context):\n    return 1\n',
  );
});

test('a background daemon that nobody needs stops by itself', idleTimePasses);

test('it stays while an editor is connected, and goes when that has gone', async () => {
  const daemon = await startWithEndpoint('editor');
  const editor = await connectEditor(daemon.data);
  await editor.request('workflowKeys/folders/unregister', { path: workspace });
  await idleTimePasses();
  assert.equal((await editor.request('workflowKeys/daemon/status', null)).pid, daemon.pid);
  editor.leave();
  assert.equal(await daemon.exited, 0);
});

test('it outlives the last editor while an endpoint is registered', async () => {
  const daemon = await startWithEndpoint('endpoint');
  try {
    await idleTimePasses();
    assert.equal((await runJson<{ pid: number }>(daemon.data, ['status'])).pid, daemon.pid);
  } finally {
    await daemon.end();
  }
});
