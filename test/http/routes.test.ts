/** What holds for every operation of the document: the order of checks, the envelopes, the headers (D10, A28–A34). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { type Api, forbidden, openApi, unauthorized } from './api.ts';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: unknown;
  responses: Record<string, unknown>;
}

interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
}

/** Names that mean something in an address, and one that cannot stand in any. */
const names = String.raw`
from bifrost import workflow

@workflow(name="Charge card / EU, 50% ~off", endpoint_enabled=True)
async def charge_card(context):
    return "charged"

@workflow(name="half \ud800", endpoint_enabled=True)
async def half(context):
    return "ran"
`;

let api: Api;
let document: OpenApiDocument;

before(async () => {
  api = await openApi({}, { 'names.py': names });
  document = (await api.call('GET', '/api-docs/openapi.json', { key: '' })).body;
});
after(() => api?.end());

/** Every operation under `/api` but the endpoints of single workflows. */
function operations(): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !/^\/api\/(endpoints|v1\/webhooks)\//.test(path))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const nobody = (path: string) => path.replaceAll(/\{[^}]+\}/g, 'nobody');

test("the document has every route of the design's table", () => {
  const found = operations().map(({ method, path }) => `${method} ${path}`);
  for (const route of [
    'GET /api/v1/workflows',
    'POST /api/v1/workflows',
    'GET /api/v1/workflows/{id}',
    'PUT /api/v1/workflows/{id}',
    'POST /api/v1/workflows/{id}/run',
    'POST /api/workflows/{id}/run',
    'GET /api/v1/runs',
    'GET /api/v1/runs/{id}',
    'GET /api/v1/runs/{id}/logs',
    'POST /api/v1/runs/{id}/cancel',
    'POST /api/v1/runs/{id}/retry',
    'GET /api/executions',
    'GET /api/executions/{id}',
    'GET /api/v1/connections',
    'POST /api/v1/connections',
    'DELETE /api/v1/connections/{id}',
    'POST /api/v1/connections/{id}/test',
    'GET /api/v1/auth/api-keys',
    'POST /api/v1/auth/api-keys',
    'DELETE /api/v1/auth/api-keys/{id}',
    'GET /api/v1/configs',
    'GET /api/v1/configs/{name}',
    'PUT /api/v1/configs/{name}',
    'DELETE /api/v1/configs/{name}',
    'GET /api/v1/audit',
  ]) {
    assert.ok(found.includes(route), route);
  }
});

test('the document passes a public linter without a finding', async () => {
  const problems = await lintFromString({
    source: JSON.stringify(document),
    config: await createConfig({ extends: ['recommended'] }),
  });
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    [],
  );
});

test('a workflow of any name is listed and run, one whose name can be no id by that of its function (D45)', async () => {
  const listed = await api.call('GET', '/api/v1/workflows');
  assert.equal(listed.status, 200);
  const ids = listed.body.data.map(({ id }: { id: string }) => id);
  for (const [id, result] of [
    ['Charge card / EU, 50% ~off', 'charged'],
    ['half', 'ran'],
  ]) {
    assert.ok(ids.includes(id), id);
    const { body } = await api.call('POST', `/api/endpoints/${encodeURIComponent(String(id))}`);
    assert.equal(body.result, result);
  }
});

test('the document has a path for each workflow whose endpoint is on, with its parameters', () => {
  assert.equal(document.paths['/api/endpoints/off'], undefined);
  const echo = document.paths['/api/endpoints/echo']?.post as unknown as {
    requestBody: { content: Record<string, { schema: object }> };
  };
  assert.deepEqual(echo.requestBody.content['application/json']?.schema, {
    type: 'object',
    properties: { name: { type: 'string' }, times: { type: 'integer' } },
    required: ['name'],
    additionalProperties: false,
  });
  const search = document.paths['/api/endpoints/search'];
  assert.deepEqual(Object.keys(search ?? {}), ['get', 'post']);
  assert.deepEqual(search?.get?.parameters, [
    { name: 'text', in: 'query', required: true, schema: { type: 'string' }, example: 'example' },
    {
      name: 'tags',
      in: 'query',
      required: false,
      schema: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
    },
  ]);
});

test('no operation answers without a key, and the refusal never says why (A33, D9)', async () => {
  for (const { method, path } of operations()) {
    const { status, body, headers } = await api.call(method, nobody(path), { key: '' });
    assert.equal(status, 401, `${method} ${path}`);
    assert.deepEqual(body, unauthorized);
    assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/);
  }
});

test('a key without the scope gets 403 with the limits in the headers, before anything else is looked at (A34)', async () => {
  const keys = {
    audit: await api.makeKey({ scopes: ['audit:read'] }),
    runs: await api.makeKey({ scopes: ['runs:read'] }),
  };
  for (const { method, path } of operations()) {
    const key = path.endsWith('/audit') ? keys.runs : keys.audit;
    const { status, body, headers } = await api.call(method, nobody(path), { key, body: '{"a": ' });
    assert.equal(status, 403, `${method} ${path}`);
    assert.deepEqual(body, forbidden);
    for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) {
      assert.match(String(headers[name]), /^\d+$/);
    }
  }
});

