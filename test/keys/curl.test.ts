/** The line that tries a key, as a real shell reads it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { curlFor } from '../../server/keys/curl.ts';
import { mintKey } from '../../server/keys/mint.ts';
import type { KnownWorkflows } from '../../server/keys/slots.ts';
import { type Scope, scopes } from '../../server/protocol/keys.ts';
import type { Workflow } from '../../server/workflows/workflow.ts';

const { key } = mintKey('bk_live_');

/** The arguments that a real shell passes to `curl`. */
function shellArguments(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}\n`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

const global = { kind: 'workflow' as const };

function known(...workflows: Partial<Workflow>[]): KnownWorkflows {
  const all = workflows.map(
    (workflow) =>
      ({
        ...{ endpointEnabled: true, duplicate: false, allowedMethods: ['POST'], parameters: [] },
        ...workflow,
      }) as Workflow,
  );
  return { get: (id) => all.find((one) => one.id === id), list: () => all };
}

test('the line names URL, workflow, header, content type and body (W21, W23, W24)', () => {
  const parameters = [
    { name: 'name', annotation: 'str', required: true },
    { name: 'count', annotation: 'int', required: true },
  ];
  const line = curlFor({
    url: 'http://127.0.0.1:3000',
    row: { ...global, workflowId: 'hello' },
    key,
    workflows: known({ id: 'other' }, { id: 'hello', parameters }),
  });
  assert.equal(
    line,
    `curl -X POST 'http://127.0.0.1:3000/api/endpoints/hello' -H 'X-Bifrost-Key: ${key}' ` +
      `-H 'Content-Type: application/json' -d '{"name": "example", "count": 1}'`,
  );
  assert.deepEqual(shellArguments(line), [
    '-X',
    'POST',
    'http://127.0.0.1:3000/api/endpoints/hello',
    '-H',
    `X-Bifrost-Key: ${key}`,
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"name": "example", "count": 1}',
  ]);
});

test('a shell reads nothing but text in any workflow id, URL or input', () => {
  const nasty = `it's $(touch /nowhere) \`id\` "x" \\ ! * ? & ; | <a> é 日本 \n %2F ../`;
  const workflows = known({ id: nasty, parameters: [{ name: nasty, required: true }] });
  const passed = shellArguments(curlFor({ url: 'http://localhost:3000/', row: global, key, workflows }));
  assert.equal(passed[2], `http://localhost:3000/api/endpoints/${encodeURIComponent(nasty)}`);
  assert.deepEqual(JSON.parse(passed[8] ?? ''), { [nasty]: 'example' });
  assert.equal(passed.length, 9);
});

test('without a workflow to name, the id is a placeholder', () => {
  const line = curlFor({ url: 'http://localhost:3000', row: global, key, workflows: known() });
  assert.deepEqual(shellArguments(line).slice(2, 3), ['http://localhost:3000/api/endpoints/<workflowId>']);
});

test('a global key is tried on a workflow that takes it', () => {
  const workflows = known(
    { id: 'off', endpointEnabled: false },
    { id: 'twice', duplicate: true },
    { id: 'own', disableGlobalKey: true },
    { id: 'hello' },
  );
  assert.match(curlFor({ url: 'http://localhost:3000', row: global, key, workflows }), /endpoints\/hello'/);
});

test('a workflow is tried by a method that it allows', () => {
  const tried = (allowedMethods: string[]) => {
    const parameters = [{ name: 'text', annotation: 'str', required: true }];
    const workflows = known({ id: 'hello', allowedMethods, parameters });
    return shellArguments(curlFor({ url: 'http://localhost:3000', row: global, key, workflows }));
  };
  assert.equal(tried(['GET', 'POST'])[1], 'POST');
  assert.equal(tried(['PUT'])[1], 'PUT');
  assert.deepEqual(tried(['GET']), [
    'http://localhost:3000/api/endpoints/hello?text=example',
    '-H',
    `X-Bifrost-Key: ${key}`,
  ]);
});

test('an API key is tried by what its scopes and its allow-list let it do', () => {
  const parameters = [
    { name: 'amount', annotation: 'int', required: true },
    { name: 'card', required: true },
  ];
  const workflows = known({ id: 'hello' }, { id: 'charge', parameters });
  const tried = (scopes: Scope[], workflowIds?: string[]) => {
    const row = { kind: 'api' as const, scopes, ...(workflowIds && { workflowIds }) };
    return shellArguments(curlFor({ url: 'http://localhost:3000', row, key, workflows }));
  };
  assert.deepEqual(tried(['runs:read', 'workflows:execute'], ['charge']), [
    '-X',
    'POST',
    'http://localhost:3000/api/v1/workflows/charge/run?wait=true',
    '-H',
    `x-api-key: ${key}`,
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"input": {"amount": 1, "card": "example"}}',
  ]);
  assert.deepEqual(tried(['runs:read']), ['http://localhost:3000/api/v1/runs', '-H', `x-api-key: ${key}`]);
  for (const scope of scopes) {
    const line = tried([scope]);
    assert.ok(
      line.some((part) => part.startsWith('http://localhost:3000/api/v1/')),
      scope,
    );
    assert.equal(!line.includes('-X'), scope.endsWith(':read'), scope);
  }
});
