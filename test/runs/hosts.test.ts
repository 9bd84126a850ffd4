/** Where the processes of runs come from: what breaks a host, what replaces it, and how it goes without one. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolvePython } from '../../server/runs/interpreter.ts';
import { isAlive, messages, openBench, until } from './bench.ts';

const limit = { timeout: 120_000 };

test(
  'a module that raises at import fails its own workflows with that error, and no other',
  limit,
  async (t) => {
    const bench = await openBench(t);
    bench.write('broken.py', 'def helper():\n    raise LookupError("no such table")\n\nhelper()\n');
    bench.write('typo.py', 'def f(:\n');
    bench.write('exits.py', 'import sys\nsys.exit("wanted")\n');
    bench.write('flows.py', 'def ok():\n    return "ok"\n');
    bench.write('cancels.py', 'import asyncio\nraise asyncio.CancelledError()\n');
    await bench.use('broken.py', 'typo.py', 'exits.py', 'cancels.py', 'flows.py');
    assert.equal((await bench.run('ok')).result, 'ok');
    const broken = await bench.run('x', { file: 'broken.py' });
    assert.equal(broken.status, 'Failed');
    assert.equal(broken.error?.type, 'LookupError');
    assert.equal(broken.error?.message, 'no such table');
    assert.match(
      broken.error?.traceback ?? '',
      /^Traceback \(most recent call last\):\n {2}File ".*broken\.py", line 4, in <module>/,
    );
    assert.equal((await bench.run('f', { file: 'typo.py' })).error?.type, 'SyntaxError');
    assert.equal((await bench.run('f', { file: 'exits.py' })).error?.type, 'SystemExit');
    assert.equal((await bench.run('f', { file: 'cancels.py' })).error?.type, 'CancelledError');
    const gone = await bench.run('gone');
    assert.match(gone.error?.message ?? '', /flows\.py has no function 'gone'/);
    assert.ok(bench.logged.includes('a workflow file raised at import'));
  },
);

test(
  'a module that ends the host at import is a clear failure, and works once it is mended',
  limit,
  async (t) => {
    const bench = await openBench(t, { source: 'import os\nos._exit(9)\n' });
    await assert.rejects(bench.run('ok'), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'host-failed');
      assert.match(error.message, /was ended with exit code 9; look for what its workflow modules do/);
      return true;
    });
    const accepted = await bench.start('ok', { mode: 'async' }).catch((error: unknown) => error);
    assert.ok(accepted instanceof Error);
    bench.write('flows.py', 'def ok():\n    return "mended"\n');
    await bench.use('flows.py');
    assert.equal((await bench.run('ok')).result, 'mended');
  },
);

test('a module that never finishes its import is given up after the limit', limit, async (t) => {
  const bench = await openBench(t, { source: 'while True:\n    pass\n', settings: { startLimitMs: 500 } });
  await assert.rejects(bench.run('ok'), /was not ready within 0\.5 s/);
});

test('however many modules raise, and however much they say, the others run', limit, async (t) => {
  const bench = await openBench(t, { source: 'def ok():\n    return "ok"\n' });
  const raising = Array.from({ length: 80 }, (_, index) => `raises${index}.py`);
  for (const file of raising) bench.write(file, 'raise ValueError("x" * 1_000_000)\n');
  await bench.use('flows.py', ...raising);
  assert.equal((await bench.run('ok')).result, 'ok');
  assert.equal((await bench.run('f', { file: 'raises7.py' })).error?.message.length, 65_536);
});

test('a folder that has gone is a failure that says so, with and without fork', limit, async (t) => {
  for (const forking of [true, false]) {
    const bench = await openBench(t, { source: 'def ok():\n    return 1\n', settings: { forking } });
    rmSync(bench.folder, { recursive: true });
    await bench.use('flows.py');
    const failed: unknown = await bench.run('ok').then(
      ({ error }) => error,
      (error: unknown) => error,
    );
    assert.ok(failed instanceof Object && 'message' in failed);
    assert.match(String(failed.message), /folder is not there any more.*put it back/);
  }
});

test('what a module prints, starts and opens at import does not disturb the runs', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import logging, subprocess, sys, threading, time
print('{"exited": "x"}')
sys.stdout.write("no line feed")
subprocess.run(["echo", "from a subprocess"])
helper = subprocess.Popen(["sleep", "3600"])
logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
notes = open("notes.txt", "a")

def use():
    logging.warning("twice")
    notes.write("noted")
    notes.flush()
    return helper.pid
`,
  });
  const first = await bench.run('use');
  assert.deepEqual(messages(first), ['twice', 'twice']);
  await bench.run('use');
  assert.equal(readFileSync(join(bench.folder, 'notes.txt'), 'utf8'), 'notednoted');
  assert.ok(isAlive(Number(first.result)), 'a helper of the module belongs to the host, not to a run');
  await bench.runs.close({ graceMs: 0 });
  await until(() => !isAlive(Number(first.result)));
});

test('runs that start after a change see it, those in flight finish on the old source', limit, async (t) => {
  const waiting = `
import asyncio, pathlib
async def wait(file: str):
    pathlib.Path("began").write_text("")
    while not pathlib.Path(file).exists():
        await asyncio.sleep(0.005)
    return VERSION
`;
  const bench = await openBench(t, { source: `VERSION = 1\n${waiting}` });
  const file = join(bench.folder, 'go');
  const old = await bench.start('wait', { input: { file } });
  await until(() => existsSync(join(bench.folder, 'began')));
  for (let version = 2; version < 6; version += 1) {
    // Same length and same second: what compares only those would miss it.
    bench.write('flows.py', `VERSION = ${version}\n${waiting}\ndef now():\n    return VERSION\n`);
    await bench.use('flows.py');
    assert.equal((await bench.run('now')).result, version);
  }
  writeFileSync(file, '');
  assert.equal((await old.finished).result, 1);
  assert.ok(!existsSync(join(bench.folder, '__pycache__')));
});

test('a host that is killed is replaced by itself', limit, async (t) => {
  const bench = await openBench(t, { source: 'import os\ndef host():\n    return os.getppid()\n' });
  for (let round = 0; round < 3; round += 1) {
    const pid = Number((await bench.run('host')).result);
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    const results = await Promise.all([1, 2, 3].map(async () => bench.run('host')));
    for (const { error, result } of results) {
      assert.equal(error, undefined);
      assert.notEqual(result, pid);
    }
  }
});

test('a process whose host ended while it was on its way is given to no run', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import os, pathlib, time

def arrive_late():
    try:
        os.rename("late", "forked")
    except FileNotFoundError:
        return
    while not pathlib.Path("go").exists():
        time.sleep(0.005)

os.register_at_fork(after_in_child=arrive_late)

def host():
    return os.getppid()

def work():
    time.sleep(0.5)
    return "done"
`,
  });
  const pid = Number((await bench.run('host')).result);
  writeFileSync(join(bench.folder, 'late'), '');
  await bench.run('host');
  await until(() => existsSync(join(bench.folder, 'forked')));
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
  const run = bench.run('work');
  writeFileSync(join(bench.folder, 'go'), '');
  const { result, error } = await run;
  assert.equal(error, undefined);
  assert.equal(result, 'done');
});

test('a host that one of its runs has stopped is replaced, and nobody waits for ever', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import os, signal

def stop():
    os.kill(os.getppid(), signal.SIGSTOP)
    return os.getppid()
`,
    settings: { startLimitMs: 5_000 },
  });
  const { result: stopped } = await bench.run('stop');
  // More than were forked ahead of time.
  for (const { error, result } of await Promise.all([1, 2, 3, 4].map(async () => bench.run('stop')))) {
    assert.ok(error?.type === 'HostFailed' || typeof result === 'number');
  }
  await until(() => !isAlive(Number(stopped)));
});

test('a run is ended at its limit although it has stopped its host, which should have ended it', {
  ...limit,
  skip: process.platform !== 'linux',
}, async (t) => {
  const bench = await openBench(t, {
    source: `
import os, pathlib, signal

def hang():
    pathlib.Path("pid").write_text(str(os.getpid()))
    os.kill(os.getppid(), signal.SIGSTOP)
    while True:
        pass
`,
  });
  assert.equal((await bench.run('hang', { timeoutSeconds: 1 })).status, 'Timeout');
  const pid = readFileSync(join(bench.folder, 'pid'), 'utf8');
  // Its host is stopped, so it stays a zombie.
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
});

test(
  'what a killed host’s modules had started is gone with it, and does not hold up the next host',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source:
        'import os, subprocess\nhelper = subprocess.Popen(["sleep", "3600"]).pid\ndef pids():\n    return [os.getppid(), helper]\n',
    });
    const [host, helper] = (await bench.run('pids')).result as [number, number];
    process.kill(host, 'SIGKILL');
    await until(() => !isAlive(helper));
    const [next] = (await bench.run('pids')).result as [number, number];
    assert.notEqual(next, host);
  },
);

test('a folder whose processes die before they are used is a failure, not a busy loop', limit, async (t) => {
  const bench = await openBench(t, {
    source: 'import os\nos.register_at_fork(after_in_child=lambda: os._exit(3))\ndef ok():\n    return 1\n',
  });
  const record = await bench.run('ok').catch((error: { code?: string }) => error);
  assert.ok(
    'code' in record
      ? record.code === 'host-failed'
      : 'status' in record && record.error?.type === 'HostFailed',
  );
});

test('a dropped folder takes no new runs, and those in flight finish', limit, async (t) => {
  const bench = await openBench(t, {
    source:
      'import asyncio\nasync def wait():\n    print("x", flush=True)\n    await asyncio.sleep(0.3)\n    return 1\n',
  });
  const run = await bench.start('wait');
  const dropped = bench.runs.dropFolder(bench.folder);
  await assert.rejects(bench.run('wait'), { code: 'not-found' });
  await dropped;
  assert.equal((await run.finished).result, 1);
});

test('without fork a process is started for each run, and does all the same', limit, async (t) => {
  const bench = await openBench(t, {
    settings: { forking: false },
    source: `
import logging, os, subprocess, sys, time
from bifrost import config

async def all(context: ExecutionContext, a: int):
    print("printed")
    subprocess.run(["echo", "sub"])
    print("err", file=sys.stderr)
    logging.info("logged")
    return [a, context.org_id, await config.get("api_key")]

def crash():
    os.abort()

def sleep():
    subprocess.Popen(["sleep", "3600"])
    time.sleep(3600)

def many():
    for _ in range(200_000):
        print("x" * 99)

raise_later = os.environ.get("RAISE")
`,
  });
  bench.write('broken.py', 'raise ValueError("at import")\n');
  await bench.use('flows.py', 'broken.py');
  bench.configs.put('api_key', 'sk_test_example_value');
  const record = await bench.run('all', {
    input: { a: '3' },
    organization: { id: 'acme', name: 'Acme', createdAt: 0 },
  });
  assert.equal(record.error, undefined);
  assert.deepEqual(record.result, [3, 'acme', '[REDACTED]']);
  assert.deepEqual(
    record.logs.map(({ level, message }) => [level, message]),
    [
      ['stdout', 'printed'],
      ['stdout', 'sub'],
      ['stderr', 'err'],
      ['INFO', 'logged'],
    ],
  );
  assert.match((await bench.run('crash')).error?.message ?? '', /ended by SIGABRT/);
  assert.equal((await bench.run('x', { file: 'broken.py' })).error?.message, 'at import');
  assert.equal((await bench.run('sleep', { timeoutSeconds: 0.5 })).status, 'Timeout');
  const many = await bench.run('many');
  assert.ok(many.droppedLogBytes > 18_000_000);
});

test('a Python that is missing, too old or none at all is a clear failure', limit, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wk-python-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const fake = (name: string, body: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const old = fake('python3.8', 'printf "/opt/test/python3.8\\n3.8.18\\n"');
  const missing = { code: 'python-unavailable' as const };
  await assert.rejects(resolvePython(old, { PATH: '' }), {
    ...missing,
    message: /need Python 3\.9 or newer; \/opt\/test\/python3\.8 is Python 3\.8\.18\./,
  });
  await assert.rejects(resolvePython(join(folder, 'none'), { PATH: '' }), {
    ...missing,
    message: /none could not be started/,
  });
  await assert.rejects(resolvePython(fake('other', 'echo hello'), { PATH: '' }), missing);
  await assert.rejects(resolvePython(undefined, { PATH: folder }), {
    ...missing,
    message: /no python3 was found/,
  });
  const bench = await openBench(t, { python: old, source: 'def ok():\n    return 1\n' });
  await assert.rejects(bench.run('ok'), missing);
  await assert.rejects(bench.start('ok', { mode: 'async' }), missing);
});

test('an interpreter behind a shim is asked once for its own path', limit, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wk-shim-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const shim = join(folder, 'python3');
  writeFileSync(shim, `#!/bin/sh\necho asked >> "${folder}/asked"\nexec python3 "$@"\n`);
  chmodSync(shim, 0o755);
  const environment = { PATH: process.env.PATH ?? '' };
  const [first, second] = [await resolvePython(shim, environment), await resolvePython(shim, environment)];
  assert.deepEqual(first, second);
  assert.notEqual(first.executable, shim);
  assert.match(first.version, /^3\.\d+\.\d+$/);
  assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), 'asked\n');
});
