import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { curlFor, exampleInput } from '../../server/keys/curl.ts';
import { mintKey } from '../../server/keys/mint.ts';

const { key } = mintKey('bk_live_');

/** The arguments that a real shell passes to `curl`. */
function shellArguments(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}\n`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

test('the line names URL, workflow, header, content type and body (W21, W23, W24)', () => {
  const line = curlFor({
    url: 'http://127.0.0.1:3000',
    workflowId: 'hello',
    key,
    exampleInput: { name: 'example', count: 1 },
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
  const sample = { url: 'http://localhost:3000/', workflowId: nasty, key, exampleInput: { [nasty]: nasty } };
  const passed = shellArguments(curlFor(sample));
  assert.equal(passed[2], `http://localhost:3000/api/endpoints/${encodeURIComponent(nasty)}`);
  assert.deepEqual(JSON.parse(passed[8] ?? ''), { [nasty]: nasty });
  assert.equal(passed.length, 9);
});

test('without a workflow to name, the id is a placeholder', () => {
  const line = curlFor({ url: 'http://localhost:3000', key, exampleInput: {} });
  assert.deepEqual(shellArguments(line).slice(2, 3), ['http://localhost:3000/api/endpoints/<workflowId>']);
});

test('the example input has every required parameter, in the type that it is annotated with', () => {
  const parameter = (name: string, annotation?: string, required = true) => ({
    name,
    ...(annotation !== undefined && { annotation }),
    required,
  });
  assert.deepEqual(
    exampleInput([
      parameter('name', 'str'),
      parameter('count', 'int'),
      parameter('rate', 'float | None'),
      parameter('dry_run', 'Optional[bool]'),
      parameter('tags', 'list[str]'),
      parameter('extra', 'typing.Dict[str, int]'),
      parameter('anything'),
      parameter('odd', 'constructor'),
    ]),
    {
      name: 'example',
      count: 1,
      rate: 1.5,
      dry_run: true,
      tags: [],
      extra: {},
      anything: 'example',
      odd: 'example',
    },
  );
});

test('an optional parameter is shown only where an example of its type is sure to fit', () => {
  assert.deepEqual(
    exampleInput([
      { name: 'greeting', annotation: 'str', required: false },
      { name: 'since', annotation: 'datetime', required: false },
      { name: 'other', required: false },
    ]),
    { greeting: 'example' },
  );
});
