/** An example input is one that the workflow takes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleInput } from '../../server/workflows/exampleInput.ts';
import { checkInput } from '../../server/workflows/input.ts';

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
    { greeting: 'example', since: '2026-01-31T12:00:00Z' },
  );
});

test('what is given for an annotation is what the workflow takes, unchanged', () => {
  const annotations = [
    ...['str', 'int', 'float', 'bool', 'datetime.datetime', 'datetime.date', 'datetime.time', 'uuid.UUID'],
    ...['Decimal', "Literal['fast', 'slow']", 'Literal[2]', 'None | int', 'list[int]', 'dict[str, int]'],
    ...['int | str', 'Optional[date]', 'Annotated[int, "days"]', "'UUID'"],
  ];
  const parameters = annotations.map((annotation, index) => ({
    name: `p${index}`,
    annotation,
    required: true,
  }));
  const input = exampleInput(parameters);
  assert.equal(Object.keys(input).length, annotations.length);
  assert.deepEqual(checkInput({ parameters, acceptsExtra: false }, input), input);
});

test('a parameter named __proto__ is a parameter', () => {
  const input = exampleInput([{ name: '__proto__', annotation: 'int', required: true }]);
  assert.deepEqual(Object.entries(input), [['__proto__', 1]]);
});
