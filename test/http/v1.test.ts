/** The nouns of `/api/v1`, each as a client uses them: runs, workflows, keys, configuration, audit, connections. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommand, runJson } from '../support/daemonProcess.ts';
import { type Api, forbidden, openApi, unauthorized } from './api.ts';

let api: Api;

before(async () => {
  api = await openApi();
  await runJson(api.daemon.data, ['orgs', 'add', 'acme']);
  await runJson(api.daemon.data, ['orgs', 'add', 'umbrella']);
});
after(() => api?.end());

const run = (workflowId: string, input: object, options: { query?: string; key?: string } = {}) =>
  api.call('POST', `/api/v1/workflows/${workflowId}/run${options.query ?? ''}`, {
    body: { input },
    ...(options.key !== undefined && { key: options.key }),
  });

/** All rows of a list, page by page. */
async function allPages(path: string, limit: number): Promise<{ id: string }[]> {
  const rows: { id: string }[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor !== null && { cursor }) });
    const { status, body } = await api.call('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`);
    assert.equal(status, 200);
    assert.ok(body.data.length <= limit);
    assert.equal(body.meta.hasMore, body.meta.cursor !== null);
    rows.push(...body.data);
    cursor = body.meta.cursor;
  } while (cursor !== null);
  return rows;
}

