/** What the command line says of a wrong command line, of a daemon that has gone or is another one, and of no reader. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { DaemonFile } from '../../server/protocol/daemon.ts';
import { type DaemonProcess, program, runCommand, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { converse } from '../support/terminal.ts';

const folder = temporaryFolder();
let daemon: DaemonProcess;

before(async () => {
  daemon = await startDaemonProcess({ data: join(folder.path, 'data') });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('a mistyped command or option is one line that names the one that was meant', async () => {
  for (const [args, meant] of [
    [['serv'], 'serve'],
    [['keys', 'lst'], 'list'],
    [['config', 'list', '--jsn'], '--json'],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(daemon.data, [...args]);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^workflow-keys: unknown [^\\n]+ Did you mean ${meant}\\?\\n$`));
  }
});

test('a wrong command line names the help of its command, and is JSON where that is asked for', async () => {
  const { code, stderr } = await runCommand(daemon.data, ['keys', 'revoke']);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    "workflow-keys: missing required argument 'id'. See: workflow-keys keys revoke --help\n",
  );
  const json = await runCommand(daemon.data, ['keys', 'revoke', '--json']);
  assert.equal(json.code, 1);
  assert.equal((JSON.parse(json.stderr) as { error: { code: string } }).error.code, 'bad-input');
});

test('the help of every command tells of --json and --data', async () => {
  for (const args of [['serve'], ['keys', 'create'], ['audit']]) {
    const { code, stdout } = await runCommand(daemon.data, [...args, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /--data <dir>[\s\S]*--json/);
  }
});

/** What it says on standard error, and how it ends. */
async function outcomeOf(child: ReturnType<typeof spawn>): Promise<{ code: number | null; said: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

test('what a message advises can be pasted, in the repository too', async () => {
  const viaNpm = (script: string, args: string[]) =>
    outcomeOf(
      spawn(process.execPath, [program, ...args, '--data', join(folder.path, 'none')], {
        env: { ...process.env, npm_lifecycle_event: script, npm_package_name: 'workflow-keys' },
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
  const absent = await viaNpm('cli', ['status']);
  assert.match(absent.said, /^workflow-keys: No daemon runs on [^\n]+ with: npm run -s cli -- serve\n$/);
  const taken = await viaNpm('start', ['serve', '--port', new URL(daemon.url).port]);
  assert.match(taken.said, /^workflow-keys: Port \d+ [^\n]+ with npm start -- --port [^\n]+\n$/);
});

test('what is installed says in one line that Node is too old for it', async () => {
  const older =
    "data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
  const child = spawn(process.execPath, ['--import', older, program, 'status'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { code, said } = await outcomeOf(child);
  assert.equal(code, 1);
  assert.match(said, /^workflow-keys: This is Node 20\.20\.2, and Node 24 or newer is needed\.[^\n]*\n$/);
  const present = spawn(process.execPath, [program, '--version'], { stdio: ['ignore', 'ignore', 'pipe'] });
  assert.deepEqual(await outcomeOf(present), { code: 0, said: '' });
});

test('serve tells where it listens and what it has found, and Ctrl+C ends it', {
  timeout: 60_000,
}, async () => {
  const workspace = join(folder.path, 'workspace');
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flow.py'),
    'from bifrost import workflow\n\n@workflow\ndef f(context):\n    return 1\n',
  );
  const child = spawn(
    process.execPath,
    [program, 'serve', workspace, '--port', '0', '--data', join(folder.path, 'served')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const outcome = outcomeOf(child);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === 'Stop with Ctrl+C.') child.kill('SIGINT');
  }
  assert.deepEqual(await outcome, { code: 0, said: '' });
  const url = lines[0]?.replace('Workflow Keys listens on ', '');
  assert.deepEqual(lines.slice(1), [
    `Its reference is at ${url}/api-docs`,
    `1 workflow in ${workspace}`,
    'Stop with Ctrl+C.',
    'Stopping; runs in flight finish first.',
  ]);
});

test('lsp says in one line why it could not start a daemon', async () => {
  const environment = { ...process.env, WORKFLOW_KEYS_PORT: new URL(daemon.url).port };
  const child = spawn(process.execPath, [program, 'lsp', '--data', join(folder.path, 'lsp')], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { code, said } = await outcomeOf(child);
  assert.equal(code, 1);
  assert.match(said, /^workflow-keys: Port \d+ on 127\.0\.0\.1 is taken[^\n]+\n$/);
});

test('an answer that cannot be written is one line and a failure', async () => {
  const file = join(folder.path, 'read-only');
  writeFileSync(file, '');
  const child = spawn(process.execPath, [program, 'config', 'list', '--data', daemon.data], {
    stdio: ['ignore', openSync(file, 'r'), 'pipe'],
  });
  const { code, said } = await outcomeOf(child);
  assert.equal(code, 1);
  assert.match(said, /^workflow-keys: The answer could not be written to standard output[^\n]+\n$/);
});

test('following ends when nobody reads it any more', { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, [program, 'audit', '--follow', '--data', daemon.data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome = outcomeOf(child);
  await once(createInterface({ input: child.stdout }), 'line');
  child.stdout.destroy();
  await runCommand(daemon.data, ['config', 'set', 'followed', 'value']);
  assert.deepEqual(await outcome, { code: 0, said: '' });
});

test('a daemon of another version is told apart, and can still be looked at and stopped', async () => {
  const announced = JSON.parse(readFileSync(join(daemon.data, 'daemon.json'), 'utf8')) as DaemonFile;
  const data = join(folder.path, 'other-version');
  mkdirSync(data);
  const other = { ...announced, version: '9.9.9', protocolVersion: announced.protocolVersion + 1 };
  writeFileSync(join(data, 'daemon.json'), JSON.stringify(other));
  const { code, stderr } = await runCommand(data, ['keys', 'list']);
  assert.equal(code, 1);
  assert.match(stderr, /^workflow-keys: The daemon is version 9\.9\.9 [^\n]*workflow-keys stop[^\n]*\n$/);
  assert.equal((await runCommand(data, ['status'])).code, 0);
});

test('no value is asked for that would be refused whatever it is', async () => {
  for (const args of [
    ['credentials', 'add', 'one', '--service', 'no-such-service'],
    ['credentials', 'add', 'no name', '--service', 'github'],
    ['credentials', 'add', 'one', '--service', 'github', '--org', 'nobody'],
    ['config', 'set', 'no name', '--type', 'secret'],
    ['config', 'set', 'one', '--type', 'secret', '--org', 'nobody'],
  ]) {
    const { code, shown } = await converse(daemon.data, args, []);
    assert.equal(code, 1, args.join(' '));
    assert.match(shown, /^workflow-keys: [^\r\n]+\r\n$/);
  }
  const short = await converse(daemon.data, ['rotate-secret-key'], [[/New secret key: /, 'test-short']]);
  assert.equal(short.code, 1);
  assert.match(short.shown, /shorter than 32 characters/);
});

test('who is asked while the daemon dies is told, and is not kept waiting', async () => {
  const data = join(folder.path, 'dies');
  const dying = await startDaemonProcess({ data });
  const asked = await converse(
    data,
    ['config', 'set', 'one', '--type', 'secret'],
    [[/Value of one: /, () => void dying.end('SIGKILL')]],
  );
  assert.equal(asked.code, 1);
  assert.match(asked.shown, /workflow-keys: The daemon ended before it answered/);
});
