/** Every refusal can be explained by its X-Request-Id, here and only here (D9, D44). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ExplainedRequest } from '../../server/protocol/audit.ts';
import { runCommand, runJson } from '../support/daemonProcess.ts';
import { type Answer, type Api, type CallOptions, openApi } from './api.ts';

let api: Api;

before(async () => {
  api = await openApi();
});
after(() => api?.end());

const explain = (answer: Answer, from: Api = api) =>
  runJson<ExplainedRequest>(from.daemon.data, ['explain', String(answer.headers['x-request-id'])]);

test("the true reason of each refusal is told, the guard's too, with who asked for what (D44)", async () => {
  const reader = await api.makeKey({ scopes: ['runs:read', 'workflows:execute'], workflowIds: ['echo'] });
  const revoked = await api.call('POST', '/api/v1/auth/api-keys', {
    body: { name: 'Short', scopes: ['runs:read'] },
  });
  await api.call('DELETE', `/api/v1/auth/api-keys/${revoked.body.data.id}`);
  const mistyped = `${api.fullKey.slice(0, -1)}${api.fullKey.endsWith('0') ? '1' : '0'}`;
  const { key: global } = await runJson<{ key: string }>(api.daemon.data, [
    ...['keys', 'create', '--global', '--description', 'Global'],
  ]);
  const cases: [string, string, CallOptions, number, string][] = [
    ['GET', '/api/v1/runs', { key: '' }, 401, 'missing'],
    ['GET', '/api/v1/runs', { key: 'nonsense' }, 401, 'malformed'],
    ['GET', '/api/v1/runs', { key: mistyped }, 401, 'checksum'],
    ['GET', '/api/v1/runs', { key: revoked.body.data.key }, 401, 'unknown'],
    ['GET', '/api/v1/runs', { headers: { authorization: `Bearer ${reader}` } }, 401, 'several-keys'],
    ['GET', '/api/v1/audit', { key: reader }, 403, 'missing-scope'],
    ['POST', '/api/endpoints/search', { key: reader }, 403, 'not-in-allow-list'],
    ['POST', '/api/endpoints/own_only', { key: global }, 403, 'global-disabled'],
    ['GET', '/api/v1/runs', { key: global }, 403, 'execute-only'],
    ['GET', '/api/v1/runs', { headers: { origin: 'https://evil.example' } }, 403, 'foreign-origin'],
    ['POST', '/api/endpoints/off', {}, 404, 'no-endpoint'],
    ['POST', '/api/endpoints/renamed', {}, 404, 'unknown-workflow'],
    ['GET', '/api/v1/runs/nobody', {}, 404, 'no-such-thing'],
    ['GET', '/api/v1/configs/nobody', {}, 404, 'no-such-thing'],
    ['GET', '/api/v1/runs', { headers: { 'sec-fetch-site': 'cross-site' } }, 403, 'cross-site'],
    ['GET', '/api/v1/runs', { headers: { host: 'evil.example' } }, 421, 'misdirected-host'],
    ['POST', '/api/v1/configs', { key: '', headers: { origin: 'null' } }, 403, 'foreign-origin'],
    [
      'POST',
      '/api/endpoints/echo',
      { body: 'a=1', headers: { 'content-type': 'text/plain' } },
      415,
      'content-type',
    ],
    ['GET', '/api/v1/nowhere', {}, 404, 'no-route'],
    ['GET', '/nowhere', { key: '' }, 404, 'no-route'],
    ['GET', '/api/v1/nowhere', { key: '' }, 401, 'missing'],
  ];
  for (const [method, path, options, status, reason] of cases) {
    const answer = await api.call(method, path, options);
    assert.equal(answer.status, status, `${path} ${reason}`);
    const explained = await explain(answer);
    assert.equal(explained.status, status);
    assert.equal(explained.reason, reason);
    assert.equal(explained.target, `${method} ${path}`);
    assert.match(explained.explanation, /\.$/);
    assert.match(explained.actor, status === 401 ? /^127/ : /^(key:|127)/);
  }
  const shown = await explain(await api.call('GET', '/api/v1/audit', { key: reader }));
  assert.deepEqual(shown.detail, { scope: 'audit:read' });
});

test('the reason of a 429 is told, and only the first of a window is in the audit log', async () => {
  const strict = await openApi({ WORKFLOW_KEYS_READ_LIMIT: '1', WORKFLOW_KEYS_RATE_WINDOW_SECONDS: '3600' });
  try {
    await strict.call('GET', '/api/v1/runs');
    for (let count = 0; count < 3; count += 1) {
      const refused = await strict.call('GET', '/api/v1/runs');
      assert.equal(refused.status, 429);
      const { reason, detail } = await explain(refused, strict);
      assert.equal(reason, 'rate-limited');
      assert.deepEqual(detail, { category: 'read', limit: 1 });
    }
    const rows = await runJson<{ action: string }[]>(strict.daemon.data, ['audit']);
    assert.equal(rows.filter(({ action }) => action === 'request.refused').length, 1);
  } finally {
    await strict.end();
  }
});

test('a key in the address is in no explanation and in no record', async () => {
  const answer = await api.call('GET', `/api/v1/runs/${api.fullKey}`);
  assert.equal(answer.status, 404);
  const { target } = await explain(answer);
  assert.equal(target, 'GET /api/v1/runs/wfk_[REDACTED]');
  const audit = await runCommand(api.daemon.data, ['audit', '--json']);
  assert.ok(!audit.stdout.includes(api.fullKey));
});

test('an id that is not known, and one of a request that succeeded, is one clear line', async () => {
  const good = await api.call('GET', '/api/v1/runs');
  for (const id of ['nonsense', String(good.headers['x-request-id'])]) {
    const { code, stderr } = await runCommand(api.daemon.data, ['explain', id]);
    assert.equal(code, 1);
    assert.match(stderr, /^workflow-keys: No refused request with this id/);
  }
});