describe('runs', () => {
  test('a run is accepted with 202, and with wait=true answered when it has ended (A7, D19)', async () => {
    const accepted = await run('echo', { name: 'first' });
    assert.equal(accepted.status, 202);
    assert.equal(accepted.body.success, true);
    assert.equal(accepted.headers.location, `/api/v1/runs/${accepted.body.data.id}`);

    const waited = await run('echo', { name: 'second', times: '2' }, { query: '?wait=true' });
    assert.equal(waited.status, 200);
    assert.equal(waited.body.data.status, 'Success');
    assert.deepEqual(waited.body.data.result, { name: 'second', times: 2, org: null });

    const failed = await run('fails', {}, { query: '?wait=true' });
    assert.equal(failed.status, 200);
    assert.equal(failed.body.data.error.type, 'ValueError');
  });

  test('the other vocabulary runs and shows the same (F15, F24)', async () => {
    const key = await api.makeKey({ scopes: ['executions:read', 'executions:write'] });
    const waited = await api.call('POST', '/api/workflows/echo/run?wait=true', {
      body: { input: { name: 'third' } },
      headers: { authorization: `Bearer ${key}` },
      key: '',
    });
    assert.equal(waited.status, 200);
    const { id } = waited.body.data;
    const shown = await api.call('GET', `/api/executions/${id}`, { key });
    assert.deepEqual(shown.body.data, waited.body.data);
    assert.deepEqual((await api.call('GET', `/api/v1/runs/${id}`, { key })).body, shown.body);
    assert.ok(
      (await api.call('GET', '/api/executions', { key })).body.data.some(
        (row: { id: string }) => row.id === id,
      ),
    );
  });

  test('over HTTP a run shows the same as on the command line', async () => {
    const { body } = await run('echo', { name: 'fourth' }, { query: '?wait=true' });
    assert.deepEqual(await runJson(api.daemon.data, ['runs', 'show', body.data.id]), body.data);
  });

  test('the page after the last cursor goes on where the page before has ended, without a gap (D19)', async () => {
    for (let count = 0; count < 5; count += 1) await run('echo', { name: 'page' }, { query: '?wait=true' });
    const whole = (await api.call('GET', '/api/v1/runs?limit=100&workflowId=echo')).body.data;
    const paged = await allPages('/api/v1/runs?workflowId=echo', 2);
    assert.deepEqual(paged, whole);
  });

  test('runs are listed by workflow, status, key and time', async () => {
    const key = await api.makeKey({ scopes: ['workflows:execute'] });
    const { body } = await run('fails', {}, { query: '?wait=true', key });
    const { id, triggeredBy, createdAt } = body.data;
    const keyId = triggeredBy.replace('key:', '');
    const list = async (query: string) =>
      (await api.call('GET', `/api/v1/runs?${query}`)).body.data.map((row: { id: string }) => row.id);
    assert.deepEqual(await list(`keyId=${keyId}`), [id]);
    assert.deepEqual(await list(`keyId=${keyId}&status=Failed&workflowId=fails`), [id]);
    assert.deepEqual(await list(`keyId=${keyId}&status=Success`), []);
    assert.deepEqual(await list(`keyId=${keyId}&from=${createdAt}`), [id]);
    assert.deepEqual(await list(`keyId=${keyId}&to=${createdAt}`), []);
  });

  test('a waiting run is cancelled, and one that has ended is retried as a new one that names it (A11)', async () => {
    const { id } = (await run('waits', {})).body.data;
    const cancelled = await api.call('POST', `/api/v1/runs/${id}/cancel`);
    assert.equal(cancelled.status, 200);
    assert.equal(cancelled.body.data.status, 'Cancelled');
    assert.equal((await api.call('POST', `/api/v1/runs/${id}/cancel`)).status, 409);

    const first = (await run('echo', { name: 'again' }, { query: '?wait=true' })).body.data;
    const retried = await api.call('POST', `/api/v1/runs/${first.id}/retry`);
    assert.equal(retried.status, 202);
    assert.equal(retried.body.data.retryOf, first.id);
    assert.notEqual(retried.body.data.id, first.id);
  });

  test('the same idempotency key and body are one run, and another body is 409', async () => {
    const headers = { 'idempotency-key': 'test-once' };
    const path = '/api/v1/workflows/echo/run';
    const ask = (name: string) => api.call('POST', path, { body: { input: { name } }, headers });
    const [one, other] = await Promise.all([ask('once'), ask('once')]);
    assert.equal(one.body.data.id, other.body.data.id);
    assert.equal((await ask('other')).status, 409);
  });

  test('a stream of logs ends when its key is revoked, and the run goes on', {
    timeout: 120_000,
  }, async () => {
    const made = await api.call('POST', '/api/v1/auth/api-keys', {
      body: { name: 'Follower', scopes: ['runs:read'] },
    });
    const { id: keyId, key } = made.body.data;
    const { id } = (await run('waits', {})).body.data;
    const stream = await fetch(`${api.daemon.url}/api/v1/runs/${id}/logs`, { headers: { 'x-api-key': key } });
    assert.equal(stream.status, 200);
    await api.call('DELETE', `/api/v1/auth/api-keys/${keyId}`);
    assert.doesNotMatch(await stream.text(), /event: end/);
    assert.equal((await api.call('POST', `/api/v1/runs/${id}/cancel`)).body.data.status, 'Cancelled');
  });

  test('a key with a list of workflows sees and runs those only (F19, F29, D8)', async () => {
    const key = await api.makeKey({
      scopes: ['runs:read', 'workflows:read', 'executions:write'],
      workflowIds: ['echo', 'own_only'],
    });
    const foreign = (await run('fails', {}, { query: '?wait=true' })).body.data.id;
    const own = (await run('own_only', {}, { query: '?wait=true', key })).body.data.id;
    for (const path of [
      `/api/v1/runs/${foreign}`,
      '/api/v1/runs?workflowId=fails',
      '/api/v1/workflows/fails',
    ]) {
      const { status, body } = await api.call('GET', path, { key });
      assert.equal(status, 403, path);
      assert.deepEqual(body, forbidden);
    }
    for (const id of ['fails', 'no-such-workflow', 'off'])
      assert.equal((await run(id, {}, { key })).status, 403);
    const listed = (await api.call('GET', '/api/v1/runs?limit=100', { key })).body.data;
    assert.equal(listed[0].id, own);
    assert.deepEqual(
      [...new Set<string>(listed.map((row: { workflowId: string }) => row.workflowId))].sort(),
      ['echo', 'own_only'],
    );
    const workflows = (await api.call('GET', '/api/v1/workflows', { key })).body.data;
    assert.deepEqual(
      workflows.map(({ id }: { id: string }) => id),
      ['echo', 'own_only'],
    );
  });

  test("a key of an organization finds nothing of another's runs (S20)", async () => {
    const scopes = ['runs:read', 'workflows:execute'];
    const acme = await api.makeKeyOf('acme', scopes);
    const umbrella = await api.makeKeyOf('umbrella', scopes);
    const { id, result } = (await run('echo', { name: 'acme' }, { query: '?wait=true', key: acme })).body
      .data;
    assert.equal(result.org, 'acme');
    assert.equal((await api.call('GET', `/api/v1/runs/${id}`, { key: acme })).status, 200);
    assert.equal((await api.call('GET', `/api/v1/runs/${id}`, { key: umbrella })).status, 404);
    assert.deepEqual((await api.call('GET', '/api/v1/runs', { key: umbrella })).body.data, []);
    assert.equal((await api.call('GET', '/api/v1/runs?organizationId=acme', { key: umbrella })).status, 403);
  });

  test('a workflow key runs its workflow on the run routes too, and is 403 anywhere else (D16)', async () => {
    const { key } = await runJson<{ key: string }>(api.daemon.data, [
      ...['keys', 'create', '--global', '--description', 'Global'],
    ]);
    assert.equal((await run('echo', { name: 'x' }, { query: '?wait=true', key })).status, 200);
    assert.equal((await run('own_only', {}, { key })).status, 403);
    for (const path of ['/api/v1/runs', '/api/v1/workflows', '/api/v1/auth/api-keys', '/api/v1/audit']) {
      const { status, body } = await api.call('GET', path, { key });
      assert.equal(status, 403, path);
      assert.deepEqual(body, forbidden);
    }
  });
});

