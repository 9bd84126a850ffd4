/** Of two faults of one request the earlier in the order of D10 is answered: every route, every pair. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runJson } from '../support/daemonProcess.ts';
import { type Api, type CallOptions, openApi } from './api.ts';

interface Request extends CallOptions {
  method: string;
  path: string;
  key: string;
}

/** The routes of the design, with the scope that each needs; `:x` is filled with something that is there. */
const routes: [method: string, path: string, scope: string][] = [
  ['POST', '/api/endpoints/:workflow', 'workflows:execute'],
  ['POST', '/api/v1/webhooks/:public', 'workflows:execute'],
  ['GET', '/api/v1/workflows', 'workflows:read'],
  ['GET', '/api/v1/workflows/:workflow', 'workflows:read'],
  ['POST', '/api/v1/workflows', 'workflows:write'],
  ['PUT', '/api/v1/workflows/:workflow', 'workflows:write'],
  ['POST', '/api/v1/workflows/:workflow/run', 'workflows:execute'],
  ['POST', '/api/workflows/:workflow/run', 'workflows:execute'],
  ['GET', '/api/v1/runs', 'runs:read'],
  ['GET', '/api/v1/runs/:run', 'runs:read'],
  ['GET', '/api/v1/runs/:run/logs', 'runs:read'],
  ['POST', '/api/v1/runs/:run/cancel', 'workflows:execute'],
  ['POST', '/api/v1/runs/:run/retry', 'workflows:execute'],
  ['GET', '/api/executions', 'runs:read'],
  ['GET', '/api/executions/:run', 'runs:read'],
  ['GET', '/api/v1/connections', 'connections:read'],
  ['POST', '/api/v1/connections', 'connections:write'],
  ['DELETE', '/api/v1/connections/:connection', 'connections:write'],
  ['POST', '/api/v1/connections/:connection/test', 'connections:write'],
  ['GET', '/api/v1/auth/api-keys', 'keys:read'],
  ['POST', '/api/v1/auth/api-keys', 'keys:write'],
  ['DELETE', '/api/v1/auth/api-keys/:key', 'keys:write'],
  ['GET', '/api/v1/configs', 'configs:read'],
  ['GET', '/api/v1/configs/:config', 'configs:read'],
  ['PUT', '/api/v1/configs/:config', 'configs:write'],
  ['DELETE', '/api/v1/configs/:config', 'configs:write'],
  ['GET', '/api/v1/audit', 'audit:read'],
];

let api: Api;
/** Admits one request of each category and key. */
let strict: Api;
let ids: Record<string, string>;

before(async () => {
  api = await openApi();
  strict = await openApi({
    WORKFLOW_KEYS_READ_LIMIT: '1',
    WORKFLOW_KEYS_WRITE_LIMIT: '1',
    WORKFLOW_KEYS_EXECUTE_LIMIT: '1',
    WORKFLOW_KEYS_RATE_WINDOW_SECONDS: '3600',
  });
  const made = async (path: string, body: object, from = api) =>
    (await from.call('POST', path, { body })).body.data;
  await api.call('PUT', '/api/v1/configs/there', { body: { type: 'int', value: 1 } });
  ids = {
    workflow: 'echo',
    public: 'search',
    run: (await made('/api/v1/workflows/own_only/run?wait=true', {})).id,
    connection: (
      await made('/api/v1/connections', { name: 'pay', service: 'stripe', value: 'sk_test_example' })
    ).id,
    key: (await made('/api/v1/auth/api-keys', { name: 'There', scopes: ['runs:read'] })).id,
    config: 'there',
  };
});
after(async () => {
  await api?.end();
  await strict?.end();
});

const fill = (path: string, idOf: (noun: string) => string) =>
  path.replace(/:(\w+)/, (_, noun) => idOf(noun));

/** A fault in the order in which it is to be found; undefined where the route cannot have it. */
interface Fault {
  status: number;
  spoil(request: Request, route: { method: string; path: string; scope: string }): Request | undefined;
}

const badKey: Fault = { status: 401, spoil: (request) => ({ ...request, key: 'wfk_test' }) };
const withoutScope = (keys: { audit: string; runs: string }): Fault => ({
  status: 403,
  spoil: (request, { scope }) => ({ ...request, key: scope === 'audit:read' ? keys.runs : keys.audit }),
});
const nobody: Fault = {
  status: 404,
  spoil: (request, { path }) =>
    // A config that is put need not be there, so that its address has every method.
    /:\w/.test(path) && !(path.includes(':config') && ['PUT', 'PATCH'].includes(request.method))
      ? { ...request, path: fill(path, () => 'nobody') + (/\?.*/.exec(request.path)?.[0] ?? '') }
      : undefined,
};
const otherMethod: Fault = { status: 405, spoil: (request) => ({ ...request, method: 'PATCH' }) };
const badInputs: Fault[] = [
  { status: 400, spoil: (request) => ({ ...request, body: '{"a": ' }) },
  {
    status: 415,
    spoil: (request) => ({ ...request, body: 'a=1', headers: { 'content-type': 'text/plain' } }),
  },
  { status: 415, spoil: (request) => ({ ...request, body: 'a=1', headers: { 'content-type': 'no type' } }) },
  { status: 413, spoil: (request) => ({ ...request, body: `"${'x'.repeat(1024 * 1024)}"` }) },
  { status: 400, spoil: (request) => ({ ...request, path: `${request.path}?limit=-1&nonsense=1&wait=x` }) },
];

