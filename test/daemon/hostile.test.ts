/** Broken clients and a full disk: each is told what is wrong, and the daemon goes on for everybody else. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { openSocket } from '../../server/cli/connect.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { connectEditor, type LspClient } from '../support/lspClient.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
let daemon: DaemonProcess;
/** Another window, which must not feel anything of it. */
let bystander: LspClient;

before(async () => {
  daemon = await startDaemonProcess({ data: join(folder.path, 'data') });
  bystander = await connectEditor(daemon.data);
});
after(async () => {
  bystander?.leave();
  await daemon?.end();
  folder.remove();
});

const isUnharmed = async () =>
  assert.equal((await bystander.request('workflowKeys/daemon/status', null)).pid, daemon.pid);

/** Parameters that are wrong for the message, and the field that must be named. */
const wrong: [method: string, params: unknown, named: RegExp][] = [
  ['keys/create', { global: true }, /"description".* text/],
  ['keys/create', { description: 'x', global: 'yes' }, /"global".* true or false/],
  ['keys/create', { description: 'x', global: true, expiresInDays: '30' }, /30, 60, 90/],
  ['keys/revoke', { id: 5 }, /"id".* text/],
  ['configs/list', { organizationId: null }, /"organizationId".* text/],
  ['configs/get', { name: {} }, /"name".* text/],
  ['configs/set', { name: 'a', type: 5, value: 'x' }, /"type".* text/],
  ['configs/set', { name: 'a', type: 'float', value: 'x' }, /string, int, bool/],
  ['configs/set', { name: 'a', type: 'string', value: 'x', description: [] }, /"description".* text/],
  ['configs/unset', { name: 'a', organizationId: 5 }, /"organizationId".* text/],
  ['organizations/add', { id: 'acme', name: 5 }, /"name".* text/],
  ['organizations/remove', { id: null }, /"id".* text/],
  ['organizations/rename', { id: 'acme' }, /"name".* text/],
  ['organizations/contents', {}, /"id".* text/],
  ['workflows/setOrganization', { id: 'x', organizationId: null }, /"organizationId".* text/],
  ['folders/register', { path: 5 }, /"path".* text/],
  ['folders/register', { path: '.' }, /absolute/],
  ['folders/unregister', { path: {} }, /"path".* text/],
  ['runs/start', { workflowId: 'x' }, /"input".* object/],
  ['runs/start', { workflowId: 'x', input: [] }, /"input".* object/],
  ['runs/list', { limit: 'all' }, /"limit".* whole number/],
  ['runs/list', { limit: 0 }, /limit .*from 1/],
  ['runs/list', { status: 'Lost' }, /Pending/],
  ['runs/list', { before: {} }, /"before".* text/],
  ['runs/show', { id: [] }, /"id".* text/],
  ['runs/cancel', {}, /"id".* text/],
  ['language/lint', { path: 5 }, /"path".* text/],
  ['language/lint', { path: 'here' }, /absolute/],
  ['language/chooseOrganization', { organizationId: 5 }, /"organizationId".* text/],
  ['audit/list', { after: -1 }, /"after".* whole number/],
  ['audit/list', { after: 1.5 }, /"after".* whole number/],
];