describe('workflows', () => {
  const sourceOf = (name: string, sum: string) =>
    `from bifrost import workflow\n\n@workflow(name="${name}", endpoint_enabled=True)\nasync def ${name}(a: int):\n    return ${sum}\n`;
  const create = (name: string, source: string, key?: string) =>
    api.call('POST', '/api/v1/workflows', { body: { name, source }, ...(key !== undefined && { key }) });

  test('a new workflow is a new file that runs at once, and its source can be replaced (A6)', async () => {
    const made = await create('adds', sourceOf('adds', 'a + 1'));
    assert.equal(made.status, 201);
    assert.equal(made.body.data.file, 'workflows/adds.py');
    assert.equal((await run('adds', { a: 1 }, { query: '?wait=true' })).body.data.result, 2);
    const changed = await api.call('PUT', '/api/v1/workflows/adds', {
      body: { source: sourceOf('adds', 'a + 10') },
    });
    assert.equal(changed.status, 200);
    assert.equal((await run('adds', { a: 1 }, { query: '?wait=true' })).body.data.result, 11);
    assert.match(readFileSync(join(api.folder, 'workflows', 'adds.py'), 'utf8'), /a \+ 10/);
  });

  test('nothing is written outside, over a file, or that does not define the workflow', async () => {
    mkdirSync(join(api.folder, 'workflows'), { recursive: true });
    writeFileSync(join(api.folder, 'workflows', 'notes.py'), '# mine\n');
    for (const [name, source, status] of [
      ['../outside', sourceOf('outside', '1'), 400],
      ['a/b', sourceOf('b', '1'), 400],
      ['a\u0000b', sourceOf('b', '1'), 400],
      ['', sourceOf('b', '1'), 400],
      ['a'.repeat(10_000), sourceOf('b', '1'), 400],
      ['other', sourceOf('another', '1'), 400],
      ['broken', 'from bifrost import workflow\n@workflow(name="broken"\ndef broken(:\n', 400],
      ['echo', sourceOf('echo', '1'), 409],
      ['notes', sourceOf('notes', '1'), 409],
    ] as const) {
      const { status: answered, body } = await create(name, source);
      assert.equal(answered, status, name.slice(0, 20));
      assert.equal(body.success, false);
    }
    assert.equal(readFileSync(join(api.folder, 'workflows', 'notes.py'), 'utf8'), '# mine\n');
    assert.ok(!existsSync(join(api.folder, '..', 'outside.py')));
  });

  test('a file that is a link is not written through, and a file keeps all of its workflows', async () => {
    const outside = join(api.folder, '..', 'linked.py');
    const before = sourceOf('two_of_two', '2');
    writeFileSync(outside, before);
    symlinkSync(outside, join(api.folder, 'workflows', 'linked.py'));
    assert.equal((await create('linked', sourceOf('linked', '1'))).status, 409);
    assert.equal(readFileSync(outside, 'utf8'), before);
    const lost = await api.call('PUT', '/api/v1/workflows/echo', { body: { source: sourceOf('echo', '1') } });
    assert.equal(lost.status, 400);
    assert.match(lost.body.error.message, /defines no workflow "/);
  });

  test('endpoint settings stand above the decorator until they are taken back (A6)', async () => {
    const put = (body: object) => api.call('PUT', '/api/v1/workflows/off', { body });
    assert.equal((await api.call('POST', '/api/endpoints/off')).status, 404);
    const on = await put({ endpointEnabled: true, allowedMethods: ['GET'] });
    assert.equal(on.body.data.endpointEnabled, true);
    assert.equal((await api.call('GET', '/api/endpoints/off')).body.status, 'Success');
    assert.equal((await api.call('POST', '/api/endpoints/off')).headers.allow, 'GET');
    await put({ endpointEnabled: null, allowedMethods: null });
    assert.equal((await api.call('GET', '/api/endpoints/off')).status, 404);
    for (const body of [
      { endpointEnabled: 'yes' },
      { allowedMethods: ['TRACE'] },
      { allowedMethods: [] },
      { name: 'x' },
    ]) {
      assert.equal((await put(body)).status, 400);
    }
  });

  test('a key of an organization writes no source, which would run for all of them (S20)', async () => {
    const key = await api.makeKeyOf('acme', ['workflows:read', 'workflows:write']);
    assert.equal((await create('sneaky', sourceOf('sneaky', '1'), key)).status, 403);
    assert.equal((await api.call('GET', '/api/v1/workflows/echo', { key })).status, 200);
  });

  test('no answer names a path of the machine', async () => {
    const { body } = await api.call('GET', '/api/v1/workflows');
    assert.ok(!JSON.stringify(body).includes(api.folder));
  });
});

describe('API keys', () => {
  test('a key is made, shown once, used, listed masked, and revoked for the next request (A35–A38, F21, F26)', async () => {
    const made = await api.call('POST', '/api/v1/auth/api-keys', {
      body: { name: 'CI', scopes: ['executions:read'], expiresInDays: 30 },
    });
    assert.equal(made.status, 201);
    const { id, key, scopes } = made.body.data;
    assert.match(key, /^wfk_[0-9A-Za-z]{32}$/);
    assert.deepEqual(scopes, ['runs:read']);
    assert.equal((await api.call('GET', '/api/v1/runs', { key })).status, 200);
    const listed = await api.call('GET', '/api/v1/auth/api-keys?limit=100');
    assert.ok(listed.body.data.some((row: { id: string }) => row.id === id));
    assert.ok(!JSON.stringify(listed.body).includes(key));
    assert.equal((await api.call('DELETE', `/api/v1/auth/api-keys/${id}`)).status, 200);
    const refused = await api.call('GET', '/api/v1/runs', { key });
    assert.equal(refused.status, 401);
    assert.deepEqual(refused.body, unauthorized);
    assert.equal((await api.call('DELETE', `/api/v1/auth/api-keys/${id}`)).status, 404);
  });

  test('a key never gives more than it has (D15)', async () => {
    const maker = await api.makeKeyOf(
      'acme',
      ['keys:write', 'runs:read'],
      ...['--workflows', 'echo', '--expires', '30'],
    );
    const make = (wish: object) =>
      api.call('POST', '/api/v1/auth/api-keys', { key: maker, body: { name: 'More', ...wish } });
    const same = { scopes: ['runs:read'], workflowIds: ['echo'], organizationId: 'acme' };
    assert.equal((await make(same)).status, 201);
    for (const more of [
      { scopes: ['configs:read'] },
      { workflowIds: ['echo', 'fails'] },
      { organizationId: 'umbrella' },
      { expiresInDays: 60 },
      { expiresInDays: null },
    ]) {
      const { status, body } = await make({ ...same, ...more });
      assert.equal(status, 403, JSON.stringify(more));
      assert.deepEqual(body, forbidden);
    }
  });

  test('a wish that is wrong is a 400 that names what (D14)', async () => {
    for (const [body, what] of [
      [{ name: 'x', scopes: ['runs:everything'] }, /runs:everything/],
      [{ name: 'x', scopes: [] }, /scope/],
      [{ name: 'x' }, /"scopes"/],
      [{ name: 3, scopes: ['runs:read'] }, /"name"/],
      [{ name: 'x', scopes: ['runs:read'], admin: true }, /"admin"/],
      [[], /object/],
    ] as const) {
      const { status, body: answer } = await api.call('POST', '/api/v1/auth/api-keys', { body });
      assert.equal(status, 400, JSON.stringify(body));
      assert.match(answer.error.message, what);
    }
  });

  test('a key of an organization neither sees nor revokes the others', async () => {
    const acme = await api.makeKeyOf('acme', ['keys:read', 'keys:write']);
    const rows = (await api.call('GET', '/api/v1/auth/api-keys', { key: acme })).body.data;
    assert.ok(rows.every((row: { organizationId: string }) => row.organizationId === 'acme'));
    const other = (await api.call('GET', '/api/v1/auth/api-keys?limit=100')).body.data.find(
      (row: { organizationId?: string }) => row.organizationId === undefined,
    );
    assert.equal((await api.call('DELETE', `/api/v1/auth/api-keys/${other.id}`, { key: acme })).status, 404);
  });

  test('a key ends itself and what is within its own rights; beyond them it is 403, which explain tells', async () => {
    const scopes = ['keys:read', 'keys:write', 'runs:read'];
    const weak = await api.makeKey({ name: 'Weak', scopes });
    const make = async (wish: object, key = api.fullKey) =>
      (await api.call('POST', '/api/v1/auth/api-keys', { key, body: { name: 'Other', ...wish } })).body.data
        .id;
    const revoke = (id: string) => api.call('DELETE', `/api/v1/auth/api-keys/${id}`, { key: weak });
    const strong = await make({ scopes: [...scopes, 'configs:write'] });
    const refused = await revoke(strong);
    assert.equal(refused.status, 403);
    assert.deepEqual(refused.body, forbidden);
    const { reason } = await runJson<{ reason: string }>(api.daemon.data, [
      ...['explain', String(refused.headers['x-request-id'])],
    ]);
    assert.equal(reason, 'beyond-own');
    assert.equal((await revoke(await make({ scopes: ['runs:read'] }, weak))).status, 200);
    const rows = (await api.call('GET', '/api/v1/auth/api-keys', { key: weak })).body.data;
    const own = rows.find(({ name }: { name: string }) => name === 'Weak');
    assert.equal((await revoke(own.id)).status, 200);
    assert.equal((await revoke(own.id)).status, 401);
  });

  test('the list shows what was rotated, its successor, and when its overlap ends', async () => {
    const made = await api.call('POST', '/api/v1/auth/api-keys', {
      body: { name: 'Old', scopes: ['runs:read'] },
    });
    const { id } = made.body.data;
    const { id: successor } = await runJson<{ id: string }>(api.daemon.data, [
      ...['keys', 'rotate', id, '--overlap', '3'],
    ]);
    const rows = (await api.call('GET', '/api/v1/auth/api-keys')).body.data as Record<string, string>[];
    const [newer, old] = [successor, id].map((wanted) => rows.find((row) => row.id === wanted));
    assert.equal(newer?.rotatedFrom, id);
    assert.equal(newer?.endsAt, undefined);
    assert.equal(old?.replacedBy, successor);
    assert.ok(Date.parse(old?.endsAt ?? '') < Date.parse(old?.expiresAt ?? ''));
  });

  test('pages hold every key once', async () => {
    const whole = (await api.call('GET', '/api/v1/auth/api-keys?limit=100')).body.data;
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);
    assert.deepEqual(ids(await allPages('/api/v1/auth/api-keys', 3)), ids(whole));
  });
});