/** Sends every request that has two of the faults, none of one rank. */
async function checkPairs(from: Api, ranks: Fault[][], key: string): Promise<number> {
  let checked = 0;
  for (const [method, path, scope] of routes) {
    const route = { method, path, scope };
    const whole: Request = { method, path: fill(path, (noun) => ids[noun] ?? ''), key };
    for (const [rank, earlier] of ranks.entries()) {
      for (const first of earlier) {
        for (const second of ranks.slice(rank + 1).flat()) {
          // A bad key stands above one without the scope.
          const spoilt = second.spoil(whole, route);
          const twice = spoilt && first.spoil(spoilt, route);
          if (!twice) continue;
          const { status } = await from.call(twice.method, twice.path, twice);
          assert.equal(status, first.status, `${method} ${path}: ${first.status} and ${second.status}`);
          checked += 1;
        }
      }
    }
  }
  return checked;
}

test('401 → 403 → 404 → 405 → 400: of two faults the earlier is answered, on every route (D10)', async () => {
  const keys = {
    audit: await api.makeKey({ scopes: ['audit:read'] }),
    runs: await api.makeKey({ scopes: ['runs:read'] }),
  };
  const ranks = [[badKey], [withoutScope(keys)], [nobody], [otherMethod], badInputs];
  assert.ok((await checkPairs(api, ranks, api.fullKey)) > 400);
});

test('401 → 429 → all else: who has used up a limit is told nothing more, on every route (D10)', async () => {
  const make = async (scopes: string) =>
    (
      await runJson<{ key: string }>(strict.daemon.data, [
        ...['keys', 'create', '--name', 'Spent', '--scopes', scopes],
      ])
    ).key;
  const keys = { audit: await make('audit:read'), runs: await make('runs:read') };
  for (const key of [...Object.values(keys), strict.fullKey]) {
    await strict.call('GET', '/api/v1/runs', { key });
    await strict.call('DELETE', '/api/v1/configs/nobody', { key });
    await strict.call('POST', '/api/v1/runs/nobody/cancel', { key });
  }
  const spent = (fault: Fault): Fault => ({ ...fault, status: 429 });
  const unspoilt: Fault = { status: 429, spoil: (request) => request };
  const later = [withoutScope(keys), nobody, otherMethod, ...badInputs].map(spent);
  assert.ok((await checkPairs(strict, [[badKey], [unspoilt], later], strict.fullKey)) > 400);
});

test('what a key may not ask for in the query is 403, and what it names there 404, before the rest is looked at', async () => {
  await runJson(api.daemon.data, ['orgs', 'add', 'acme']);
  const scopes = ['runs:read', 'configs:read', 'configs:write'];
  const acme = await api.makeKeyOf('acme', scopes, '--workflows', 'echo');
  for (const [method, path, status] of [
    ['GET', '/api/v1/runs?organizationId=umbrella&limit=-1', 403],
    ['GET', '/api/executions?workflowId=fails&limit=-1', 403],
    ['GET', '/api/v1/configs?organizationId=umbrella&limit=-1', 403],
    ['GET', '/api/v1/configs/nobody?organizationId=umbrella&limit=-1', 403],
    ['DELETE', '/api/v1/configs/nobody?organizationId=umbrella', 403],
    ['PUT', '/api/v1/configs/nobody?organizationId=umbrella', 403],
    // Of the global scope, which is not its own to change.
    ['DELETE', '/api/v1/configs/there', 404],
    ['GET', '/api/v1/configs/there?nonsense=1', 400],
  ] as const) {
    const answer = await api.call(method, path, { key: acme, body: method === 'GET' ? undefined : '{"a": ' });
    assert.equal(answer.status, status, `${method} ${path}`);
  }
  for (const [method, path] of [
    ['GET', '/api/v1/configs?organizationId=nobody&limit=-1'],
    ['GET', '/api/v1/configs/there?organizationId=nobody&limit=-1'],
    ['PUT', '/api/v1/configs/there?organizationId=nobody'],
    ['DELETE', '/api/v1/configs/there?organizationId=acme'],
  ] as const) {
    const answer = await api.call(method, path, { body: method === 'GET' ? undefined : '{"a": ' });
    assert.equal(answer.status, 404, `${method} ${path}`);
  }
});

test('a key that may do nothing at an address is not told what is there, whatever the method', async () => {
  const audit = await api.makeKey({ scopes: ['audit:read'] });
  const { key: global } = await runJson<{ key: string }>(api.daemon.data, [
    ...['keys', 'create', '--global', '--description', 'Global'],
  ]);
  for (const id of [ids.run, 'nobody']) {
    assert.equal((await api.call('PATCH', `/api/v1/runs/${id}`, { key: audit })).status, 403);
    assert.equal((await api.call('PATCH', `/api/v1/runs/${id}`, { key: global })).status, 403);
  }
  // Workflow keys run workflows by this address, too.
  assert.equal((await api.call('PUT', '/api/v1/workflows/echo/run', { key: global })).status, 405);
  assert.equal((await api.call('PUT', '/api/v1/workflows/own_only/run', { key: global })).status, 403);
});
