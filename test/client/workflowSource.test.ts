/** What a new workflow file says, and how it may be called. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isWorkflowName, workflowSource } from '../../client/workflowSource.ts';

test('a name is one that Python takes for a function', () => {
  for (const name of ['send_invoice', 'a', 'x2', 'match'])
    assert.ok(isWorkflowName(name), `"${name}" is a name`);
  for (const name of ['', 'Send', 'send-invoice', '2x', 'a b', 'a"b', '../a', 'import', 'workflow', 'é'])
    assert.ok(!isWorkflowName(name), `"${name}" is no name`);
});

test('no word of Python itself is taken for a name, and what is taken is valid source', () => {
  const check = 'import ast, keyword, sys; ast.parse(sys.stdin.read()); print(*keyword.kwlist)';
  const words = execFileSync('python3', ['-c', check], { input: workflowSource('match'), encoding: 'utf8' });
  assert.deepEqual(words.trim().split(' ').filter(isWorkflowName), []);
});
