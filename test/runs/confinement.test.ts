/** A run cannot outlive its end, take others down, or see what is not its own. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive, messages, openBench, until } from './bench.ts';

const limit = { timeout: 120_000 };
const onLinux = process.platform === 'linux';

const source = `
import asyncio, ctypes, logging, os, pathlib, signal, subprocess, sys, time

def spin(**_):
    while True:
        pass

async def sleep(seconds: float = 3600):
    await asyncio.sleep(seconds)
    return "slept"

def note_and_sleep(file: str):
    print("started", flush=True)
    pathlib.Path(file).write_text(str(os.getpid()))
    time.sleep(3600)

def leave_children(file: str):
    """One in the group, one in a session of its own, one that has lost its parent as well."""
    pids = [subprocess.Popen(["sleep", "3600"]).pid, subprocess.Popen(["sleep", "3600"], start_new_session=True).pid]
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        daemon = os.fork()
        if daemon == 0:
            os.execvp("sleep", ["sleep", "3600"])
        os.write(write, str(daemon).encode())
        os._exit(0)
    os.wait()
    pids.append(int(os.read(read, 100)))
    pathlib.Path(file + ".part").write_text(" ".join(map(str, pids)))
    os.rename(file + ".part", file)

def leave_children_and_wait(file: str):
    leave_children(file)
    time.sleep(3600)

def exit_quietly():
    os._exit(0)

def exit_with(code: int):
    print("last words", flush=True)
    os._exit(code)

def abort():
    os.abort()

def segfault():
    ctypes.string_at(0)

def hang_up():
    os.closerange(3, 256)
    time.sleep(3600)

def fork_and_return():
    pid = os.fork()
    print("parent" if pid else "child", flush=True)
    if pid:
        os.waitpid(pid, 0)
    return "parent" if pid else "child"

def fork_and_raise():
    if os.fork() == 0:
        raise RuntimeError("in the copy")
    os.wait()
    return "parent"

async def fork_and_ask():
    from bifrost import config
    first = await config.get("name")
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run_coroutine_threadsafe
            coroutine = config.get("name")
            coroutine.send(None)
        except RuntimeError as error:
            print("copy:", error, flush=True)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return [first, await config.get("name")]

def multiply():
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2, -3])

def shout(mebibytes: int, raw: bool):
    line = "x" * 1023
    if raw:
        subprocess.run(["sh", "-c", f"yes {line} | head -c {mebibytes * 1048576}"])
    else:
        for _ in range(mebibytes * 1024):
            print(line)
    return "done"

def one_line(mebibytes: int):
    logging.info("y" * mebibytes * 1048576)
    sys.stdout.write("x" * mebibytes * 1048576)
    return "done"

def eat():
    return len(bytearray(600 * 1048576))

def surroundings():
    return dict(os.environ)

def descriptors():
    return sorted(os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}"))

def status():
    lines = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    import resource
    return [lines["NoNewPrivs"].strip(), os.getsid(0) == os.getpid(), resource.getrlimit(resource.RLIMIT_CORE)[0], sys.stdin.read()]

def ok():
    return "ok"

def garbage():
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if fd > 2 and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                os.write(fd, b'{"done": "success", "result": 1, "dropped": -5}\\n')
        except OSError:
            pass
    time.sleep(3600)

def flood():
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            while fd > 2 and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                os.write(fd, b"x" * 65536)
        except OSError:
            pass
    time.sleep(3600)
`;

test('a run that never returns is ended at its time limit', limit, async (t) => {
  const bench = await openBench(t, { source });
  const [spun, slept] = await Promise.all([
    bench.run('spin', { timeoutSeconds: 0.3 }),
    bench.run('sleep', { timeoutSeconds: 0.3 }),
  ]);
  assert.equal(spun.status, 'Timeout');
  assert.equal(slept.status, 'Timeout');
  assert.match(spun.error?.message ?? '', /limit of 0\.3 s/);
  assert.equal((await bench.history.getRun(spun.id))?.status, 'Timeout');
});

test('a run without a time limit may take its time', limit, async (t) => {
  const bench = await openBench(t, { source });
  const { result } = await bench.run('sleep', { timeoutSeconds: 0, input: { seconds: 0.2 } });
  assert.equal(result, 'slept');
});

test('a cancelled run is ended, with its process, and what it has printed is kept', limit, async (t) => {
  const bench = await openBench(t, { source });
  const file = join(bench.folder, 'pid');
  const run = await bench.start('note_and_sleep', { input: { file } });
  let pid = 0;
  await until(() => {
    try {
      pid = Number(readFileSync(file, 'utf8'));
    } catch {
      pid = 0;
    }
    return pid > 0;
  });
  const cancelled = await bench.runs.cancel(run.id);
  assert.equal(cancelled.status, 'Cancelled');
  assert.deepEqual(messages(cancelled), ['started']);
  assert.deepEqual(await run.finished, cancelled);
  await until(() => !isAlive(pid));
  await assert.rejects(bench.runs.cancel(run.id), { code: 'conflict' });
  await assert.rejects(bench.runs.cancel('unknown'), { code: 'not-found' });
});

for (const [workflow, how] of [
  ['leave_children', 'has returned'],
  ['leave_children_and_wait', 'was ended'],
] as const) {
  test(`processes that a run leaves behind are gone once it ${how}, daemonised or not`, limit, async (t) => {
    const bench = await openBench(t, { source });
    const file = join(bench.folder, 'pids');
    const run = await bench.start(workflow, { input: { file } });
    await until(() => existsSync(file));
    if (how === 'was ended') await bench.runs.cancel(run.id);
    await run.finished;
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    assert.equal(pids.length, 3);
    // Elsewhere the system has no way to find those that left the group.
    await until(() => (onLinux ? pids : pids.slice(0, 1)).every((pid) => !isAlive(pid)));
    if (!onLinux) for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  });
}

test(
  'a crash is a failed run that says how the process ended, and keeps what was printed',
  limit,
  async (t) => {
    const bench = await openBench(t, { source });
    const crashes: [workflow: string, input: Record<string, unknown>, message: RegExp][] = [
      ['exit_quietly', {}, /exit code 0 before the workflow returned/],
      ['exit_with', { code: 7 }, /exit code 7 before the workflow returned/],
      ['abort', {}, /ended by SIGABRT/],
      ['segfault', {}, /ended by SIGSEGV/],
      ['hang_up', {}, /closed its line to the daemon/],
      ['garbage', {}, /sent a message that the daemon does not know/],
    ];
    for (const [workflow, input, message] of crashes) {
      const record = await bench.run(workflow, { input });
      assert.equal(record.status, 'Failed');
      assert.equal(record.error?.type, 'Crashed');
      assert.match(record.error?.message ?? '', message);
      if (workflow === 'exit_with') assert.deepEqual(messages(record), ['last words']);
      if (workflow === 'segfault')
        assert.match(messages(record).join('\n'), /Fatal Python error: Segmentation fault/);
    }
    assert.equal((await bench.run('ok')).result, 'ok');
  },
);

test('a process that floods its line is ended, and the daemon goes on', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxResultBytes: 1024 } });
  const record = await bench.run('flood');
  assert.match(record.error?.message ?? '', /sent a message of more than \d+ bytes/);
  assert.equal((await bench.run('ok')).result, 'ok');
});

test('a copy made by os.fork in workflow code never speaks for the run', limit, async (t) => {
  const bench = await openBench(t, { source });
  const returned = await bench.run('fork_and_return');
  assert.equal(returned.result, 'parent');
  assert.deepEqual(messages(returned).sort(), ['child', 'parent']);
  assert.equal((await bench.run('fork_and_raise')).result, 'parent');
  bench.configs.put('name', 'value', { secret: false });
  const asked = await bench.run('fork_and_ask');
  assert.deepEqual(asked.result, ['value', 'value']);
  assert.match(messages(asked).join(), /copy: config\.get\(\) works inside a run only/);
  assert.deepEqual((await bench.run('multiply')).result, [1, 2, 3]);
});

for (const raw of [false, true]) {
  const by = raw ? 'a subprocess' : 'print';
  test(
    `a run that writes hundreds of MiB by ${by} keeps the first part, counts the rest, and costs no memory`,
    limit,
    async (t) => {
      const mebibytes = 300;
      const bench = await openBench(t, { source, settings: { maxLogBytes: 100_000 } });
      await bench.run('ok');
      const before = process.memoryUsage.rss();
      const record = await bench.run('shout', { input: { mebibytes, raw } });
      assert.equal(record.result, 'done');
      const kept = record.logs.reduce((sum, { message }) => sum + message.length, 0);
      // Line feeds count where the run itself counts.
      assert.ok(kept > 99_000 && kept <= 100_000, String(kept));
      assert.ok(record.droppedLogBytes > mebibytes * 1_040_000, String(record.droppedLogBytes));
      assert.ok(process.memoryUsage.rss() - before < 150 * 1048576);
    },
  );
}

test('a single line without end is cut at the limit', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxLogBytes: 100_000 } });
  const record = await bench.run('one_line', { input: { mebibytes: 20 } });
  assert.equal(record.result, 'done');
  assert.equal(
    record.logs.reduce((sum, { message }) => sum + message.length, 0),
    100_000,
  );
});

test('a run that wants more memory than the limit fails with a MemoryError', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { memoryLimitMb: 500 } });
  assert.equal((await bench.run('eat')).error?.type, 'MemoryError');
});

test('a run sees the allowed part of the environment and none of the daemon’s keys', limit, async (t) => {
  const environment = {
    PATH: process.env.PATH,
    LC_ALL: 'C.UTF-8',
    https_proxy: 'http://127.0.0.1:9',
    BIFROST_SECRET_KEY: 'test-secret-key-that-no-run-may-see',
    WORKFLOW_KEYS_PORT: '1',
    NODE_OPTIONS: '--no-warnings',
    ELECTRON_RUN_AS_NODE: '1',
    PYTHONSTARTUP: '/nowhere',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const bench = await openBench(t, { source, environment });
  const seen = (await bench.run('surroundings')).result as Record<string, string>;
  assert.deepEqual(Object.keys(seen).sort(), ['LC_ALL', 'PATH', 'https_proxy']);
});

if (onLinux) {
  test(
    'a run has its own session, gains no rights, dumps no core, reads no input, and inherits no connection',
    limit,
    async (t) => {
      const bench = await openBench(t, { source });
      assert.deepEqual((await bench.run('status')).result, ['1', true, 0, '']);
      const open = (await bench.run('descriptors')).result as string[];
      // Input, its line to the daemon, and its output under three numbers.
      assert.deepEqual(
        open.filter((target) => !target.startsWith('/proc')),
        ['/dev/null', 'socket', 'socket', 'socket', 'socket'],
      );
    },
  );

  test('the runs of a host that was killed end with it', limit, async (t) => {
    const bench = await openBench(t, { source });
    const file = join(bench.folder, 'pid');
    const run = await bench.start('note_and_sleep', { input: { file } });
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    const pid = Number(readFileSync(file, 'utf8'));
    const host = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    assert.match(readlinkSync(`/proc/${host}/exe`), /python/);
    process.kill(host, 'SIGKILL');
    const record = await run.finished;
    assert.equal(record.error?.message, "The run's process ended together with its host.");
    await until(() => !isAlive(pid));
  });
}
