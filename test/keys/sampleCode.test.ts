/** Samples are programs: each is run by its own language against a real daemon, and TypeScript's passes its compiler. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Call, samplesOf } from '../../server/keys/sampleCode.ts';
import { type SampleLanguage, type SampleRow, sampleLanguages } from '../../server/protocol/samples.ts';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { answers, isCi } from '../support/interpreter.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const limit = { timeout: 120_000 };

const flows = `
import datetime
from bifrost import ExecutionContext, workflow

@workflow(name="plain", endpoint_enabled=True)
async def plain(context: ExecutionContext, day: datetime.date, count: int, flag: bool = False, note: str = ""):
    return {"day": day, "count": count, "flag": flag, "note": note}

@workflow(name="it's \\"odd\\" $(id) \`id\` \${x} é !", endpoint_enabled=True)
async def odd(context: ExecutionContext, **values):
    return "odd"

@workflow(name="looked_up", endpoint_enabled=True, allowed_methods=["GET"])
async def looked_up(context: ExecutionContext, text: str, count: int):
    return {"text": text, "count": count}

@workflow(name="open", endpoint_enabled=True, public_endpoint=True)
async def open_to_all(context: ExecutionContext):
    return "open"
`;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const place = temporaryFolder();
const folder = join(place.path, 'code');
const data = join(place.path, 'data');
let daemon: DaemonProcess;
let globalKey = '';

/** Runs the program as its comment says: from a file of that name, with the variables of `.env`. */
async function runSample({ language, file, code }: SampleRow, key: string): Promise<Outcome> {
  const path = join(place.path, file);
  writeFileSync(path, code);
  const programs: Record<SampleLanguage, string> = {
    curl: 'sh',
    javascript: process.execPath,
    typescript: process.execPath,
    python: 'python3',
  };
  const { BIFROST_URL: _, WORKFLOWS_API_KEY: __, ...rest } = process.env;
  const env = { ...rest, no_proxy: '*', BIFROST_URL: daemon.url, ...(key && { WORKFLOWS_API_KEY: key }) };
  return await run(programs[language], [path], { env, timeout: 100_000 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (failed: Outcome) => failed,
  );
}

const samplesOfWorkflow = (id: string) =>
  runJson<SampleRow[]>(data, ['workflows', 'sample', id, '--language', 'all']);

/** What each language prints of an answer differs; that the result's parts stand there does not. */
async function assertPrints(samples: readonly SampleRow[], key: string, expected: RegExp): Promise<void> {
  assert.deepEqual(
    samples.map(({ language }) => language),
    sampleLanguages,
  );
  const outcomes = await Promise.all(samples.map((sample) => runSample(sample, key)));
  for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
    assert.equal(code, 0, `${samples[index]?.code}\n${stderr}`);
    assert.match(stdout, expected);
  }
}

before(async () => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'flows.py'), flows);
  daemon = await startDaemonProcess({ data, folders: [folder] });
  const made = await runJson<{ key: string }>(data, [
    'keys',
    'create',
    '--global',
    '--description',
    'Samples',
  ]);
  globalKey = made.key;
});
after(async () => {
  await daemon?.end();
  place.remove();
});

