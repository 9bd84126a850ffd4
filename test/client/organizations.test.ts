/** Organizations in the editor: the tree of configuration, and the sentences before a removal. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removalText, shownId } from '../../client/organizationText.ts';
import { type ConfigNode, childNodes, scopeNodes } from '../../client/views/configTree.ts';
import { workflowText } from '../../client/views/workflowText.ts';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import { context, inDays } from './context.ts';

const row = (name: string, organizationId?: string): ConfigRow => ({
  name,
  type: 'string',
  value: 'x',
  needsValue: false,
  updatedAt: inDays(-1),
  updatedBy: 'cli',
  ...(organizationId !== undefined && { organizationId }),
});
const organizations = ['acme', 'globex'].map((id) => ({ id, name: id.toUpperCase(), createdAt: inDays(-1) }));
const view = (rows: ConfigRow[], current?: string) =>
  scopeNodes(rows, organizations, { current, globalTitle: 'Global' });

/** Names of rows at the leaves, in the order in which they are shown. */
const leaves = (node: ConfigNode): string[] =>
  node.kind === 'config' ? [node.row.name] : childNodes(node).flatMap(leaves);

test('each scope has its own rows by name, and exactly the current one is marked', () => {
  const rows = [row('b'), row('a', 'acme'), row('a'), row('z', 'globex'), row('B2', 'acme')];
  for (const current of [undefined, 'acme', 'globex']) {
    const nodes = view(rows, current);
    assert.deepEqual(nodes.map(leaves), [['a', 'b'], ['a', 'B2'], ['z']]);
    assert.deepEqual(
      nodes.map((node) => node.kind === 'scope' && [node.title, node.organizationId, node.isCurrent]),
      [
        ['Global', undefined, current === undefined],
        ['ACME', 'acme', current === 'acme'],
        ['GLOBEX', 'globex', current === 'globex'],
      ],
    );
  }
  assert.deepEqual(scopeNodes([], [], { current: undefined, globalTitle: 'Global' }), []);
});

test('of ten thousand rows no node has more than a few hundred children, and none is lost', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `name_${String(index).padStart(5, '0')}`);
  const [global] = view(names.toReversed().map((name) => row(name)));
  assert.ok(global);
  const ranges = childNodes(global);
  for (const node of [global, ...ranges]) assert.ok(childNodes(node).length <= 500);
  assert.deepEqual(leaves(global), names);
});

test('a removal says what goes with the organization, and what does not', () => {
  const none = { keys: 0, configs: 0, credentials: 0, workflows: 0 };
  const text = removalText({ ...none, keys: 2, configs: 3, workflows: 1 }, context);
  assert.match(
    text,
    /^Keys that are revoked: 2\nConfiguration values that are removed: 3\nWorkflows .*: 1\n\n/,
  );
  assert.doesNotMatch(text, /Credentials/);
  assert.match(text, /past runs stay/);
  assert.match(removalText(none, context), /^Nothing belongs to it\./);
});

test('a setting that is no id is not shown, so that a workspace writes nothing of its own into the status', () => {
  assert.equal(shownId('acme.inc_2-b'), 'acme.inc_2-b');
  for (const id of [undefined, '', '$(error) broken', 'a b', '-a', 'x'.repeat(65), 'a\nb']) {
    assert.equal(shownId(id), '');
  }
});

test('a workflow says for whom it runs', () => {
  const workflow: WorkflowRow = {
    id: 'greet',
    functionName: 'greet',
    folder: '/home/example',
    file: '/home/example/greet.py',
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    tags: [],
    endpointEnabled: true,
    publicEndpoint: false,
    disableGlobalKey: false,
    allowedMethods: ['POST'],
    executionMode: 'sync',
    timeoutSeconds: 1800,
    parameters: [],
    acceptsExtra: false,
    duplicate: false,
    url: 'http://127.0.0.1:3000/api/endpoints/greet',
  };
  assert.equal(workflowText(workflow, context).description, 'own or global key · POST');
  const text = workflowText({ ...workflow, organizationId: 'acme' }, context);
  assert.equal(text.description, 'own or global key · POST · for acme');
  assert.equal(text.spoken, 'greet, own or global key, for acme');
  assert.match(text.tooltip, /runs for acme, unless/);
});
