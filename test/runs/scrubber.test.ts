/** Secrets do not come through, in whatever form; everything else does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Automaton } from '../../server/runs/automaton.ts';
import { Scrubber } from '../../server/runs/scrubber.ts';

const secret = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';
const awkward = 'pä"ss\'w/o<r>d&+\\ test\nß';

function scrubberOf(...secrets: unknown[]): Scrubber {
  const scrubber = new Scrubber();
  for (const one of secrets) scrubber.register(one);
  return scrubber;
}

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const forms: Record<string, (text: string) => string> = {
  raw: (text) => text,
  'base64, first in its group': (text) => utf8(text).toString('base64'),
  'base64, second in its group': (text) => utf8(`a${text}bc`).toString('base64'),
  'base64, third in its group': (text) => utf8(`ab${text}c`).toString('base64'),
  'base64 of a user and password': (text) => utf8(`api:${text}`).toString('base64'),
  'base64 for URLs, without padding': (text) => utf8(text).toString('base64url'),
  'a query parameter': (text) => encodeURIComponent(text),
  'a query parameter in lower case': (text) =>
    encodeURIComponent(text).replace(/%../g, (octet) => octet.toLowerCase()),
  'a form': (text) => new URLSearchParams({ a: text }).toString().slice(2),
  hex: (text) => utf8(text).toString('hex'),
  'hex in upper case': (text) => utf8(text).toString('hex').toUpperCase(),
  JSON: (text) => JSON.stringify({ a: text }),
  HTML: (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#x27;'),
};

for (const [name, encode] of Object.entries(forms)) {
  test(`a secret is masked as ${name}`, () => {
    for (const one of [secret, awkward]) {
      const encoded = encode(one);
      const scrubbed = scrubberOf(one).scrubText(`before ${encoded} after`);
      assert.match(scrubbed, /^before .*\[REDACTED\].* after$/);
      // At most what belongs to the neighbours' bits is left around the mask.
      assert.ok(scrubbed.length < 60, scrubbed);
    }
  });
}

test("a secret is masked as Python's repr, ascii and bytes show it", () => {
  const scrubber = scrubberOf("it's a\ttest \\ é");
  for (const shown of [
    `"it's a\\ttest \\\\ é"`,
    `'it\\'s a\\ttest \\\\ é'`,
    `"it's a\\ttest \\\\ \\xe9"`,
    `b"it's a\\ttest \\\\ \\xc3\\xa9"`,
  ]) {
    assert.match(scrubber.scrubText(shown), /^b?["']\[REDACTED\]["']$/);
  }
});

test('overlapping secrets leave nothing of either, and neighbours are masked one by one', () => {
  const scrubber = scrubberOf('test-one-two', 'two-three-test', 'test');
  assert.equal(scrubber.scrubText('a test-one-two-three-test b'), 'a [REDACTED] b');
  assert.equal(scrubber.scrubText('testtest'), '[REDACTED][REDACTED]');
});

test('a secret of fewer than four characters is masked as a whole value only', () => {
  const scrubber = scrubberOf('abc');
  assert.deepEqual(scrubber.scrubValue({ pin: 'abc', word: 'abcd', abc: ['abc'] }), {
    pin: '[REDACTED]',
    word: 'abcd',
    '[REDACTED]': ['[REDACTED]'],
  });
});

test('names, nested values and numbers of a result are scrubbed, whatever the names are', () => {
  const scrubber = scrubberOf(secret, '12345678', 87654321);
  const result = JSON.parse(
    `{"__proto__": {"a": ["${secret}"]}, "${secret}": 1, "n": [12345678, 87654321, 7]}`,
  );
  assert.equal(
    JSON.stringify(scrubber.scrubValue(result)),
    '{"__proto__":{"a":["[REDACTED]"]},"[REDACTED]":1,"n":["[REDACTED]","[REDACTED]",7]}',
  );
});

test('a secret of several lines is masked in each line, alone and together', () => {
  const pem = '-----BEGIN TEST KEY-----\nMIIEexampleexample0\nAAAAexampleexample1\n-----END TEST KEY-----';
  const scrubber = scrubberOf(pem);
  const lines = [...`key: ${pem}!`.split('\n'), 'plain', '  AAAAexampleexample1'].map((message) => ({
    message,
  }));
  assert.deepEqual(
    scrubber.scrubLines(lines).map(({ message }) => message),
    ['key: [REDACTED]', '[REDACTED]', '[REDACTED]', '[REDACTED]!', 'plain', '  [REDACTED]'],
  );
});

test('the start of a secret at the end of a text that was cut off is masked', () => {
  const scrubber = scrubberOf(secret);
  const text = `Bearer ${secret.slice(0, 20)}`;
  assert.equal(scrubber.scrubText(text, { cut: true }), 'Bearer [REDACTED]');
  assert.equal(scrubber.scrubText(text), text);
  assert.deepEqual(scrubber.scrubLines([{ message: 'a' }, { message: text }], { cut: true }).at(-1), {
    message: 'Bearer [REDACTED]',
  });
});

test('in a stream a secret is masked wherever the chunks are cut, and no more is held back than needed', () => {
  const text = `a ${secret} b ${utf8(secret).toString('base64')} c sk_test_4eC39 d ${secret}${secret}`;
  const scrubber = scrubberOf(secret);
  const expected = scrubber.scrubText(text);
  for (let size = 1; size < 50; size += 1) {
    const stream = scrubber.openStream();
    let out = '';
    for (let start = 0; start < text.length; start += size)
      out += stream.push(text.slice(start, start + size));
    assert.equal(out + stream.end(), expected);
  }
  const stream = scrubber.openStream();
  assert.equal(stream.push(`done ${secret}`), 'done [REDACTED]');
  assert.equal(stream.push('plain text'), 'plain text');
});

test('a stream agrees with the whole text, for any secrets, texts and cuts', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\n'), minLength: 4, maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\n'), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 4 }),
      fc.array(text, { maxLength: 6 }),
      (secrets, chunks) => {
        const scrubber = scrubberOf(...secrets);
        const stream = scrubber.openStream();
        const out = chunks.map((chunk) => stream.push(chunk)).join('') + stream.end();
        assert.equal(out, scrubber.scrubText(chunks.join('')));
        for (const one of secrets) assert.ok(!out.includes(one));
      },
    ),
    { numRuns: 500 },
  );
});

test('the automaton finds what a plain search finds, with few patterns and with too many for dense rows', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ü'), minLength: 1, maxLength: 5 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ü'), maxLength: 40 });
  const filler = Array.from(
    { length: 400 },
    (_, index) => `filler-${index}-${'x'.repeat(30)}-${index * 7919}`,
  );
  const check = (patterns: string[], haystack: string) => {
    const found: [number, number][] = [];
    new Automaton(patterns).scan(haystack, (length, end) => void found.push([length, end]));
    const expected: [number, number][] = [];
    for (let end = 1; end <= haystack.length; end += 1) {
      const ending = patterns.filter((one) => haystack.slice(0, end).endsWith(one)).map((one) => one.length);
      if (ending.length > 0) expected.push([Math.max(...ending), end]);
    }
    assert.deepEqual(found, expected);
  };
  fc.assert(fc.property(fc.array(pattern, { minLength: 1, maxLength: 8 }), text, check), { numRuns: 500 });
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 8 }), text, (patterns, haystack) =>
      check(
        [...filler, ...patterns.map((one) => `${filler[3]}${one}`), ...patterns],
        `${filler[3]}${haystack}`,
      ),
    ),
    { numRuns: 10 },
  );
});