describe('configuration', () => {
  test('a value is stored, shown and removed, and a secret is never shown (D32, S19)', async () => {
    const path = '/api/v1/configs/api.limit';
    const stored = await api.call('PUT', path, { body: { type: 'int', value: 7, description: 'a test' } });
    assert.equal(stored.body.data.value, 7);
    assert.deepEqual((await api.call('GET', path)).body, stored.body);
    await api.call('PUT', '/api/v1/configs/token', {
      body: { type: 'secret', value: 'sk_test_example_value' },
    });
    const listed = await api.call('GET', '/api/v1/configs');
    assert.deepEqual(
      listed.body.data.map(({ name, value }: { name: string; value: unknown }) => [name, value]),
      [
        ['api.limit', 7],
        ['token', '[SECRET]'],
      ],
    );
    assert.ok(!JSON.stringify(listed.body).includes('sk_test_example_value'));
    assert.equal((await api.call('DELETE', path)).status, 200);
    assert.equal((await api.call('GET', path)).status, 404);
    assert.equal((await api.call('DELETE', path)).status, 404);
  });

  test('a key of an organization reads and writes its own scope only (C17, S11, S20)', async () => {
    const scopes = ['configs:read', 'configs:write'];
    const acme = await api.makeKeyOf('acme', scopes);
    const umbrella = await api.makeKeyOf('umbrella', scopes);
    const path = '/api/v1/configs/region';
    await api.call('PUT', path, { body: { type: 'string', value: 'global' } });
    await api.call('PUT', path, { body: { type: 'string', value: 'acme' }, key: acme });
    const read = async (key: string) => (await api.call('GET', path, { key })).body.data.value;
    assert.deepEqual([await read(acme), await read(umbrella)], ['acme', 'global']);
    assert.equal((await api.call('GET', `${path}?organizationId=acme`, { key: umbrella })).status, 403);
    assert.equal((await api.call('GET', `${path}?organizationId=acme`)).body.data.value, 'acme');
    assert.equal((await api.call('GET', `${path}?organizationId=nobody`)).status, 404);
  });

  test('a bad name, type or value is a 400', async () => {
    for (const [name, body] of [
      ['a%20b', { type: 'string', value: 'x' }],
      ['x', { type: 'text', value: 'x' }],
      ['x', { type: 'int', value: 'seven' }],
      ['x', { value: 1 }],
      ['x', { type: 'secret', value: '' }],
    ] as const) {
      assert.equal((await api.call('PUT', `/api/v1/configs/${name}`, { body })).status, 400, name);
    }
  });
});