if (!answers('curl', ['--version'])) {
  if (isCi) test('curl is there, as CI must have it', () => assert.fail('install curl'));
} else {
  describe('against a daemon', () => {
    test('a workflow is triggered in each language, with its parameters filled in (A4)', limit, async () => {
      await assertPrints(await samplesOfWorkflow('plain'), globalKey, /Success[\s\S]*2026-01-31/);
    });

    test('no character of a workflow’s name means anything to any language', limit, async () => {
      const [{ id } = { id: '' }] = (await runJson<{ id: string }[]>(data, ['workflows', 'list'])).filter(
        (row) => row.id.startsWith('it'),
      );
      assert.match(id, /^it's "odd" \$\(id\)/);
      await assertPrints(await samplesOfWorkflow(id), globalKey, /odd/);
    });

    test('a workflow that only allows GET gets its input by the query', limit, async () => {
      await assertPrints(await samplesOfWorkflow('looked_up'), globalKey, /count['"]?: ?1/);
    });

    test('a public workflow is called without a key', limit, async () => {
      const samples = await samplesOfWorkflow('open');
      for (const { code } of samples) assert.doesNotMatch(code, /WORKFLOWS_API_KEY/);
      await assertPrints(samples, '', /open/);
    });

    test('the samples of an API key do what its scopes let it do', limit, async () => {
      for (const [scope, expected] of [
        ['workflows:execute', /Success/],
        ['workflows:read', /looked_up/],
      ] as const) {
        const made = await runJson<{ key: string; samples: SampleRow[] }>(data, [
          ...['keys', 'create', '--name', 'Samples', '--scopes', scope, '--samples', 'all'],
        ]);
        await assertPrints(made.samples, made.key, expected);
      }
    });

    test(
      'a request that is refused ends each program with the reason, and without the key',
      limit,
      async () => {
        const wrong = `${globalKey.slice(0, -1)}_`;
        for (const sample of await samplesOfWorkflow('plain')) {
          const { code, stdout, stderr } = await runSample(sample, wrong);
          assert.notEqual(code, 0);
          assert.match(stdout + stderr, /401|UNAUTHORIZED/);
          assert.ok(!(stdout + stderr).includes(wrong));
        }
      },
    );
  });
}

test('no sample holds a key, and each says where it belongs (A13, A22)', async () => {
  const made = await runJson<{ key: string; samples: SampleRow[] }>(data, [
    ...['keys', 'create', '--global', '--description', 'CI', '--samples', 'all'],
  ]);
  assert.match(made.key, /^bk_live_/);
  for (const { language, code } of made.samples) {
    assert.ok(!code.includes(made.key), language);
    assert.match(code, /WORKFLOWS_API_KEY=…\n.*BIFROST_URL=http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(code, /\.gitignore/);
  }
});

test('the TypeScript samples pass a strict compiler', limit, async () => {
  const calls: Call[] = [
    { method: 'POST', path: '/api/endpoints/hello', keyHeader: 'X-Bifrost-Key', body: { name: 'example' } },
    { method: 'GET', path: '/api/endpoints/open' },
    { method: 'GET', path: '/api/v1/runs', keyHeader: 'x-api-key' },
    {
      method: 'PUT',
      path: '/api/v1/configs/x',
      keyHeader: 'x-api-key',
      body: { type: 'json', value: [null, {}] },
    },
  ];
  const directory = join(place.path, 'typed');
  mkdirSync(directory);
  const files = calls.map((call, index) => {
    const file = join(directory, `sample${index}.mts`);
    const typed = samplesOf(call, 'http://127.0.0.1:3000').find(({ language }) => language === 'typescript');
    writeFileSync(file, typed?.code ?? '');
    return file;
  });
  const config = {
    compilerOptions: {
      ...{ strict: true, noEmit: true, noUncheckedIndexedAccess: true, skipLibCheck: true },
      ...{ module: 'nodenext', target: 'es2024', types: ['node'] },
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    files,
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [compiler, '-p', directory]).catch(({ stdout }) => assert.fail(stdout));
});

test('one sample alone is its program and nothing else, so that it can be redirected into a file', async () => {
  const { stdout } = await runCommand(data, ['workflows', 'sample', 'plain', '--language', 'python']);
  const samples = await samplesOfWorkflow('plain');
  assert.equal(stdout, samples.find(({ language }) => language === 'python')?.code);
  const unnamed = await runCommand(data, ['workflows', 'sample', 'plain']);
  assert.equal(unnamed.stdout, samples.find(({ language }) => language === 'curl')?.code);
});

test('an unknown workflow or language is one clear line, and no key is made for it', async () => {
  const keys = await runJson<unknown[]>(data, ['keys', 'list']);
  for (const [args, pattern] of [
    [['workflows', 'sample', 'gone'], /There is no workflow "gone"/],
    [['workflows', 'sample', 'plain', '--language', 'cobol'], /curl, javascript, typescript, python, all/],
    [['keys', 'create', '--global', '--description', 'CI', '--samples', 'cobol'], /curl, javascript/],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(data, [...args]);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^workflow-keys: [^\n]+\n$/);
    assert.match(stderr, pattern);
  }
  assert.equal((await runJson<unknown[]>(data, ['keys', 'list'])).length, keys.length);
});

test('values are written as each language writes them', () => {
  const body = {
    text: 'a "b" \\ \n é',
    yes: true,
    none: null,
    'two words': [1, { nested: false }],
    ['__proto__']: 1,
  };
  const codes = new Map(
    samplesOf({ method: 'POST', path: '/x', body }, 'http://127.0.0.1:3000').map(({ language, code }) => [
      language,
      code,
    ]),
  );
  assert.ok(codes.get('python')?.includes('"yes": True,\n        "none": None,'));
  assert.ok(codes.get('javascript')?.includes('"two words": [1, { nested: false }],\n    ["__proto__"]: 1,'));
});