test('a method that an address has not is 405 with those that it has', async () => {
  for (const path of Object.keys(document.paths)) {
    if (path.includes('{id}') || !operations().some((one) => one.path === path)) continue;
    const { status, headers, body } = await api.call('PATCH', nobody(path));
    assert.equal(status, 405, path);
    assert.equal(body.error.code, 'METHOD_NOT_ALLOWED');
    const allowed = Object.keys(document.paths[path] ?? {}).map((method) => method.toUpperCase());
    assert.deepEqual(
      String(headers.allow)
        .split(', ')
        .filter((method) => method !== 'HEAD'),
      allowed,
    );
  }
});

test('an address under /api that nothing stands at is 401 without a key, and with one 404 with the limits (D10)', async () => {
  for (const path of ['/api', '/api?x=1', '/api/', '/api/v2/runs', '/api/v1/runs/a/b', '/api/endpoints/']) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      for (const key of ['', 'wfk_test']) {
        const refused = await api.call(method, path, {
          key,
          body: method === 'TRACE' ? undefined : '{"a": ',
        });
        assert.equal(refused.status, 401, `${method} ${path}`);
        assert.deepEqual(refused.body, unauthorized);
      }
      const missed = await api.call(method, path, { headers: { 'content-type': 'text/plain' } });
      assert.equal(missed.status, 404, `${method} ${path}`);
      assert.equal(missed.body.error.code, 'NOT_FOUND');
      assert.match(String(missed.headers['x-ratelimit-remaining']), /^\d+$/);
    }
    assert.equal((await api.call('HEAD', path, { key: '' })).status, 401);
  }
  for (const path of ['/favicon.ico', '/apis', '/api-docs/nothing']) {
    assert.equal((await api.call('GET', path, { key: '' })).status, 404, path);
  }
});

test('a method that an open address has not is 405 with those that it has, without a key', async () => {
  for (const path of ['/healthz', '/api-docs', '/api-docs/page.js', '/api-docs/openapi.json']) {
    assert.equal((await api.call('HEAD', path, { key: '' })).status, 200, path);
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await api.call(method, path, { key: '', body: '{"a": ' });
      assert.equal(status, 405, `${method} ${path}`);
      assert.equal(headers.allow, 'GET, HEAD');
    }
  }
});

test('no method of a known address answers without a key, and every one that it has not is 405', async () => {
  for (const path of ['/api/v1/runs', '/api/v1/workflows/echo/run', '/api/endpoints/echo']) {
    for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      assert.equal((await api.call(method, path, { key: '' })).status, 401, `${method} ${path}`);
      const { status, headers } = await api.call(method, path);
      if (method === 'HEAD' && path === '/api/v1/runs') {
        assert.equal(status, 200);
      } else {
        assert.equal(status, 405, `${method} ${path}`);
        assert.ok(headers.allow, path);
      }
    }
  }
});

test('who probes for addresses is limited as anybody who fails to authenticate (D10)', async () => {
  const strict = await openApi({ WORKFLOW_KEYS_FAILED_AUTHENTICATION_LIMIT: '3' });
  try {
    const probe = async (path: string) => (await strict.call('GET', path, { key: '' })).status;
    const paths = ['/api/v1/a', '/api/v1/runs', '/api/b'];
    for (const path of paths) assert.equal(await probe(path), 401);
    for (const path of paths) assert.equal(await probe(path), 429);
    assert.equal((await strict.call('GET', '/api/v1/a')).status, 404);
  } finally {
    await strict.end();
  }
});

test('reads, changes and runs are counted apart, and 429 says the limit that was hit (A24–A26, A31, D21)', async () => {
  const strict = await openApi({
    WORKFLOW_KEYS_READ_LIMIT: '3',
    WORKFLOW_KEYS_WRITE_LIMIT: '2',
    WORKFLOW_KEYS_EXECUTE_LIMIT: '1',
  });
  try {
    for (const [method, path, limit] of [
      ['GET', '/api/v1/workflows', 3],
      ['PUT', '/api/v1/configs/a', 2],
      ['POST', '/api/v1/runs/nobody/cancel', 1],
    ] as const) {
      for (let count = 0; count < limit; count += 1) {
        assert.notEqual((await strict.call(method, path)).status, 429, path);
      }
      const { status, body, headers } = await strict.call(method, path);
      assert.equal(status, 429, path);
      assert.deepEqual(body, {
        success: false,
        error: {
          code: 'RATE_LIMITED',
          message: `Rate limit exceeded. Limit: ${limit} requests per minute.`,
        },
      });
      assert.equal(headers['x-ratelimit-remaining'], '0');
      assert.match(String(headers['retry-after']), /^\d+$/);
    }
    // A retry, the two run routes and the endpoints share one window.
    for (const path of [
      '/api/v1/runs/x/retry',
      '/api/v1/workflows/echo/run',
      '/api/workflows/echo/run',
      '/api/endpoints/echo',
    ]) {
      assert.equal((await strict.call('POST', path)).status, 429, path);
    }
  } finally {
    await strict.end();
  }
});
