/** A daemon that an editor started outlives it for as long as somebody needs it, and no longer. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runJson, startDaemonProcess, temporaryFolder } from '../support/daemonProcess.ts';
import { connectEditor } from '../support/lspClient.ts';

const folder = temporaryFolder();
after(() => folder.remove());

const background = { flags: ['--background'], environment: { WORKFLOW_KEYS_IDLE_SECONDS: '1' } };

test('a background daemon that nobody needs stops by itself', async () => {
  const daemon = await startDaemonProcess({ data: join(folder.path, 'unneeded'), ...background });
  assert.equal(await daemon.exited, 0);
});

test('it stays while an editor is connected, and goes when that has gone', async () => {
  const daemon = await startDaemonProcess({ data: join(folder.path, 'editor'), ...background });
  const editor = await connectEditor(daemon.data);
  const ended = await Promise.race([
    daemon.exited,
    new Promise((resolve) => setTimeout(() => resolve('still there'), 2500)),
  ]);
  assert.equal(ended, 'still there');
  editor.leave();
  assert.equal(await daemon.exited, 0);
});

test('it outlives the last editor while an endpoint is registered', async () => {
  const workspace = join(folder.path, 'workspace');
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flow.py'),
    'from bifrost import workflow\n\n@workflow(endpoint_enabled=True)\ndef here(context):\n    return 1\n',
  );
  const daemon = await startDaemonProcess({
    data: join(folder.path, 'endpoint'),
    folders: [workspace],
    ...background,
  });
  try {
    const ended = await Promise.race([
      daemon.exited,
      new Promise((resolve) => setTimeout(() => resolve('still there'), 2500)),
    ]);
    assert.equal(ended, 'still there');
    assert.equal((await runJson<{ pid: number }>(daemon.data, ['status'])).pid, daemon.pid);
  } finally {
    await daemon.end();
  }
});
