/** The text of a reference, and of a command within it, read and refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitWords } from '../../server/configs/commandWords.ts';
import { parseReference } from '../../server/configs/reference.ts';

test('a line is split at blanks, with the quotes of a POSIX shell and nothing expanded', () => {
  const lines: [line: string, words: string[]][] = [
    ['op read op://vault/item/field', ['op', 'read', 'op://vault/item/field']],
    ['  a\tb\n c  ', ['a', 'b', 'c']],
    [
      `vault kv get -field='api key' "secret/my app"`,
      ['vault', 'kv', 'get', '-field=api key', 'secret/my app'],
    ],
    [`a'b'"c"d`, ['abcd']],
    [`'' ""`, ['', '']],
    [`'a\\b"$x|y'`, ['a\\b"$x|y']],
    [`"a\\"b\\\\c\\d\\$e\\\`f"`, ['a"b\\c\\d$e`f']],
    ['a\\ b \\| \\$HOME \\~', ['a b', '|', '$HOME', '~']],
    ['item?attribute=otp [x] {y} * #z a~b =~', ['item?attribute=otp', '[x]', '{y}', '*', '#z', 'a~b', '=~']],
    ['', []],
  ];
  for (const [line, words] of lines) assert.deepEqual(splitWords(line), { words }, line);
});

test('what only a shell would do is a problem, because nothing would do it', () => {
  for (const line of [
    'a | b',
    'a; b',
    'a && b',
    'a > b',
    'a $B',
    'a "$B"',
    'a "\\\\$B"',
    'a `b`',
    'a "`b`"',
    '(a)',
    '~/a',
    'a ~/b',
  ]) {
    assert.match(JSON.stringify(splitWords(line)), /is run without a shell/, line);
  }
  for (const line of ["a 'b", 'a "b', 'a "b\\"']) {
    assert.match(JSON.stringify(splitWords(line)), /quote that is not closed/, line);
  }
  assert.match(JSON.stringify(splitWords('a \\')), /ends with a backslash/);
});

test('any words come back when each is quoted, in either way', () => {
  const single = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  const double = (word: string) => `"${word.replace(/[\\"$`]/g, '\\$&')}"`;
  const property = fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.boolean(), (words, isSingle) => {
    assert.deepEqual(splitWords(words.map(isSingle ? single : double).join(' ')), { words });
  });
  fc.assert(property, { numRuns: 500 });
});

test('a reference names a variable, a file or a command', () => {
  assert.deepEqual(parseReference('n', 'env:STRIPE_KEY'), { kind: 'env', variable: 'STRIPE_KEY' });
  assert.deepEqual(parseReference('n', 'file:/run/secrets/a b'), { kind: 'file', path: '/run/secrets/a b' });
  assert.deepEqual(parseReference('n', 'file:~/key'), { kind: 'file', path: '~/key' });
  assert.deepEqual(parseReference('n', 'command: pass show "a b"'), {
    kind: 'command',
    program: 'pass',
    args: ['show', 'a b'],
  });
  assert.deepEqual(parseReference('n', 'command:/usr/bin/op read x'), {
    kind: 'command',
    program: '/usr/bin/op',
    args: ['read', 'x'],
  });
});

test('what is no reference is refused with the reason, and not repeated', () => {
  const refused: [text: string, reason: RegExp][] = [
    ['canary', /must begin with env:, file: or command:/],
    ['ENV:canary', /must begin with/],
    ['env:', /name of an environment variable/],
    ['env:canary=1', /name of an environment variable/],
    ['env:BIFROST_SECRET_KEY', /daemon's own/],
    ['env:bifrost_secret_key', /daemon's own/],
    ['env:WORKFLOW_KEYS_canary', /daemon's own/],
    ['file:', /absolute path/],
    ['file:canary', /absolute path/],
    ['file:./canary', /absolute path/],
    ['file:~canary', /absolute path/],
    ['file:/canary\0', /character that no name can have/],
    ['command:', /needs a command/],
    ["command:''", /needs a command/],
    ['command:./canary', /by its name alone or by its absolute path/],
    ['command:canary | x', /without a shell/],
    [`command:${'canary'.repeat(1000)}`, /longer than 4096 characters/],
    ['command:canary \ud800', /character that no name can have/],
  ];
  for (const [text, reason] of refused) {
    assert.throws(
      () => parseReference('api_key', text),
      ({ code, message }: Error & { code?: string }) => {
        assert.equal(code, 'bad-input');
        assert.match(message, /^The reference of config "api_key" [^\n]+\.$/);
        assert.match(message, reason);
        assert.doesNotMatch(message, /canary/);
        return true;
      },
      text,
    );
  }
});