test('every message with parameters says which of them is wrong, and nothing changes', async () => {
  for (const [name, params, named] of wrong) {
    const method = `workflowKeys/${name}`;
    for (const given of [params, null, 5, 'nonsense', [1, 2]]) {
      await assert.rejects(
        bystander.connection.sendRequest(method, given),
        (thrown: Error & { data?: { code: string } }) => {
          assert.equal(thrown.data?.code, 'bad-input', `${method}: ${thrown.message}`);
          assert.match(thrown.message, given === params ? named : new RegExp(method));
          return true;
        },
      );
    }
  }
  const nested = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`);
  for (const [method, params] of [
    ['workflowKeys/runs/start', { workflowId: 'x', input: { nested } }],
    ['workflowKeys/configs/set', { name: 'a', type: 'json', value: nested }],
  ] as const) {
    await assert.rejects(bystander.connection.sendRequest(method, params), { data: { code: 'bad-input' } });
  }
  assert.deepEqual(await bystander.request('workflowKeys/keys/list', null), []);
  assert.deepEqual(await bystander.request('workflowKeys/configs/list', {}), []);
});

test('bytes that are no message end their own connection, and the log does not repeat them', async () => {
  const canary = 'test-canary';
  for (const bytes of [
    'Content-Length: abc\r\n\r\n{}',
    `X-Secret: ${canary}\r\n\r\n`,
    `Content-Length: 40\r\n\r\n${`${canary} ${canary} ${canary} ${canary}`.slice(0, 40)}`,
    `Content-Length: 1000000000\r\n\r\n${'x'.repeat(33 * 1024 * 1024)}`,
  ]) {
    const socket = await openSocket(daemon.data);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await isUnharmed();
  const log = readFileSync(join(daemon.data, 'daemon.log'), 'utf8');
  assert.equal(log.match(/a connection was ended/g)?.length, 3);
  assert.ok(!log.includes(canary));
});

test('edits of nothing, to nowhere and of no kind are the problem of who sends them', async () => {
  const editor = await connectEditor(daemon.data);
  const uri = 'file:///odd.py';
  const source = 'from bifrost import config\n\nasync def f():\n    return await config.get("absent")\n';
  const change = (contentChanges: unknown) =>
    editor.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges,
    });
  try {
    await change([{ text: 'never opened' }]);
    for (const params of [{}, { textDocument: null }, { textDocument: { uri, version: 1 } }]) {
      await editor.connection.sendNotification('textDocument/didOpen', params);
    }
    assert.deepEqual(await editor.diagnose(uri), []);
    await editor.show(uri, source);
    assert.equal((await editor.diagnose(uri)).length, 1);
    const far = { line: 1e9, character: 1e9 };
    await change([{ range: { start: far, end: { line: -1, character: -1 } }, text: '' }]);
    for (const odd of [
      null,
      5,
      [null],
      [{ text: 5 }],
      [{ range: null, text: 'x' }],
      [{ range: {}, text: 'x' }],
    ]) {
      await change(odd);
      await editor.diagnose(uri);
    }
    await change([{ text: source }]);
    assert.equal((await editor.diagnose(uri)).length, 1);
  } finally {
    editor.leave();
  }
  await isUnharmed();
});

test('a document that is too large to follow is silent, and marked again once it is opened smaller', async () => {
  const editor = await connectEditor(daemon.data);
  const uri = 'file:///large.py';
  const open = (text: string) =>
    editor.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'python', version: 1, text },
    });
  const source = 'from bifrost import config\n\nasync def f():\n    return await config.get("absent")\n';
  try {
    await open(source + '# more\n'.repeat(1_500_000));
    assert.deepEqual(await editor.diagnose(uri), []);
    await open(source);
    assert.equal((await editor.diagnose(uri)).length, 1);
    await editor.show(uri, source);
    await editor.show(uri, source + '# more\n'.repeat(1_500_000));
    assert.deepEqual(await editor.diagnose(uri), []);
  } finally {
    editor.leave();
  }
});

test('a client that ends in the middle of a message does not keep the daemon from stopping', async () => {
  const other = await startDaemonProcess({ data: join(folder.path, 'half') });
  const socket = await openSocket(other.data);
  await new Promise((resolve) =>
    socket.end('Content-Length: 40\r\n\r\n{"jsonrpc":', () => resolve(undefined)),
  );
  assert.equal((await runJson<{ pid: number }>(other.data, ['status'])).pid, other.pid);
  assert.equal(await other.end(), 0);
});

test('10,000 requests at once are all answered', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, () => bystander.request('workflowKeys/organizations/list', null)),
  );
  assert.equal(answers.length, 10_000);
});

test('a client that does not read its answers does not keep the daemon from stopping', async () => {
  const other = await startDaemonProcess({ data: join(folder.path, 'unread') });
  const socket = await openSocket(other.data);
  socket.on('error', () => undefined);
  const asks = Array.from({ length: 20_000 }, (_, id) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'workflowKeys/daemon/status', params: null });
    return `Content-Length: ${body.length}\r\n\r\n${body}`;
  });
  socket.pause();
  socket.write(asks.join(''));
  // Another client is served only after what was sent before.
  assert.equal((await runJson<{ pid: number }>(other.data, ['status'])).pid, other.pid);
  assert.equal(await other.end(), 0);
  socket.destroy();
});

test('with a full disk nothing is lost and nothing acknowledged, and it goes on by itself', async () => {
  const data = join(folder.path, 'full');
  mkdirSync(data, { mode: 0o700 });
  // Every write to it fails as on a full disk.
  symlinkSync('/dev/full', join(data, 'daemon.log'));
  const full = await startDaemonProcess({ data });
  const ask = async (key: string) => {
    const answer = await request(`${full.url}/api/endpoints/none`, {
      method: 'POST',
      headers: { 'x-api-key': key },
    });
    await answer.body.dump();
    return answer.statusCode;
  };
  const create = () => runCommand(data, ['keys', 'create', '--global', '--description', 'Full', '--json']);
  try {
    const { key } = JSON.parse((await create()).stdout) as { key: string };
    const other = new DatabaseSync(join(data, 'history.db'));
    other.exec('BEGIN IMMEDIATE');
    assert.equal(await ask('bad'), 401);
    assert.equal(await ask(key), 404);
    const refused = await create();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /"storage-failed".*free space/);
    other.close();
    assert.equal(await ask('bad'), 401);
    assert.equal((await create()).code, 0);
    assert.equal((await runJson<KeyRow[]>(data, ['keys', 'list'])).length, 2);
    assert.match((await runCommand(data, ['audit', '--verify'])).stdout, /whole/);
  } finally {
    assert.equal(await full.end(), 0);
  }
});

test('of four daemons that start at once on one directory one wins, and the others name it', async () => {
  const data = join(folder.path, 'contested');
  const starts = await Promise.allSettled(Array.from({ length: 4 }, () => startDaemonProcess({ data })));
  const winners = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  try {
    assert.equal(winners.length, 1);
    for (const start of starts) {
      if (start.status === 'rejected')
        assert.match(String(start.reason), new RegExp(`\\b${winners[0]?.pid}\\b`));
    }
  } finally {
    await Promise.all(winners.map((winner) => winner.end()));
  }
});
