/** The audit log on the command line: what is asked for, and what comes while somebody looks. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { AuditRow } from '../../server/protocol/audit.ts';
import {
  type DaemonProcess,
  program,
  runCommand,
  runJson,
  startDaemonProcess,
} from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
let daemon: DaemonProcess;
const audit = (...args: string[]) => runJson<AuditRow[]>(daemon.data, ['audit', ...args]);
const setSecret = (name: string) =>
  runCommand(daemon.data, ['config', 'set', name, '--type', 'secret'], 'test-value-0123');

before(async () => {
  daemon = await startDaemonProcess({ data: folder.path });
  for (const name of ['one', 'two', 'three']) await setSecret(name);
  await runCommand(daemon.data, ['config', 'set', 'plain', 'value']);
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('only what is asked for is shown, the newest last', async () => {
  const targets = (rows: AuditRow[]) => rows.map(({ target }) => target);
  assert.deepEqual(targets(await audit('--action', 'secret.written')), ['one', 'two', 'three']);
  assert.deepEqual(targets(await audit('--action', 'secret', '--limit', '2')), ['two', 'three']);
  assert.deepEqual(targets(await audit('--target', 'plain')), ['plain']);
  assert.deepEqual(await audit('--action', 'secre'), []);
  assert.deepEqual(await audit('--since', '2999-01-01'), []);
  assert.equal((await audit('--since', '1h')).length, (await audit()).length);
});

test('bad filters are one clear line', async () => {
  for (const [args, line] of [
    [['--since', 'yesterday'], /--since must be a time such as/],
    [['--limit', 'many'], /--limit must be a whole number/],
    [['--limit', '0'], /whole number from 1 to 1000/],
  ] as const) {
    const { code, stderr } = await runCommand(daemon.data, ['audit', ...args]);
    assert.equal(code, 1);
    assert.match(stderr, line);
    assert.equal(stderr.trim().split('\n').length, 1);
  }
});

test('what comes is printed as it comes, and nothing twice', { timeout: 120_000 }, async () => {
  const follow = spawn(
    process.execPath,
    [program, 'audit', '--follow', '--json', '--action', 'secret', '--data', daemon.data],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: follow.stdout })[Symbol.asyncIterator]();
  const next = async () => (JSON.parse(String((await lines.next()).value)) as AuditRow).target;
  try {
    assert.deepEqual([await next(), await next(), await next()], ['one', 'two', 'three']);
    await setSecret('four');
    await runCommand(daemon.data, ['config', 'set', 'plain', 'other']);
    await setSecret('five');
    assert.deepEqual([await next(), await next()], ['four', 'five']);
  } finally {
    follow.kill();
    await once(follow, 'exit');
  }
});
