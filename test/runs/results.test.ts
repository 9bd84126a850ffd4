/** What a workflow may return and be given, and how a value that does not fit is named without being shown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from './bench.ts';

const limit = { timeout: 120_000 };
/** `give` returns the value of an expression. */
const source = `
import base64, collections, dataclasses, datetime, decimal, enum, math, pathlib, typing, uuid

class Colour(enum.Enum):
    RED = "red"

class Level(enum.IntEnum):
    HIGH = 3

Point = collections.namedtuple("Point", "x y")

@dataclasses.dataclass
class Item:
    price: object
    tags: list = dataclasses.field(default_factory=list)

class Model:
    def __init__(self, **fields):
        self.fields = fields
    def model_dump(self):
        return self.fields

class Record:
    """Like the rows of a database driver: keys and items, but no Mapping."""
    def keys(self):
        return ["id", "at"]
    def __getitem__(self, name):
        return {"id": 7, "at": datetime.date(2026, 1, 31)}[name]

class Odd:
    pass

cycle = []
cycle.append({"again": cycle})
deep = []
for _ in range(1000):
    deep = [deep]

def give(expression):
    return eval(expression)
`;

const converted: [expression: string, result: unknown][] = [
  ['None', null],
  ['datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc)', '2026-01-31T12:00:00+00:00'],
  ['[datetime.date(2026, 1, 31), datetime.time(12, 30)]', ['2026-01-31', '12:30:00']],
  ['decimal.Decimal("10.50")', '10.50'],
  ['uuid.UUID(int=1)', '00000000-0000-0000-0000-000000000001'],
  ['{3, 1, 2}', [1, 2, 3]],
  ['frozenset({"b", "a"})', ['a', 'b']],
  ['(1, (2, 3))', [1, [2, 3]]],
  ['[Colour.RED, Level.HIGH, Level.HIGH + 1]', ['red', 3, 4]],
  ['Point(1, Point(2, None))', { x: 1, y: { x: 2, y: null } }],
  ['Item(decimal.Decimal("1"), [Item(2)])', { price: '1', tags: [{ price: 2, tags: [] }] }],
  ['Model(a=Model(b={1}))', { a: { b: [1] } }],
  ['[Record()]', [{ id: 7, at: '2026-01-31' }]],
  ['collections.OrderedDict(b=1, a=2)', { b: 1, a: 2 }],
  ['collections.Counter("aab")', { a: 2, b: 1 }],
  [
    '{1: "a", None: "b", False: "c", Colour.RED: "d", uuid.UUID(int=2): "e", 2.5: "f"}',
    { 1: 'a', null: 'b', false: 'c', red: 'd', '00000000-0000-0000-0000-000000000002': 'e', 2.5: 'f' },
  ],
  ['"grüße 🎉".encode()', 'grüße 🎉'],
  [
    '[2**53 - 1, 2**53, -2**53, 10**40]',
    [2 ** 53 - 1, '9007199254740992', '-9007199254740992', `1${'0'.repeat(40)}`],
  ],
  ['[1e308, 0.1, -0.0, 1.0]', [1e308, 0.1, -0, 1]],
  ['pathlib.PurePosixPath("a/b")', 'a/b'],
  ['{"same": cycle_free, "twice": cycle_free} if (cycle_free := [1]) else 0', { same: [1], twice: [1] }],
  ['"\\u2028\\x00"', '\u2028\0'],
];

test('values that people use are converted as they expect', limit, async (t) => {
  const bench = await openBench(t, { source });
  for (const [expression, result] of converted) {
    const record = await bench.run('give', { input: { expression } });
    assert.equal(record.status, 'Success', `${expression}: ${record.error?.message}`);
    assert.deepEqual(record.result, result, expression);
  }
});

