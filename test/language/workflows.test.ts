/** Which functions are workflows, and what their decorators say (D45–D47). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFacts } from './check.ts';

const ids = (text: string) => readFacts(text).workflows.map(({ workflow }) => workflow.id);

function onlyWorkflow(text: string) {
  const [fact, ...more] = readFacts(text).workflows;
  assert.ok(fact);
  assert.equal(more.length, 0);
  return fact.workflow;
}

test('every form of the decorator marks a workflow', () => {
  assert.deepEqual(
    ids(`
import bifrost
import bifrost as b
from bifrost import workflow
from bifrost import workflow as wf
marked = bifrost.workflow

@workflow
async def bare(): ...
@workflow()
async def called(): ...
@bifrost.workflow(name="attribute")
async def two(): ...
@b.workflow
async def module_alias(): ...
@wf
async def alias(): ...
@marked
async def assigned(): ...
@workflow("by_position")
async def three(): ...
@other
@workflow
def second_decorator(): ...
if True:
    @workflow
    def within_if(): ...
`),
    [
      'bare',
      'called',
      'attribute',
      'module_alias',
      'alias',
      'assigned',
      'by_position',
      'second_decorator',
      'within_if',
    ],
  );
});

test('the decorator counts without its import, in a file that imports something of bifrost', () => {
  assert.deepEqual(ids('from bifrost import config\n@workflow(name="a")\nasync def f(): ...\n'), ['a']);
  assert.deepEqual(ids('def g():\n    from bifrost import config\n@workflow\nasync def f(): ...\n'), ['f']);
  assert.deepEqual(ids('# bifrost\n@workflow\nasync def f(): ...\n'), []);
});

test('a decorator of somebody else, or one that is bound otherwise, marks nothing', () => {
  assert.deepEqual(ids('import bifrost\nfrom prefect import workflow\n@workflow\ndef f(): ...\n'), []);
  assert.deepEqual(ids('import bifrost\ndef workflow(f): return f\n@workflow\ndef f(): ...\n'), []);
  assert.deepEqual(ids('import bifrost\n@app.workflow\ndef f(): ...\n'), []);
});

test('only functions of the module are workflows', () => {
  assert.deepEqual(
    ids(`
from bifrost import workflow
class A:
    @workflow
    def method(self): ...
def factory():
    @workflow
    def inner(): ...
@workflow
class B: ...
`),
    [],
  );
});

test('options are read from the source, constants included', () => {
  const workflow = onlyWorkflow(`
from bifrost import workflow
PREFIX = "billing"
TAGS = ("money", PREFIX)
TIMEOUT = 90

@workflow(
    name=PREFIX + ".charge",
    description="Charges "
    "a card.",
    category="billing",
    tags=TAGS,
    endpoint_enabled=True,
    allowed_methods=["get", "POST"],
    public_endpoint=True,
    disable_global_key=True,
    execution_mode="async",
    timeout_seconds=TIMEOUT,
)
async def charge(): ...
`);
  assert.deepEqual(workflow, {
    id: 'billing.charge',
    functionName: 'charge',
    range: { start: { line: 7, character: 9 }, end: { line: 7, character: 27 } },
    description: 'Charges a card.',
    category: 'billing',
    tags: ['money', 'billing'],
    endpointEnabled: true,
    allowedMethods: ['GET', 'POST'],
    publicEndpoint: true,
    disableGlobalKey: true,
    executionMode: 'async',
    timeoutSeconds: 90,
    parameters: [],
    acceptsExtra: false,
  });
});

test('what is not given has its default', () => {
  assert.deepEqual(onlyWorkflow('from bifrost import workflow\n@workflow\ndef f(): ...\n'), {
    id: 'f',
    functionName: 'f',
    range: { start: { line: 2, character: 4 }, end: { line: 2, character: 5 } },
    tags: [],
    endpointEnabled: false,
    allowedMethods: ['POST'],
    publicEndpoint: false,
    disableGlobalKey: false,
    executionMode: 'sync',
    timeoutSeconds: 1800,
    parameters: [],
    acceptsExtra: false,
  });
});

test('an option that cannot be read never opens an endpoint wider', () => {
  const workflow = onlyWorkflow(`
from bifrost import workflow
@workflow(endpoint_enabled=x(), public_endpoint="yes", disable_global_key=x(), allowed_methods=x())
def f(): ...
`);
  assert.equal(workflow.endpointEnabled, false);
  assert.equal(workflow.publicEndpoint, false);
  assert.equal(workflow.disableGlobalKey, true);
  assert.deepEqual(workflow.allowedMethods, ['POST']);
});

test('parameters are read with annotation and default, in every form', () => {
  const workflow = onlyWorkflow(`
from bifrost import ExecutionContext, workflow
@workflow
async def f(context: ExecutionContext, a, /, b: int, *args: str, c: list[str] | None = None, d=1, **rest): ...
`);
  assert.deepEqual(workflow.parameters, [
    { name: 'a', required: true },
    { name: 'b', annotation: 'int', required: true },
    { name: 'c', annotation: 'list[str] | None', required: false },
    { name: 'd', required: false },
  ]);
  assert.equal(workflow.acceptsExtra, true);
});

test('the parameter that takes the context is none of the input', () => {
  for (const parameter of [
    'context',
    'context=None',
    'context: ExecutionContext',
    'anything: ExecutionContext',
    'context: "ExecutionContext"',
    'context: bifrost.ExecutionContext',
    'context: Context',
    'context: ExecutionContext | None = None',
    'context: Optional[ExecutionContext] = None',
    'context: Union[ExecutionContext, None] = None',
  ]) {
    const text = `import bifrost
from bifrost import ExecutionContext, workflow
from bifrost import ExecutionContext as Context
@workflow
async def f(${parameter}, amount: int): ...
`;
    assert.deepEqual(
      onlyWorkflow(text).parameters.map(({ name }) => name),
      ['amount'],
      parameter,
    );
  }
});

test('a parameter that is only called context further on, or has another type, is input', () => {
  const names = (parameters: string) =>
    onlyWorkflow(`from bifrost import workflow\n@workflow\ndef f(${parameters}): ...\n`).parameters.map(
      ({ name }) => name,
    );
  assert.deepEqual(names('amount, context'), ['amount', 'context']);
  assert.deepEqual(names('context: dict'), ['context']);
});
