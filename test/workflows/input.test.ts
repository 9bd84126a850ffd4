/** A run's input against the workflow's parameters (D47). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../server/errors.ts';
import { readAnnotation } from '../../server/workflows/annotation.ts';
import { checkInput } from '../../server/workflows/input.ts';
import { scalars } from '../../server/workflows/scalars.ts';

function convert(annotation: string, value: unknown): unknown {
  const parameters = [{ name: 'value', annotation, required: true }];
  return checkInput({ parameters, acceptsExtra: false }, { value }).value;
}

function refuses(annotation: string, value: unknown, expected: string): void {
  assert.throws(
    () => convert(annotation, value),
    (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.equal(thrown.code, 'bad-input');
      assert.equal(thrown.message, expected);
      return true;
    },
  );
}

test('values are converted to their annotation', () => {
  for (const [annotation, value, expected] of [
    ['int', 3, 3],
    ['int', '3', 3],
    ['int', ' -12 ', -12],
    ['int', 3.0, 3],
    ['float', '2.5', 2.5],
    ['float', 2, 2],
    ['bool', 'true', true],
    ['bool', '0', false],
    ['bool', false, false],
    ['str', 'text', 'text'],
    ['str', 3, '3'],
    ['list', [1], [1]],
    ['dict', { a: 1 }, { a: 1 }],
    ['Any', null, null],
    ['Optional[int]', null, null],
    ['Optional[int]', '3', 3],
    ['int | None', '3', 3],
    ['None | int', null, null],
    ['typing.Optional[int]', '3', 3],
    ['"int | None"', '3', 3],
    ['list[int]', ['1', 2], [1, 2]],
    ['List[int]', ['1'], [1]],
    ['dict[str, list[int]]', { a: ['1'] }, { a: [1] }],
    ['int | str', '3', '3'],
    ['Union[str, int]', 3, 3],
    ['Literal["a", "b"]', 'b', 'b'],
    ['Literal["a, b"]', 'a, b', 'a, b'],
    ['Annotated[int, "cents"]', '3', 3],
    ['datetime.date', '2026-02-28', '2026-02-28'],
    ['datetime', '2026-02-28T12:00:00Z', '2026-02-28T12:00:00Z'],
    ['datetime', '2026-02-28 12:00:00.123+02:00', '2026-02-28 12:00:00.123+02:00'],
    ['uuid.UUID', '123e4567-e89b-12d3-a456-426614174000', '123e4567-e89b-12d3-a456-426614174000'],
    ['Decimal', '10.50', '10.50'],
    ['Decimal', 10.5, '10.5'],
    ['Invoice', { anything: true }, { anything: true }],
    ['Callable[[int], str]', 'x', 'x'],
    ['int | Invoice', 'x', 'x'],
  ] as const) {
    assert.deepEqual(convert(annotation, value), expected, `${annotation} of ${JSON.stringify(value)}`);
  }
});

test('an integer beyond 53 bits stays a text, for Python to convert', () => {
  assert.equal(convert('int', '9007199254740993'), '9007199254740993');
});

test('a wrong value is refused, naming the parameter and what was expected', () => {
  refuses('int', 'three', 'Parameter "value" must be an integer.');
  refuses('int', 3.5, 'Parameter "value" must be an integer.');
  refuses('int', true, 'Parameter "value" must be an integer.');
  refuses('int', '', 'Parameter "value" must be an integer.');
  refuses('int', null, 'Parameter "value" must be an integer.');
  refuses('float', 'nan', 'Parameter "value" must be a number.');
  refuses('float', '1e999', 'Parameter "value" must be a number.');
  refuses('bool', 1, 'Parameter "value" must be true or false.');
  refuses('bool', 'yes', 'Parameter "value" must be true or false.');
  refuses('str', true, 'Parameter "value" must be a text.');
  refuses('str', ['a'], 'Parameter "value" must be a text.');
  refuses('list', 'a', 'Parameter "value" must be a list.');
  refuses('dict', [], 'Parameter "value" must be an object.');
  refuses('list[int]', [1, 'x'], 'Parameter "value[1]" must be an integer.');
  refuses('dict[str, int]', { a: 'x' }, 'Parameter "value.a" must be an integer.');
  refuses('Optional[int]', 'x', 'Parameter "value" must be an integer.');
  refuses('int | bool', 'x', 'Parameter "value" must be of one of the types that its annotation lists.');
  refuses('Literal["a", 1]', 'x', 'Parameter "value" must be one of "a", 1.');
  refuses('None', 0, 'Parameter "value" must be null.');
  refuses('date', '2026-02-30', 'Parameter "value" must be a date such as 2026-01-31.');
  refuses('datetime', 'soon', 'Parameter "value" must be a date and time such as 2026-01-31T12:00:00Z.');
  refuses('UUID', '123', 'Parameter "value" must be a UUID.');
  refuses('Decimal', 'ten', 'Parameter "value" must be a decimal number.');
});

test('a text that is made to take long is refused at once', { timeout: 30_000 }, () => {
  const long = 100_000;
  for (const name of Object.keys(scalars)) {
    for (const value of [
      `${'1'.repeat(long)}x`,
      `${' '.repeat(long)}x`,
      `1${' '.repeat(long)}x`,
      `${'1_'.repeat(long)}x`,
      `1.${'1'.repeat(long)}x`,
      `1e${'1'.repeat(long)}x`,
      `12:00:00.${'1'.repeat(long)}`,
    ]) {
      if (name !== 'str') assert.throws(() => convert(name, value), Failure);
    }
  }
});

test('a missing required parameter is named, and one with a default is left to Python', () => {
  const parameters = [
    { name: 'amount', annotation: 'int', required: true },
    { name: 'note', annotation: 'str', required: false },
  ];
  assert.deepEqual(checkInput({ parameters, acceptsExtra: false }, { amount: 1 }), { amount: 1 });
  assert.throws(() => checkInput({ parameters, acceptsExtra: false }, {}), {
    message: 'Parameter "amount" (int) is missing; give it in the input.',
  });
});

test('names that are no parameters are dropped, unless the function takes them', () => {
  const parameters = [{ name: 'a', required: true }];
  const body = { a: 1, b: 2 };
  assert.deepEqual(checkInput({ parameters, acceptsExtra: false }, body), { a: 1 });
  assert.deepEqual(checkInput({ parameters, acceptsExtra: true }, body), { a: 1, b: 2 });
});

test('names that mean something to JavaScript are names like all others', () => {
  const body = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, unknown>;
  const input = checkInput({ parameters: [], acceptsExtra: true }, body);
  assert.deepEqual(Object.keys(input).sort(), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(input), Object.prototype);
  assert.throws(
    () => checkInput({ parameters: [{ name: 'toString', required: true }], acceptsExtra: false }, {}),
    { code: 'bad-input' },
  );
});

test('no annotation and no value make it fail otherwise, and no message holds the value', () => {
  const annotation = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom(
      'int',
      'list[int]',
      'Optional[',
      'dict[str',
      'Literal["a"',
      '|',
      'a | b |',
      '[[[',
      'Union[]',
    ),
  );
  const canary = 'canary-test-value';
  fc.assert(
    fc.property(
      annotation,
      fc.oneof(fc.jsonValue(), fc.constant([canary]), fc.constant(canary)),
      (source, value) => {
        readAnnotation(source);
        try {
          convert(source, value);
        } catch (thrown) {
          assert.ok(thrown instanceof Failure);
          assert.ok(!thrown.message.includes(canary));
        }
      },
    ),
    { numRuns: 500, seed: 20261103 },
  );
});