const refused: [expression: string, message: string][] = [
  ['math.nan', 'result is NaN, which JSON cannot hold.'],
  ['{"items": [0, 1, 2, Item(math.nan)]}', 'result["items"][3].price is NaN, which JSON cannot hold.'],
  ['[math.inf, 1]', 'result[0] is Infinity, which JSON cannot hold.'],
  ['{"a": -math.inf}', 'result["a"] is -Infinity, which JSON cannot hold.'],
  ['cycle', 'result[0]["again"] contains itself, which JSON cannot hold.'],
  [
    '{"user": Odd()}',
    'result["user"] is of type flows.Odd, which JSON cannot hold; convert it before you return it.',
  ],
  [
    '{(1, 2): 3}',
    'A key of result is of type tuple, which JSON cannot hold; convert it before you return it.',
  ],
  [
    '(n for n in [1])',
    'result is of type generator, which JSON cannot hold; convert it before you return it.',
  ],
  ['Item', 'result is of type type, which JSON cannot hold; convert it before you return it.'],
  ['{"k": "a\\udc80"}', 'result["k"] holds an unpaired surrogate, which JSON cannot hold.'],
  ['{"a\\ud800": 1}', 'A key of result holds an unpaired surrogate, which JSON cannot hold.'],
  [
    '{"file": b"\\xff\\xfe"}',
    'result["file"] is bytes that are not UTF-8 text; encode them, for instance with base64.',
  ],
  ['{1: "a", "1": "b"}', 'result has two keys that are both "1" in JSON.'],
];

