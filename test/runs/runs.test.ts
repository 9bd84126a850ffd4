/** What a workflow gets, and what becomes of what it gives. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages, openBench } from './bench.ts';

const limit = { timeout: 120_000 };

test('a workflow gets its input and its result comes back', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
from bifrost import workflow

@workflow
async def add(a: int, b: int = 10):
    return {"sum": a + b}

@workflow(name="plain function")
def subtract(a, b):
    return a - b
`,
  });
  const sum = await bench.run('add', { input: { a: 1 } });
  assert.equal(sum.status, 'Success');
  assert.deepEqual(sum.result, { sum: 11 });
  const difference = await bench.run('plain function', {
    functionName: 'subtract',
    input: { a: 5, b: 3 },
  });
  assert.equal(difference.result, 2);
});

test('the finished record is in the history when the run has finished', limit, async (t) => {
  const bench = await openBench(t, { source: 'def answer():\n    print("working")\n    return 42\n' });
  const record = await bench.run('answer', { input: { unused: true } });
  const stored = await bench.history.getRun(record.id);
  assert.deepEqual(stored, record);
  assert.equal(stored?.result, 42);
  assert.deepEqual(stored?.input, { unused: true });
});

test('a workflow sees its own run, and its principal, as the daemon fixed them', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import bifrost

@workflow
async def who(context: ExecutionContext, extra: str = ""):
    same = bifrost.context.execution_id == context.execution_id
    return [context.user_id, context.name, context.org_id, context.organization.name, context.scope,
            context.workflow_name, context.is_platform_admin, context.is_function_key, context.public_url,
            context.execution_id, same]

@workflow
def globally(ctx: "bifrost.ExecutionContext"):
    return [ctx.organization, ctx.org_id, ctx.scope]

@workflow
def unannotated(context, given):
    return [context.workflow_name, given]

@workflow
def open_to_all(context: ExecutionContext, **rest):
    return [context.workflow_name, rest]

@workflow
def further_on(given, context):
    return [given, context]
`,
  });
  const record = await bench.run('who', { organization: { id: 'acme', name: 'Acme Inc', createdAt: 0 } });
  assert.deepEqual(record.result, [
    'service',
    'API Key',
    'acme',
    'Acme Inc',
    'acme',
    'who',
    false,
    true,
    'http://127.0.0.1:3000',
    record.id,
    true,
  ]);
  assert.equal(record.organizationId, 'acme');
  assert.deepEqual((await bench.run('globally')).result, [null, null, 'global']);
  const input = { context: 'not from outside', given: 1 };
  assert.deepEqual((await bench.run('unannotated', { input })).result, ['unannotated', 1]);
  assert.deepEqual((await bench.run('open_to_all', { input })).result, ['open_to_all', { given: 1 }]);
  assert.deepEqual((await bench.run('further_on', { input })).result, [1, 'not from outside']);
});

test('two workflows whose functions share a name run each its own', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
@workflow(name="first")
def run():
    return 1

@workflow(name="second")
def run():
    return 2
`,
  });
  assert.equal((await bench.run('first', { functionName: 'run' })).result, 1);
  assert.equal((await bench.run('second', { functionName: 'run' })).result, 2);
});

test('workflow files import each other, also from folders and under awkward names', limit, async (t) => {
  const bench = await openBench(t);
  bench.write('shared/names.py', 'names = []\n');
  bench.write(
    'shared/a.py',
    'from shared.names import names\nnames.append("a")\ndef a():\n    return names\n',
  );
  bench.write('json.py', 'def mine():\n    return "my own json"\n');
  bench.write('my-flow.py', 'import shared.a\ndef dashed():\n    return shared.a.a()\n');
  await bench.use('shared/a.py', 'json.py', 'my-flow.py');
  assert.deepEqual((await bench.run('a', { file: 'shared/a.py' })).result, ['a']);
  assert.deepEqual((await bench.run('dashed', { file: 'my-flow.py' })).result, ['a']);
  assert.equal((await bench.run('mine', { file: 'json.py' })).result, 'my own json');
});

test('each run begins with the module as it was imported', limit, async (t) => {
  const bench = await openBench(t, {
    source: 'count = 0\ndef up():\n    global count\n    count += 1\n    return count\n',
  });
  assert.equal((await bench.run('up')).result, 1);
  assert.equal((await bench.run('up')).result, 1);
});

test(
  'what is printed, logged and written by subprocesses is kept in order, with its level',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
import logging, os, subprocess, sys

logger = logging.getLogger(__name__)

def talk():
    print("printed")
    subprocess.run(["sh", "-c", "echo from a subprocess; echo to its stderr >&2"])
    print("to stderr", file=sys.stderr)
    logger.debug("too quiet")
    logger.info("informed %s", "well")
    logger.warning("two\\nlines")
    os.write(1, b"raw\\n")
    sys.stdout.buffer.write(b"bytes \\xff\\n")
    sys.stdout.flush()
    print("no line feed", end="")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("failed")
`,
    });
    const record = await bench.run('talk');
    assert.deepEqual(
      record.logs.slice(0, -2).map(({ level, message }) => [level, message]),
      [
        ['stdout', 'printed'],
        ['stdout', 'from a subprocess'],
        ['stdout', 'to its stderr'],
        ['stderr', 'to stderr'],
        ['INFO', 'informed well'],
        ['WARNING', 'two\nlines'],
        ['stdout', 'raw'],
        ['stdout', 'bytes \ufffd'],
      ],
    );
    const [exception, unfinished] = record.logs.slice(-2);
    assert.equal(exception?.level, 'ERROR');
    assert.match(exception?.message ?? '', /^failed\nTraceback[\s\S]+ZeroDivisionError: division by zero$/);
    assert.equal(unfinished?.message, 'no line feed');
    assert.equal(record.droppedLogBytes, 0);
  },
);

test('logging.basicConfig in workflow code sets level and format, and loses no entry', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import logging, sys

def usual():
    logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
    logging.getLogger("shop").debug("heard")
    logging.error("told")

def forced():
    logging.basicConfig(stream=sys.stdout, force=True)
    logging.warning("once")

def to_a_file():
    logging.basicConfig(filename="own.log", format="%(levelname)s %(message)s")
    logging.warning("in both")
    return open("own.log").read()

def with_a_handler():
    class Loud(logging.Handler):
        def emit(self, record):
            print(record.getMessage().upper())
    logging.basicConfig(handlers=[Loud()])
    logging.info("heard twice")
`,
  });
  const logsOf = async (id: string) =>
    (await bench.run(id)).logs.map(({ level, message }) => [level, message]);
  assert.deepEqual(await logsOf('usual'), [
    ['DEBUG', 'shop: heard'],
    ['ERROR', 'root: told'],
  ]);
  assert.deepEqual(await logsOf('forced'), [['WARNING', 'once']]);
  const toFile = await bench.run('to_a_file');
  assert.deepEqual([messages(toFile), toFile.result], [['in both'], 'WARNING in both\n']);
  assert.deepEqual(await logsOf('with_a_handler'), [
    ['stdout', 'HEARD TWICE'],
    ['INFO', 'heard twice'],
  ]);
});

test('a text that no file could hold is still logged readably', limit, async (t) => {
  const bench = await openBench(t, {
    source:
      'import logging\ndef odd():\n    print("a\\ud800b")\n    logging.info("c\\udfffd")\n    print("\\x1e[1,2]")\n',
  });
  const record = await bench.run('odd');
  assert.equal(record.status, 'Success');
  assert.deepEqual(messages(record), ['a\\ud800b', 'c\ufffdd', '\x1e[1,2]']);
});

test(
  'an exception is a failed run with its type, message and a traceback of the user code only',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
class OrderError(Exception):
    pass

class Timeout(Exception):
    pass

class ResultError(Exception):
    pass

async def order():
    helper()

def helper():
    raise OrderError("no such order")

def imitates():
    raise Timeout("not the daemon's")

def imitates_too():
    raise ResultError("not the host's")

def leaves():
    raise SystemExit(3)

def endless():
    return endless()

class Mute(Exception):
    def __str__(self):
        raise ValueError("no text")

def mute():
    raise Mute()
`,
    });
    const { status, error } = await bench.run('order');
    assert.equal(status, 'Failed');
    assert.equal(error?.type, 'OrderError');
    assert.equal(error?.message, 'no such order');
    assert.match(
      error?.traceback ?? '',
      /^Traceback \(most recent call last\):\n {2}File ".*flows\.py", line \d+, in order\n/,
    );
    assert.doesNotMatch(error?.traceback ?? '', /bifrost|host\.py|asyncio/);
    assert.equal((await bench.run('imitates')).error?.type, 'flows.Timeout');
    assert.equal((await bench.run('imitates_too')).error?.type, 'flows.ResultError');
    assert.deepEqual((await bench.run('leaves')).error?.type, 'SystemExit');
    const recursion = await bench.run('endless');
    assert.equal(recursion.error?.type, 'RecursionError');
    assert.ok((recursion.error?.traceback ?? '').length < 20_000);
    assert.equal((await bench.run('mute')).error?.type, 'Mute');
  },
);

test(
  'tasks, threads and exit handlers that a workflow leaves behind do not hold up its result',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
import asyncio, atexit, pathlib, threading, time

async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def leave(marker: str):
    asyncio.create_task(asyncio.sleep(3600))
    asyncio.create_task(stubborn())
    threading.Thread(target=time.sleep, args=(3600,)).start()
    atexit.register(pathlib.Path(marker).write_text, "tidied up")
    await asyncio.sleep(0)
    return "done"
`,
    });
    assert.equal((await bench.run('leave', { input: { marker: 'marker' } })).result, 'done');
  },
);