describe('audit', () => {
  test('changes are listed newest first with who made them, page by page (W39, W40)', async () => {
    await api.call('PUT', '/api/v1/configs/audited', {
      body: { type: 'secret', value: 'sk_test_example_audit' },
    });
    const { body } = await api.call('GET', '/api/v1/audit?limit=1');
    assert.equal(body.data[0].action, 'secret.written');
    assert.match(body.data[0].actor, /^key:/);
    const next = await api.call('GET', `/api/v1/audit?limit=1&cursor=${body.meta.cursor}`);
    assert.equal(next.body.data[0].seq, body.data[0].seq - 1);
    const all = (await runCommand(api.daemon.data, ['audit', '--json'])).stdout;
    assert.ok(!all.includes('sk_test_example_audit'));
  });

  test('the log of the whole workspace is not for a key of one organization (S20)', async () => {
    const key = await api.makeKeyOf('acme', ['audit:read']);
    assert.equal((await api.call('GET', '/api/v1/audit', { key })).status, 403);
  });
});

describe('connections', () => {
  test('a credential is stored, listed without its value, and removed (A9, A10, D17)', async () => {
    const value = 'sk_test_example_connection';
    const made = await api.call('POST', '/api/v1/connections', {
      body: { name: 'pay', service: 'stripe', value },
    });
    assert.equal(made.status, 201);
    const listed = await api.call('GET', '/api/v1/connections');
    assert.deepEqual(listed.body.data, [made.body.data]);
    assert.equal(made.body.data.value, '[SECRET]');
    const { id } = made.body.data;
    const acme = await api.makeKeyOf('acme', ['connections:read', 'connections:write']);
    assert.equal((await api.call('DELETE', `/api/v1/connections/${id}`, { key: acme })).status, 404);
    assert.equal((await api.call('DELETE', `/api/v1/connections/${id}`)).status, 200);
    assert.equal((await api.call('DELETE', `/api/v1/connections/${id}`)).status, 404);
    assert.equal((await api.call('POST', '/api/v1/connections', { body: { name: 'pay' } })).status, 400);
  });
});
