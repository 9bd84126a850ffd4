/** `bifrost.config` in workflow code, and that no secret which it gave comes out again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from './bench.ts';

const limit = { timeout: 120_000 };
const canary = 'sk_test_canary/4eC39HqLyjWDarjtT1zdp7dc';

test('a run reads, sets, deletes and lists configuration', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
from bifrost import config

async def use():
    await config.set("plain", {"a": [1]})
    await config.set("hidden", "example-secret-1", is_secret=True)
    deleted = [await config.delete("plain"), await config.delete("plain")]
    return [await config.get("region"), await config.get("none", default=None), await config.get("other", "else"),
            deleted, await config.list(), await config.get("region", scope=None)]
`,
  });
  bench.configs.put('region', 'eu', { secret: false, organization: 'acme' });
  bench.configs.put('region', 'world', { secret: false });
  const { result, error } = await bench.run('use', {
    organization: { id: 'acme', name: 'Acme', createdAt: 0 },
  });
  assert.equal(error, undefined);
  const listed = { 'acme/hidden': '[SECRET]', 'acme/region': 'eu', '/region': 'world' };
  assert.deepEqual(result, ['eu', null, 'else', [true, false], listed, 'world']);
});

test(
  'a missing name is a KeyError that reads as the daemon wrote it, and a wrong key is not',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
from bifrost import config, errors

async def missing():
    await config.get("nowhere")

async def undecryptable():
    try:
        await config.get("undecryptable", default="never")
    except errors.DecryptionError as error:
        return [isinstance(error, KeyError), isinstance(error, errors.ConfigError), error.code, str(error)]

async def broken():
    await config.get("broken")

async def downgrade():
    await config.set("api_key", "x", is_secret=False)

async def unwritable():
    await config.set("api_key", object())
`,
    });
    bench.configs.put('api_key', canary);
    const missing = await bench.run('missing');
    assert.deepEqual(
      [missing.error?.type, missing.error?.message],
      ['KeyError', "Config 'nowhere' is not set; add it in Settings."],
    );
    assert.match(
      missing.error?.traceback ?? '',
      /\nKeyError: Config 'nowhere' is not set; add it in Settings\.\n$/,
    );
    assert.deepEqual((await bench.run('undecryptable')).result, [
      false,
      true,
      'cannot-decrypt',
      'Secret "undecryptable" does not open.',
    ]);
    const broken = await bench.run('broken');
    assert.equal(broken.error?.type, 'ConfigError');
    assert.match(broken.error?.message ?? '', new RegExp(`^Internal error; .* under ${broken.id}\\.$`));
    assert.equal((await bench.run('downgrade')).error?.type, 'InvalidConfigError');
    assert.equal((await bench.run('unwritable')).error?.type, 'InvalidConfigError');
  },
);

test(
  'tasks, threads and blocking code of one run ask at the same time and get their own answers',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
import asyncio, threading
from bifrost import config

async def many():
    values = await asyncio.gather(*(config.get(f"n{number}") for number in range(200)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(config.get("n7")))) for _ in range(5)]
    [thread.start() for thread in threads]
    # The loop is blocked here, and the threads are answered all the same.
    [thread.join() for thread in threads]
    return values == list(range(200)) and found == [7] * 5

def blocking():
    return asyncio.run(config.get("n1"))
`,
    });
    for (let number = 0; number < 200; number += 1)
      bench.configs.put(`n${number}`, number, { secret: false });
    assert.equal((await bench.run('many')).result, true);
    assert.equal((await bench.run('blocking')).result, 1);
  },
);

test('two organizations that run at the same time get their own values', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import asyncio
from bifrost import config

async def own(context: ExecutionContext):
    first = await config.get("region")
    await asyncio.sleep(0.01)
    return [context.org_id, first, await config.get("region")]
`,
  });
  const organizations = ['aaa', 'bbb', 'ccc'].map((id) => ({ id, name: id.toUpperCase(), createdAt: 0 }));
  for (const { id } of organizations)
    bench.configs.put('region', `of-${id}`, { secret: false, organization: id });
  const results = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const organization = organizations[index % 3];
      const { result } = await bench.run('own', organization === undefined ? {} : { organization });
      return { result, id: organization?.id };
    }),
  );
  for (const { result, id } of results) assert.deepEqual(result, [id, `of-${id}`, `of-${id}`]);
});

test(
  'a run that claims to be another one, or of another organization, is believed nothing',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
from bifrost import _channel

def claim():
    other = {"id": "bbb", "name": "B"}
    ask = {"name": "region", "organizationId": "bbb", "organization": other, "runId": "another", "run": other}
    answer = _channel.current.ask("config.get", ask).result(10)
    _channel.current.ask("config.set", {**ask, "value": "taken"}).result(10)
    return answer["value"]
`,
    });
    for (const id of ['aaa', 'bbb'])
      bench.configs.put('region', `of-${id}`, { secret: false, organization: id });
    const organization = { id: 'aaa', name: 'A', createdAt: 0 };
    assert.equal((await bench.run('claim', { organization })).result, 'of-aaa');
    assert.equal(bench.configs.values.get('bbb/region')?.value, 'of-bbb');
    assert.equal(bench.configs.values.get('aaa/region')?.value, 'taken');
  },
);

test(
  'a secret that is returned, logged, printed, raised, encoded or taken from the input appears nowhere',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
import base64, json, logging, subprocess, sys, urllib.parse
from bifrost import config

logger = logging.getLogger("leaky")

async def leak(guess: str):
    print("before it was read:", guess)
    secret = await config.get("api_key")
    logger.info(f"API key: {secret}")
    print(secret[:10], end="")
    print(secret[10:])
    print(secret, file=sys.stderr)
    subprocess.run(["echo", "sub", secret])
    logger.info("basic %s", base64.b64encode(f"user:{secret}".encode()).decode())
    try:
        raise ValueError("inner " + secret)
    except ValueError:
        logger.exception("with traceback")
    return {"api_key": secret, secret: [json.dumps(secret), urllib.parse.quote(secret, safe="")], "hex": secret.encode().hex()}

async def fail():
    secret = await config.get("api_key")
    raise RuntimeError(f"401 for {secret!r}")

async def fail_by_name():
    secret = await config.get("api_key")
    raise type(secret, (Exception,), {})("x")

async def store(value: str):
    await config.set("api_key", value)
    await config.set("other", value[::-1], is_secret=True)
    return [value, value[::-1]]

async def crash():
    secret = await config.get("api_key")
    print("about to crash with", secret, flush=True)
    import os
    os.abort()
`,
    });
    bench.configs.put('api_key', canary);
    const leaked = await bench.run('leak', { input: { guess: canary } });
    assert.equal(leaked.status, 'Success');
    assert.deepEqual(leaked.result, {
      api_key: '[REDACTED]',
      '[REDACTED]': ['"[REDACTED]"', '[REDACTED]'],
      hex: '[REDACTED]',
    });
    assert.deepEqual(leaked.input, { guess: '[REDACTED]' });
    const failed = await bench.run('fail');
    assert.equal(failed.error?.message, "401 for '[REDACTED]'");
    assert.match(failed.error?.traceback ?? '', /RuntimeError: 401 for '\[REDACTED\]'\n$/);
    const replaced = 'example-rotated-value-0123456789';
    const records = [
      leaked,
      failed,
      await bench.run('fail_by_name'),
      await bench.run('crash'),
      await bench.run('store', { input: { value: replaced } }),
    ];
    assert.equal(records[3]?.error?.type, 'Crashed');
    const stored = await Promise.all(records.map(({ id }) => bench.history.getRun(id)));
    const everything = JSON.stringify([records, stored]);
    for (const secret of [canary, replaced, [...replaced].reverse().join('')]) {
      assert.ok(!everything.includes(secret));
      assert.ok(!everything.includes(Buffer.from(secret).toString('base64').slice(0, 12)));
      assert.ok(!everything.includes(secret.slice(4, 24)));
    }
  },
);

test('outside of a run, config says how to start one', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import subprocess, sys, os

def outside():
    code = "import asyncio, bifrost; asyncio.run(bifrost.config.get('x'))"
    path = os.path.dirname(os.path.dirname(sys.modules["bifrost"].__file__))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    return done.stderr.strip().splitlines()[-1]
`,
  });
  assert.match(
    String((await bench.run('outside')).result),
    /^RuntimeError: config\.get\(\) works inside a run only; /,
  );
});

test(
  'a run with more secrets than can be searched for gives nothing away, and says why',
  limit,
  async (t) => {
    const bench = await openBench(t, {
      source: `
from bifrost import config

async def flood():
    for number in range(60):
        value = f"{number}-{'test' * 15_000}"
        await config.set("secret", value, is_secret=True)
        print(value)
    return {"last": value[::-1][:40], "count": 60}
`,
    });
    const { result, logs } = await bench.run('flood');
    assert.deepEqual(result, { '[REDACTED]': '[REDACTED]', '[REDACTED] (2)': '[REDACTED]' });
    assert.deepEqual([...new Set(logs.slice(0, -1).map(({ message }) => message))], ['[REDACTED]']);
    assert.match(logs.at(-1)?.message ?? '', /more than 256 KiB of secrets.* is masked\.$/);
  },
);
