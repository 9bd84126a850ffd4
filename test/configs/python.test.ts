/** Configuration as a workflow sees it: the whole product, with real Python. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const workspace = join(folder.path, 'workspace');
let daemon: DaemonProcess;
const canary = 'sk_test_canary/4eC39HqLyjWDarjtT1zdp7dc';

before(async () => {
  mkdirSync(workspace);
  writeFileSync(
    join(workspace, 'flows.py'),
    `from bifrost import ExecutionContext, config, errors, workflow

@workflow
async def reads(context: ExecutionContext, name: str):
    print("before", ${JSON.stringify(canary)})
    value = await config.get(name)
    print("value", value)
    return {"value": value, "length": len(value)}

@workflow
async def fails(context: ExecutionContext, name: str):
    try:
        return await config.get(name, default="never")
    except KeyError:
        return "KeyError"
    except errors.UnresolvedError as error:
        return [error.code, isinstance(error, errors.ConfigError), str(error)]

@workflow
async def sets(context: ExecutionContext):
    """D30, D31 and the types, as code meets them."""
    seen = {}
    async def attempt(name, value, **options):
        try:
            await config.set(name, value, **options)
            seen[name] = type(await config.get(name)).__name__
        except errors.InvalidConfigError as error:
            seen[name] = str(error)
    await attempt("a_text", "x")
    await attempt("a_number", 42)
    await attempt("a_flag", True)
    await attempt("a_float", 1.5)
    await attempt("a_dict", {"a": [1, None]})
    await attempt("a_none", None)
    await attempt("a_secret", "example-secret-1", is_secret=True)
    await attempt("a_secret", "example-secret-2")
    first = await config.get("a_secret") == "example-secret-2"
    await attempt("a_secret", "example-secret-3", is_secret=False)
    await attempt("an_empty", "", is_secret=True)
    await attempt("a_huge", 2 ** 60)
    await attempt("a bad name", 1)
    await attempt("too_large", "x" * 65537)
    listed = await config.list()
    deleted = [await config.delete("a_number"), await config.delete("a_number")]
    return {"seen": seen, "first": first, "listed": listed, "deleted": deleted}
`,
  );
  daemon = await startDaemonProcess({
    data: join(folder.path, 'data'),
    folders: [workspace],
    environment: { TEST_CANARY_VARIABLE: canary },
  });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

const run = (workflow: string, name = '') =>
  runCommand(daemon.data, [
    'run',
    workflow,
    '--json',
    ...(name === '' ? [] : ['--input', JSON.stringify({ name })]),
  ]);

test('a secret kept in a variable, a file or behind a command is read and masked as any other (D29)', async () => {
  const path = join(folder.path, 'kept');
  writeFileSync(path, `${canary}\n`);
  const references = {
    kept_env: 'env:TEST_CANARY_VARIABLE',
    kept_file: `file:${path}`,
    kept_command: `command:cat '${path}'`,
  };
  for (const [name, reference] of Object.entries(references)) {
    const row = await runJson<ConfigRow>(daemon.data, ['config', 'set', name, '--from', reference]);
    assert.deepEqual([row.type, row.value, row.reference], ['secret', '[SECRET]', name.slice(5)]);
    const { stdout } = await run('reads', name);
    const detail = JSON.parse(stdout) as RunDetail;
    assert.deepEqual(detail.result, { value: '[REDACTED]', length: canary.length });
    assert.deepEqual(
      detail.logs.map(({ message }) => message),
      ['before [REDACTED]', 'value [REDACTED]'],
    );
    assert.doesNotMatch(stdout, /canary/i);
  }
  const listed = (await runCommand(daemon.data, ['config', 'list'])).stdout;
  for (const kind of ['env', 'file', 'command']) assert.match(listed, new RegExp(`secret from ${kind}`));
  assert.doesNotMatch(listed, /canary|kept'/i);
});

test('a reference that gives nothing is an error of its own, never a KeyError and never the default', async () => {
  const failing = {
    'env:TEST_UNSET': 'the environment variable is not set where the daemon runs',
    'file:/no-such-folder/file': 'the file does not exist',
    "command:sh -c 'echo canary >&2; exit 3'": 'the command exited with code 3',
  };
  for (const [reference, reason] of Object.entries(failing)) {
    await runJson(daemon.data, ['config', 'set', 'failing', '--from', reference]);
    const { result } = JSON.parse((await run('fails', 'failing')).stdout) as RunDetail;
    assert.deepEqual(result, [
      'reference-failed',
      true,
      `The secret "failing" (global) is kept elsewhere, and ${reason}. Repair that, or set the secret again.`,
    ]);
  }
  const { stdout } = await runCommand(daemon.data, ['audit']);
  assert.match(stdout, /secret\.read +failed +failing/);
});

test('a reference is set by the editor and the command line only, and refused with one line when it is none', async () => {
  const { key } = await runJson<{ key: string }>(daemon.data, [
    'keys',
    'create',
    '--name',
    'Configs',
    '--scopes',
    'configs:read,configs:write',
  ]);
  const put = (body: object) =>
    request(`${daemon.url}/api/v1/configs/by_http`, {
      method: 'PUT',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const refused = await put({ type: 'secret', reference: 'env:TEST_CANARY_VARIABLE' });
  assert.equal(refused.statusCode, 400);
  await refused.body.dump();
  const plain = await put({ type: 'secret', value: 'env:TEST_CANARY_VARIABLE' });
  assert.equal(plain.statusCode, 200);
  await plain.body.dump();
  const { result } = JSON.parse((await run('reads', 'by_http')).stdout) as RunDetail;
  assert.deepEqual(result, { value: '[REDACTED]', length: 'env:TEST_CANARY_VARIABLE'.length });
  const kept = await request(`${daemon.url}/api/v1/configs/kept_env`, { headers: { 'x-api-key': key } });
  const { data } = (await kept.body.json()) as { data: ConfigRow };
  assert.deepEqual([data.value, data.reference], ['[SECRET]', 'env']);

  for (const args of [
    ['--from', 'TEST_CANARY'],
    ['--from', 'env:BIFROST_SECRET_KEY'],
    ['--from', 'env:A', '--type', 'string'],
    ['value', '--from', 'env:A'],
  ]) {
    const { code, stderr } = await runCommand(daemon.data, ['config', 'set', 'refused', ...args]);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /^workflow-keys: [^\n]+\n$/);
    assert.doesNotMatch(stderr, /CANARY/);
  }
});

test('what code sets gets its type, a secret stays one, and what cannot be is said with the reason (D30, D31)', async () => {
  const { stdout } = await run('sets');
  const { result } = JSON.parse(stdout) as { result: Record<string, unknown> };
  assert.deepEqual(result.seen, {
    a_text: 'str',
    a_number: 'int',
    a_flag: 'bool',
    a_float: 'float',
    a_dict: 'dict',
    a_none: 'NoneType',
    a_secret: 'Config "a_secret" holds a secret, which is_secret=False cannot undo; leave is_secret out.',
    an_empty:
      'Config "an_empty" is a secret and cannot be empty; leave the value out to keep the stored one.',
    a_huge:
      'Config "a_huge" holds a whole number of 2^53 or more, which is not exact as JSON; store it as text.',
    'a bad name': 'A config name has 1 to 255 characters out of letters, digits, "_", "." and "-".',
    too_large: 'Config "too_large" is larger than 64 KiB.',
  });
  assert.equal(result.first, true);
  const listed = result.listed as Record<string, unknown>;
  assert.equal(listed.a_secret, '[SECRET]');
  assert.equal(listed.kept_env, '[SECRET]');
  assert.deepEqual(listed.a_dict, { a: [1, null] });
  assert.deepEqual(result.deleted, [true, false]);
  const row = await runJson<ConfigRow>(daemon.data, ['config', 'get', 'a_text']);
  assert.match(row.updatedBy, /^run:/);
  assert.ok(Date.parse(row.updatedAt) <= Date.now());
});
