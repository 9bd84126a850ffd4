/** What the command line prints and refuses where a terminal, a pipe or a folder is not as one would wish. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { plain, plainLines } from '../../server/cli/output.ts';
import type { DaemonFile } from '../../server/protocol/daemon.ts';
import { type DaemonProcess, program, runCommand, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
let daemon: DaemonProcess;

before(async () => {
  const workspace = join(folder.path, 'workspace');
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `from bifrost import workflow

@workflow(name="escapes")
def escapes(context):
    print("\\x1b[2Jlog")
    raise ValueError("\\x1b]0;title\\x07 \\u202egnp.exe")
`,
  );
  daemon = await startDaemonProcess({ data: join(folder.path, 'data'), folders: [workspace] });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('nothing that a terminal would obey is printed of a run', async () => {
  const { code, stdout } = await runCommand(daemon.data, ['run', 'escapes']);
  assert.equal(code, 1);
  assert.match(stdout, /Traceback[\s\S]*\n[^\n]*ValueError/);
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
});

test('one line stays one line, and writing is not turned around', () => {
  assert.equal(plain('a\n\u001b[31mb\u2028c\u202ed\u0085e'), 'a\uFFFD\uFFFD[31mb\uFFFDc\uFFFDd\uFFFDe');
  assert.equal(plain('é 😀 👩‍💻 日本'), 'é 😀 👩‍💻 日本');
  assert.equal(plainLines('a\u0007\nb'), 'a\uFFFD\nb');
});

test('a reader that has seen enough is no failure', async () => {
  const child = spawn(process.execPath, [program, 'keys', 'list', '--data', daemon.data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.equal(said, '');
});

test('a data directory or secret key that cannot be used is one line that says what to do', async () => {
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  for (const data of [file, join(file, 'below')]) {
    const { code, stderr } = await runCommand(data, ['serve', '--port', '0']);
    assert.equal(code, 1);
    assert.match(stderr, /^workflow-keys: The data directory [^\n]*--data[^\n]*\n$/);
  }
  for (const secret of ['', 'test-short']) {
    const started = startDaemonProcess({
      data: join(folder.path, 'short'),
      environment: { BIFROST_SECRET_KEY: secret },
    });
    await assert.rejects(started, ({ message }: Error) => {
      assert.match(message, /BIFROST_SECRET_KEY is shorter than 32 characters/);
      assert.ok(secret === '' || !message.includes(secret));
      return true;
    });
  }
});

test('a daemon.json that is stale, damaged or of somebody else reads as no daemon', async () => {
  const data = join(folder.path, 'stale');
  mkdirSync(data);
  const socket = join(data, 'gone');
  for (const content of [
    '',
    'null',
    '{}',
    JSON.stringify({ tokenFile: join(data, 'daemon.json') }),
    // The process id was given to another program since.
    JSON.stringify({ pid: process.pid, socket, tokenFile: join(data, 'daemon.json') }),
  ]) {
    writeFileSync(join(data, 'daemon.json'), content);
    const { code, stderr } = await runCommand(data, ['status']);
    assert.equal(code, 1, content);
    assert.match(stderr, /^workflow-keys: No daemon runs on [^\n]*workflow-keys serve\n$/);
  }
});

test('a socket path that would be too long for the system is put elsewhere', async () => {
  const data = join(folder.path, 'long'.repeat(40));
  const alsoLong = join(folder.path, 'also'.repeat(40));
  mkdirSync(alsoLong);
  for (const environment of [{}, { TMPDIR: alsoLong }]) {
    const long = await startDaemonProcess({ data, environment });
    const { socket } = JSON.parse(readFileSync(join(data, 'daemon.json'), 'utf8')) as DaemonFile;
    try {
      assert.equal((await runCommand(data, ['status'])).code, 0);
      assert.equal(statSync(dirname(socket)).mode & 0o777, 0o700);
    } finally {
      assert.equal(await long.end(), 0);
    }
    assert.ok(!existsSync(dirname(socket)));
  }
});