test(
  'a value that JSON cannot hold fails the run and is named by its path, never shown',
  limit,
  async (t) => {
    const bench = await openBench(t, { source });
    for (const [expression, message] of refused) {
      const record = await bench.run('give', { input: { expression } });
      assert.equal(record.status, 'Failed', expression);
      assert.deepEqual(record.error, { type: 'ResultError', message });
      assert.equal(record.result, undefined);
    }
    const { error } = await bench.run('give', { input: { expression: 'deep' } });
    assert.match(
      error?.message ?? '',
      /^result(\[0\])+\[…? is nested more than 200 levels deep; return a flatter value\.$/,
    );
  },
);

test('a result over the limit fails the run, and says how large it was', limit, async (t) => {
  const bench = await openBench(t, { source, settings: { maxResultBytes: 1000 } });
  assert.equal((await bench.run('give', { input: { expression: '"x" * 998' } })).status, 'Success');
  const { error } = await bench.run('give', { input: { expression: '"x" * 999' } });
  assert.equal(error?.message, 'The result is 1001 bytes of JSON; at most 1000 are kept. Return less.');
});

const typed = `
import dataclasses, datetime, decimal, enum, typing, uuid
from typing import Dict, List, Literal, Optional, Tuple, Union

class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"

@dataclasses.dataclass
class Line:
    product: uuid.UUID
    price: decimal.Decimal
    count: int = 1

@dataclasses.dataclass
class Order:
    lines: List[Line]
    due: Optional[datetime.date] = None

async def order(context: ExecutionContext, order: Order):
    line = order.lines[0]
    return [type(line.product).__name__, type(line.price).__name__, line.count, order.due]

def plain(count: int = 0, ratio: float = 0.0, on: bool = False, name: str = "", day: datetime.date = None,
          at: datetime.datetime = None, colour: Colour = None, ids: Optional[List[int]] = None,
          sizes: Literal["s", "m"] = "s", pair: Tuple[int, str] = (0, ""), by_day: Dict[str, decimal.Decimal] = None,
          either: Union[int, str, None] = None, rest=None):
    return [repr(count), ratio, on, name, type(day).__name__, at.utcoffset() is not None if at else None, str(colour),
            ids, sizes, type(pair).__name__, repr(by_day), repr(either)]

def needs(who: str, /, *, count: int, **extra):
    return [who, count, extra]

def unresolved(value: "Missing", context: "ExecutionContext" = None):
    return [value, context is not None]
`;

test(
  'input becomes what the annotations say: dates, decimals, enums, dataclasses, long integers',
  limit,
  async (t) => {
    const bench = await openBench(t, { source: typed });
    const product = '5f0c1f0e-0000-4000-8000-000000000001';
    const order = { lines: [{ product, price: '9.90', count: '2' }], due: '2026-01-31' };
    assert.deepEqual((await bench.run('order', { input: { order } })).result, [
      'UUID',
      'Decimal',
      2,
      '2026-01-31',
    ]);
    const input = {
      count: '123456789012345678901234567890',
      ratio: '0.5',
      on: 'true',
      name: 'n',
      day: '2026-01-31',
      at: '2026-01-31T12:00:00Z',
      colour: 'red',
      ids: ['1', 2],
      sizes: 'm',
      pair: ['3', 'x'],
      by_day: { mon: '1.5' },
      either: '3',
      ignored: 1,
    };
    const { result, error } = await bench.run('plain', { input });
    assert.equal(error, undefined);
    assert.deepEqual(result, [
      '123456789012345678901234567890',
      0.5,
      true,
      'n',
      'date',
      true,
      'Colour.RED',
      [1, 2],
      'm',
      'tuple',
      "{'mon': Decimal('1.5')}",
      "'3'",
    ]);
    assert.deepEqual((await bench.run('needs', { input: { who: 'me', count: 1, more: [] } })).result, [
      'me',
      1,
      { more: [] },
    ]);
    assert.deepEqual((await bench.run('unresolved', { input: { value: 1 } })).result, [1, true]);
  },
);

test('annotations that this Python cannot evaluate are followed as far as they go', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
from __future__ import annotations
import datetime
from typing import Literal

def mixed(at: "datetime.datetime" | None, by: dict[str, "datetime.date" | None], lost: Missing | None,
          size: Literal["a|b"] | "int", context: "ExecutionContext" | None = None):
    return [at.year, type(by["x"]).__name__, lost, size, context is not None]
`,
  });
  const input = { at: '2026-01-31T12:00:00Z', by: { x: '2026-01-31' }, lost: 'as it came', size: '3' };
  assert.deepEqual((await bench.run('mixed', { input })).result, [2026, 'date', 'as it came', 3, true]);
  const { error } = await bench.run('mixed', { input: { ...input, at: 'never' } });
  assert.equal(error?.message, "Parameter 'at' must be a date and time such as 2026-01-31T12:00:00Z.");
});

test('a date and time is taken in every form that the daemon lets through', limit, async (t) => {
  const bench = await openBench(t, {
    source: 'import datetime\n\ndef at(at: datetime.datetime):\n    return at\n',
  });
  for (const [given, taken] of [
    ['2026-01-31', '2026-01-31T00:00:00'],
    ['2026-01-31 12:00', '2026-01-31T12:00:00'],
    ['2026-01-31T12:00:00z', '2026-01-31T12:00:00+00:00'],
    ['2026-01-31T12:00:00.5-0130', '2026-01-31T12:00:00.500000-01:30'],
    ['2026-01-31T12:00:00,123456789+01:00', '2026-01-31T12:00:00.123456+01:00'],
  ]) {
    assert.equal((await bench.run('at', { input: { at: given } })).result, taken);
  }
});

test('a date that is made to take long is refused at once, in a part of a value, too', limit, async (t) => {
  const bench = await openBench(t, {
    source: `
import dataclasses, datetime

@dataclasses.dataclass
class Event:
    at: datetime.datetime

def note(event: Event):
    return event
`,
  });
  const { status, error } = await bench.run('note', { input: { event: { at: ':'.repeat(1_000_000) } } });
  assert.equal(status, 'Failed');
  assert.match(error?.message ?? '', /^Parameter 'event\.at' must be a date and time/);
});

test(
  'input that does not fit is refused before the function begins, and names the parameter only',
  limit,
  async (t) => {
    const bench = await openBench(t, { source: typed });
    const wrong: [workflow: string, input: Record<string, unknown>, message: string][] = [
      ['needs', { who: 'x' }, "Parameter 'count' is missing."],
      ['plain', { count: 'many' }, "Parameter 'count' must be an integer."],
      ['plain', { count: true }, "Parameter 'count' must be an integer."],
      ['plain', { day: '31.1.2026' }, "Parameter 'day' must be a date such as 2026-01-31."],
      ['plain', { colour: 'green' }, "Parameter 'colour' must be one of red, blue."],
      ['plain', { ids: [1, 'x'] }, "Parameter 'ids[1]' must be an integer."],
      ['plain', { by_day: { mon: 'x' } }, "Parameter 'by_day.mon' must be a decimal number."],
      ['plain', { either: [] }, "Parameter 'either' must be of one of the types that its annotation lists."],
      [
        'order',
        { order: { lines: [{ product: 'p' }] } },
        "Parameter 'order.lines[0].product' must be a UUID.",
      ],
      ['order', { order: {} }, "Parameter 'order.lines' is missing."],
    ];
    for (const [workflow, input, message] of wrong) {
      const record = await bench.run(workflow, { input });
      assert.equal(record.status, 'Failed');
      assert.deepEqual(record.error, { type: 'InputError', message });
    }
  },
);
