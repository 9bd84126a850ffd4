/**
 * A thousand secrets go through everything that the product does, crashes included; then all that it has said and
 * written is searched for them, in 33 ways of writing (invariant 1).
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { openCanaries } from './canaries.ts';
import { draft, source } from './flows.ts';
import { misuse } from './misuse.ts';
import { plantConfigs, plantCredentials } from './planting.ts';
import { openService } from './service.ts';
import { ask, command, descendants, openEditor, readFiles, readProcess } from './witness.ts';

test('no secret is in a file, a log, an answer, a message or a process but where invariant 1 has it', {
  timeout: 400_000,
}, async (t) => {
  const folder = temporaryFolder();
  const [data, workflows, temporary, apart] = ['data', 'flows', 't', 'apart'].map((name) => {
    mkdirSync(join(folder.path, name), { mode: 0o700 });
    return join(folder.path, name);
  }) as [string, string, string, string];
  writeFileSync(join(workflows, 'flows.py'), source);

  const canaries = openCanaries();
  const leaks = new Set<string>();
  let searched = 0;
  const heard = (where: string, bytes: Uint8Array) => {
    searched += bytes.length;
    kept.push([where, bytes]);
  };
  // What is said now may be a secret only later, as keys are.
  const kept: [string, Uint8Array][] = [];
  const search = () => {
    for (const [where, bytes] of kept.splice(0)) {
      for (const found of canaries.search(bytes)) leaks.add(`${where}: ${found.replace(/ \(.*/, '')}`);
    }
  };
  /** The one file that holds the token of the socket; no other does. */
  const searchFiles = () =>
    readFiles(folder.path, heard, (path) => path.startsWith(apart) || path === join(data, 'daemon.token'));

  const service = await openService(() => canaries.make('an access token'));
  let secretKey = canaries.make('the secret key');
  const inEnvironment = canaries.make('a value in a variable', 'punctuated');
  const start = async () => {
    const started = await startDaemonProcess({
      data,
      folders: [workflows],
      environment: {
        BIFROST_SECRET_KEY: secretKey,
        REFERRED_TEST_VALUE: inEnvironment,
        TMPDIR: temporary,
        WORKFLOW_KEYS_MAX_LOG_KB: '20480',
        WORKFLOW_KEYS_POOL_SIZE: '2',
        WORKFLOW_KEYS_FAILED_AUTHENTICATION_LIMIT: '1000',
        WORKFLOW_KEYS_WRITE_LIMIT: '10000',
      },
    });
    canaries.add('the token of the socket', readFileSync(join(data, 'daemon.token'), 'utf8').trim());
    return started;
  };
  let daemon = await start();
  const end = async (signal?: NodeJS.Signals) => {
    const code = await daemon.end(signal);
    heard('the output of the daemon', Buffer.from(daemon.said()));
    return code;
  };
  let editor = await openEditor(heard, data);
  t.after(async () => {
    editor.leave();
    await daemon.end('SIGKILL');
    service.close();
    folder.remove();
  });
  const run = (args: string[], options?: Parameters<typeof command>[3]) =>
    command(heard, data, args, options);

  // Keys: each is in the answer that made it, and in no other place.
  const keyIn = (text: string) => {
    const { key } = JSON.parse(text) as { key: string };
    canaries.add('a key', key);
    return key;
  };
  const makeKey = async (args: string[]) => {
    const { stdout } = await run(['keys', ...args, '--json'], { without: keyIn });
    return JSON.parse(stdout) as { id: string; key: string };
  };
  await editor.request('workflowKeys/organizations/add', { id: 'acme' });
  await editor.request('workflowKeys/organizations/add', { id: 'globex' });
  const all =
    'workflows:read,workflows:write,workflows:execute,runs:read,connections:read,connections:write,keys:read,keys:write,configs:read,configs:write,audit:read';
  const { key: admin } = await makeKey(['create', '--name', 'All', '--scopes', all]);
  const { key: globalKey } = await makeKey(['create', '--global', '--description', 'Global']);
  const { key: acmeKey } = await makeKey(['create', '--global', '--description', 'Acme', '--org', 'acme']);
  const own = await makeKey(['create', '--workflow', 'give', '--description', 'Own']);
  const { key: successor } = await makeKey(['rotate', own.id]);
  const http = (method: string, path: string, options: Parameters<typeof ask>[3] & { key?: string } = {}) =>
    ask(heard, method, `${daemon.url}${path}`, {
      ...options,
      headers: { ...(options.key !== '' && { 'x-api-key': options.key ?? admin }), ...options.headers },
    });
  await http('POST', '/api/v1/auth/api-keys', {
    body: { name: 'Made over HTTP', scopes: ['runs:read'] },
    without: (text) => {
      const { key } = (JSON.parse(text) as { data: { key: string } }).data;
      canaries.add('a key made over HTTP', key);
      return key;
    },
  });

  const planted = await plantConfigs({ canaries, editor, run, http, apart });
  await plantCredentials({ canaries, editor, run, http, service });

  await t.test('runs that say what they have read', async () => {
    const endpoint = (name: string, key: string, input: unknown, query = '') =>
      http('POST', `/api/endpoints/${name}${query}`, { key, body: input });
    const [first, second, third] = [
      planted.global.slice(0, 3),
      planted.global.slice(3, 6),
      planted.acme.slice(0, 3),
    ];
    const given = canaries.make('a value in the input', 'punctuated');
    await editor.request('workflowKeys/configs/set', { name: 'also_input', type: 'secret', value: given });
    for (const [names, key] of [
      ...planted.batches.global.map((b) => [b, globalKey] as const),
      ...planted.batches.acme.map((b) => [b, acmeKey] as const),
    ]) {
      const { text } = await endpoint('give', key, { names, given: 'nothing' });
      assert.equal((JSON.parse(text) as { status: string }).status, 'Success', text.slice(0, 500));
    }
    await endpoint('give', successor, { names: ['also_input', ...first], given });
    await endpoint('fail', globalKey, { names: first });
    for (let way = 0; way < 33; way += 4) await endpoint('fail', acmeKey, { names: third, way });
    await endpoint('slow', globalKey, { names: second });
    for (const way of ['abort', 'segfault', 'exit', 'kill'])
      await endpoint('crash', globalKey, { names: second, way });
    await run(['run', 'give', '--org', 'acme', '--input', JSON.stringify({ names: third })]);
    await editor.request('workflowKeys/runs/start', { workflowId: 'give', input: { names: first } });
    await endpoint('store', acmeKey, { prefix: 'stored_', path: planted.valuesFile });
    const stored = canaries.make('a value that a run stores from its input');
    await endpoint('store_input', globalKey, { name: 'from_input', value: stored });

    const later = await http('POST', '/api/v1/workflows/later/run', {
      body: { input: { names: ['also_input', ...second], given } },
      headers: { 'idempotency-key': 'test-1' },
    });
    const { id } = (JSON.parse(later.text) as { data: RunDetail }).data;
    await http('GET', `/api/v1/runs/${id}/logs`);
    await http('GET', `/api/v1/runs/${id}`);
    const { ended } = await editor.request('workflowKeys/runs/follow', { id, after: 0 });
    assert.ok(ended === null || ended.status === 'Success');
    await run(['runs', 'show', id, '--follow']);
    await http('POST', `/api/v1/runs/${id}/retry`);
    const fresh = await http('POST', '/api/v1/workflows/later/run?wait=true', {
      body: { input: { names: second } },
    });
    await run(['runs', 'retry', (JSON.parse(fresh.text) as { data: RunDetail }).data.id]);
  });

  await t.test('outgoing calls to a service that says everything again', async () => {
    for (const credential of planted.credentials) {
      for (const path of ['/echo', '/moved', '/refused', '/cut']) {
        const { text } = await http('POST', '/api/endpoints/call', {
          key: globalKey,
          body: { url: `${service.origin}${path}`, credential },
        });
        if (path === '/echo') assert.match(text, /"Success".*REDACTED/, credential);
      }
      await http('POST', '/api/endpoints/headers', { key: globalKey, body: { credential } });
      await run(['credentials', 'test', credential]);
    }
    await http('POST', '/api/endpoints/call', {
      key: globalKey,
      body: { url: 'http://localhost:1/', credential: planted.credentials[0] },
    });
    const listed = await http('GET', '/api/v1/connections');
    for (const { id } of (JSON.parse(listed.text) as { data: { id: string }[] }).data) {
      await http('POST', `/api/v1/connections/${id}/test`);
    }
  });

  await t.test('webhooks, wrong keys and bad input', async () => {
    await misuse({ canaries, editor, run, http, workflows });
    await editor.show('file:///draft.py', draft(canaries.make('a value in a document')));
    await editor.diagnose('file:///draft.py');
  });

  await t.test(
    'a run that holds its secrets shows them in no process, and kill -9 leaves none behind',
    async () => {
      const held = join(apart, 'held');
      const holding = http('POST', '/api/endpoints/hold', {
        key: globalKey,
        body: { names: planted.global.slice(0, 3), sign: held },
      });
      while (!existsSync(held)) await pause(5);
      const pids = descendants(daemon.pid);
      let read = 0;
      for (const pid of pids) {
        const facts = readProcess(pid, ['cmdline', 'environ', 'comm', 'limits']);
        if (!facts) continue;
        for (const [file, bytes] of Object.entries(facts)) heard(`${file} of a run's process`, bytes);
        assert.match(String(facts.limits), /^Max core file size +0 +0 /m);
        read += 1;
      }
      assert.ok(read > 1);
      heard('the command line of the daemon', readFileSync(`/proc/${daemon.pid}/cmdline`));
      const running = await editor.request('workflowKeys/runs/list', { status: 'Running' });
      assert.equal(running.length, 1);
      assert.equal((await run(['runs', 'cancel', String(running[0]?.id)])).code, 0);
      assert.match((await holding).text, /"Cancelled"/);

      rmSync(held);
      const lost = http('POST', '/api/endpoints/hold', {
        key: globalKey,
        body: { names: planted.global.slice(0, 3), sign: held },
      }).catch(() => undefined);
      while (!existsSync(held)) await pause(5);
      await Promise.all([end('SIGKILL'), lost]);
      searchFiles();
      editor.leave();
      daemon = await start();
      editor = await openEditor(heard, data);
    },
  );

  await t.test('what lists, shows, exports and explains', async () => {
    for (const args of [
      ['status'],
      ['keys', 'list'],
      ['config', 'list'],
      ['config', 'list', '--org', 'acme'],
      ['config', 'get', 'g0'],
      ['credentials', 'list'],
      ['credentials', 'services'],
      ['orgs', 'list'],
      ['backup', '-o', join(temporary, 'everything.backup')],
      ['workflows', 'list'],
      ['folders', 'list'],
      ['runs', 'list'],
      ['audit'],
      ['audit', '--json'],
      ['lint', workflows],
      ['export', '--portable'],
      ['export', '--portable', '-o', join(temporary, 'bundle.yaml')],
      ['import', '--dry-run', join(temporary, 'bundle.yaml')],
    ]) {
      await run(args);
    }
    assert.ok(existsSync(join(temporary, 'everything.backup')));
    for (const path of [
      'runs?limit=100',
      'audit?limit=100',
      'configs?limit=100',
      'configs/g0',
      'connections',
      'auth/api-keys',
      'workflows',
      'workflows/give',
    ]) {
      assert.equal((await http('GET', `/api/v1/${path}`)).status, 200, path);
    }
    for (const path of ['/healthz', '/api-docs', '/api-docs/openapi.json', '/api/executions'])
      await http('GET', path);
    for (let after = 0, size = 1000; size === 1000; after += size) {
      size = (await editor.request('workflowKeys/audit/list', { after, limit: 1000 })).length;
    }
    for (const { id } of await editor.request('workflowKeys/runs/list', { limit: 1000 })) {
      await editor.request('workflowKeys/runs/show', { id });
    }
    const verified = await editor.request('workflowKeys/audit/verify', null);
    assert.equal(verified.firstBad, null);
  });

  await t.test('a rotation of the secret key, and the start with it', async () => {
    const next = canaries.make('the next secret key');
    assert.equal((await run(['rotate-secret-key', '--dry-run'])).code, 0);
    assert.equal((await run(['rotate-secret-key'], { input: next })).code, 0);
    editor.leave();
    await end();
    searchFiles();
    const wrong = await startDaemonProcess({
      data,
      environment: { BIFROST_SECRET_KEY: secretKey, TMPDIR: temporary },
    });
    await wrong.end();
    heard('the output of a daemon with the wrong key', Buffer.from(wrong.said()));
    secretKey = next;
    daemon = await start();
    editor = await openEditor(heard, data);
    const { text } = await http('POST', '/api/endpoints/give', {
      key: globalKey,
      body: { names: planted.global.slice(0, 2) },
    });
    assert.match(text, /Success/);
  });

  await t.test('an import that is carried out, and a restore', async () => {
    const [bundle, given, backup] = [
      join(temporary, 'more.yaml'),
      join(apart, 'given.yaml'),
      join(temporary, 'last.backup'),
    ];
    const row = (value: string) =>
      `format: workflow-keys\nversion: 1\nconfigs:\n  - key: "imported"\n    organization: "acme"\n    config_type: secret\n    value: ${value}\n`;
    writeFileSync(bundle, row('null'));
    writeFileSync(given, row(JSON.stringify(canaries.make('a value in a bundle'))));
    assert.equal((await run(['import', '--yes', given])).code, 1);
    assert.equal((await run(['import', '--yes', bundle])).code, 0);
    await http('POST', '/api/endpoints/give', { key: acmeKey, body: { names: ['imported'] } });
    const typed = canaries.make('a value that an import asks for', 'punctuated');
    await run(['config', 'set', 'imported', '--type', 'secret', '--org', 'acme'], { input: typed });
    assert.equal((await run(['backup', '-o', backup])).code, 0);
    editor.leave();
    await end();
    const restored = await run(['restore', '--yes', backup], {
      environment: { BIFROST_SECRET_KEY: secretKey, TMPDIR: temporary },
    });
    assert.equal(restored.code, 0);
    searchFiles();
    daemon = await start();
    editor = await openEditor(heard, data);
    const { text } = await http('POST', '/api/endpoints/give', {
      key: acmeKey,
      body: { names: ['imported'], given: 'nothing' },
    });
    assert.match(text, /Success/);
  });

  editor.leave();
  assert.equal(await end(), 0);
  searchFiles();
  search();
  assert.ok(canaries.size >= 1000, `${canaries.size} canaries`);
  t.diagnostic(`${canaries.size} canaries, ${Math.round(searched / 2 ** 20)} MiB searched`);
  assert.deepEqual([...leaks], []);

  // The same search finds the one that is planted where none may be.
  writeFileSync(join(data, 'leak'), Buffer.from(canaries.make('a leak')).toString('base64'));
  searchFiles();
  search();
  assert.deepEqual([...leaks], ['the file /data/leak: a leak']);
  assert.ok(readdirSync(data).length > 2);
});
