/** An open document follows every edit, whatever it holds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { complete } from '../../server/language/completion.ts';
import { diagnose } from '../../server/language/diagnostics.ts';
import { OpenDocument } from '../../server/language/document.ts';
import { extractFacts } from '../../server/language/facts.ts';
import { lenses } from '../../server/language/lenses.ts';
import { loadPython } from '../../server/language/parser.ts';
import { known, parser, readFacts, uri, wasmDirectory } from './check.ts';

const sample = `from bifrost import ExecutionContext, config as c, workflow
NAME = "stripe" + "_key"

@workflow(name="pay 😀", endpoint_enabled=True, tags=["a"])
async def pay(context: ExecutionContext, amount: int = 3, **rest):
    try:
        key = await c.get(NAME)
    except KeyError:
        return {"é": f"{c.get('x')} 😀"}  # workflow-keys: ignore[config/missing]
    with open("x") as c:
        c.get("silent")
    return [c.get(n, default="d") for n in rest]

class Later:
    value = lambda self: c.set("token", 1)
`;

/** Pieces that break, join and shift things; more telling than random characters. */
const pieces = fc.oneof(
  fc.constantFrom(
    '"',
    "'",
    '"""',
    '(',
    ')',
    '[',
    '{',
    '}',
    ':',
    '\n',
    '\r\n',
    '\r',
    '    ',
    '\t',
    '#',
    '\\',
    '@',
    ',',
  ),
  fc.constantFrom(
    'c',
    'config',
    '.get(',
    'await ',
    'workflow',
    'def f(c):\n    ',
    'global c\n',
    'NAME = ',
    'f"{',
    '😀',
    'é',
  ),
  fc.constantFrom(
    'from bifrost import config\n',
    '@workflow\ndef g(): ...\n',
    '\ud83d',
    '\0',
    '\f',
    '\ufeff',
  ),
  fc.string({ maxLength: 6 }),
);

const edits = fc.array(
  fc.record({ start: fc.nat(), length: fc.nat({ max: 40 }), text: pieces, isWhole: fc.boolean() }),
  { minLength: 1, maxLength: 8 },
);

test('after any edits the facts equal those of the whole text', () => {
  fc.assert(
    fc.property(fc.constantFrom(sample, sample.replaceAll('\n', '\r\n'), ''), edits, (text, changes) => {
      const open = new OpenDocument(parser, { uri, version: 1, text });
      try {
        let expected = TextDocument.create(uri, 'python', 1, text);
        for (const [index, edit] of changes.entries()) {
          const length = expected.getText().length;
          const start = edit.start % (length + 1);
          const range = {
            start: expected.positionAt(start),
            end: expected.positionAt(Math.min(start + edit.length, length)),
          };
          // Now and then everything is replaced at once, as after a formatter.
          const change = edit.isWhole && index % 4 === 3 ? { text: sample } : { range, text: edit.text };
          open.apply([change], index + 2);
          expected = TextDocument.update(expected, [change], index + 2);
          assert.equal(open.document.getText(), expected.getText());
          assert.deepEqual(open.facts(), readFacts(expected.getText()));
        }
      } finally {
        open.close();
      }
    }),
    { numRuns: 150, seed: 20261101 },
  );
});

test('several changes of one notification are followed in their order', () => {
  const open = new OpenDocument(parser, { uri, version: 1, text: sample });
  const at = (line: number, character: number) => ({ line, character });
  open.apply(
    [
      { range: { start: at(0, 0), end: at(0, 0) }, text: '# 😀\n' },
      { range: { start: at(2, 8), end: at(2, 14) }, text: 'paypal' },
      { range: { start: at(7, 0), end: at(8, 0) }, text: '' },
    ],
    2,
  );
  assert.equal(open.version, 2);
  assert.deepEqual(open.facts(), readFacts(open.document.getText()));
  open.close();
});

test('no text makes the language room throw', () => {
  const text = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 200 })), (source) => {
      for (const whole of [source, `from bifrost import *\n${source}`]) {
        const facts = readFacts(whole);
        const document = TextDocument.create(uri, 'python', 1, whole);
        diagnose(facts, known, { uri });
        lenses(facts);
        complete(facts, document, document.positionAt(whole.length), known);
      }
    }),
    { numRuns: 300, seed: 20261102 },
  );
});

test('code that is nested deeper than anybody writes is read without failing', () => {
  const depth = 5_000;
  for (const deep of [
    `config.get(${'('.repeat(depth)}1${')'.repeat(depth)})`,
    `config.get(${'"a" + '.repeat(depth)}"b")`,
    `x = ${'['.repeat(depth)}`,
    `config${'.a'.repeat(depth)}.get("x")`,
    `x = ${'not '.repeat(depth)}1`,
    `${'a = '.repeat(depth)}1`,
    `@workflow(tags=${'['.repeat(depth)}${']'.repeat(depth)})\ndef f(): ...`,
  ]) {
    readFacts(`from bifrost import config, workflow\n${deep}\n`);
  }
});

test('what is made to take long is read in time that grows with its length', { timeout: 60_000 }, () => {
  const levels = Array.from({ length: 30 }, (_, level) => level + 1);
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('');
  const body = (statements: string) => `async def f():\n${statements}`;
  for (const long of [
    // Names that each stand for many names.
    `c0 = config\n${levels.map((level) => `c${level} = c${level - 1}\n`.repeat(10)).join('')}${body('    await c30.get("a")\n')}`,
    `T0 = ["a"]\n${levels.map((level) => `T${level} = [${`T${level - 1}, `.repeat(10)}]\n`).join('')}@workflow(tags=T30)\ndef f(): ...\n`,
    `N0 = "aaaaaaaaaa"\n${levels.map((level) => `N${level} = N${level - 1} + N${level - 1}\n`).join('')}${body('    await config.get(N30)\n')}`,
    // Many calls, each with all the others around it.
    body('    await config.set("a", 1)\n'.repeat(1_500) + '    await config.get("b")\n'.repeat(1_500)),
    body(lines(2_000, (index) => `    x${index} = config.get("a")\n`)),
    body(`    1 1\n    suppress\n${'    await config.get("a")\n'.repeat(2_000)}`),
    body(
      `    try:\n${'        await config.get("a")\n'.repeat(1_000)}${'    except ValueError: ...\n'.repeat(1_000)}`,
    ),
    // More of one thing than a call may have arguments.
    `a = 1\nif 1:\n${'\ta = 1\n'.repeat(130_000)}`,
  ]) {
    readFacts(`from bifrost import config, workflow\n${long}`);
  }
});

test('a text that is more work than a parse may be does not parse, and the next one does', async () => {
  let asked = 0;
  const hasty = await loadPython({ wasmDirectory, spentMs: () => 2000 * asked++ });
  const long = `from bifrost import config\n${'x = 1\n'.repeat(20_000)}`;
  const facts = extractFacts(long, hasty);
  assert.deepEqual(
    diagnose(facts, known, { uri }).map(({ code, range }) => [code, range.start.line]),
    [['workflow/syntax', 0]],
  );

  const open = new OpenDocument(hasty, { uri, version: 1, text: long });
  assert.deepEqual(open.facts(), facts);
  open.apply([{ text: 'from bifrost import config\n' }], 2);
  assert.deepEqual(open.facts(), readFacts(open.document.getText()));
  const end = open.document.positionAt(open.document.getText().length);
  open.apply([{ range: { start: end, end }, text: 'async def f():\n    await config.get("a")\n' }], 3);
  assert.deepEqual(open.facts(), readFacts(open.document.getText()));
  open.close();
});
