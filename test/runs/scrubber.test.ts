/** Secrets do not come through; everything else does. In which forms they do not is in `secretForms.test.ts`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scrubber } from '../../server/runs/scrubber.ts';

const secret = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';

function scrubberOf(...secrets: unknown[]): Scrubber {
  const scrubber = new Scrubber();
  for (const one of secrets) scrubber.register(one);
  return scrubber;
}

test('overlapping secrets leave nothing of either, and neighbours are masked one by one', () => {
  const scrubber = scrubberOf('test-one-two', 'two-three-test', 'test');
  assert.equal(scrubber.scrubText('a test-one-two-three-test b'), 'a [REDACTED] b');
  assert.equal(scrubber.scrubText('testtest'), '[REDACTED][REDACTED]');
});

test('a secret of fewer than four characters is masked as a whole value only', () => {
  const scrubber = scrubberOf('abc', '12');
  assert.deepEqual(scrubber.scrubValue({ pin: 'abc', word: 'abcd', abc: ['abc'], numbers: [12, 123] }), {
    pin: '[REDACTED]',
    word: 'abcd',
    '[REDACTED]': ['[REDACTED]'],
    numbers: ['[REDACTED]', 123],
  });
  assert.deepEqual(scrubber.scrubLines([{ message: 'abc' }, { message: 'abcabc' }]), [
    { message: '[REDACTED]' },
    { message: 'abcabc' },
  ]);
});

test('names, nested values and numbers of a result are scrubbed, whatever the names are', () => {
  const scrubber = scrubberOf(secret, '12345678', 87654321, '0042', '1.50');
  const result = JSON.parse(
    `{"__proto__": {"a": ["${secret}"]}, "${secret}": 1, "n": [12345678, 87654321, 42, 1.5, 7, true, null]}`,
  );
  assert.equal(
    JSON.stringify(scrubber.scrubValue(result)),
    '{"__proto__":{"a":["[REDACTED]"]},"[REDACTED]":1,' +
      '"n":["[REDACTED]","[REDACTED]","[REDACTED]","[REDACTED]",7,true,null]}',
  );
});

test('members whose names are the same once they are masked are all kept', () => {
  const scrubber = scrubberOf('first-test-secret', 'other-test-secret');
  const result = { '[REDACTED]': 0, 'first-test-secret': 1, 'other-test-secret': 2, '[REDACTED] (3)': 3 };
  assert.deepEqual(scrubber.scrubValue(result), {
    '[REDACTED]': 0,
    '[REDACTED] (2)': 1,
    '[REDACTED] (4)': 2,
    '[REDACTED] (3)': 3,
  });
});

test('a result without a secret is the same', () => {
  const result = { a: [1, 'two', { three: null }], 'ü\n': '\u0000🔑', '': '' };
  assert.deepEqual(scrubberOf(secret, 'ab').scrubValue(result), result);
  assert.equal(new Scrubber().scrubValue(result), result);
});

test('a secret of several lines is masked in each line, alone and together', () => {
  const pem = '-----BEGIN TEST KEY-----\nMIIEexampleexample0\n\nAAAAexampleexample1\n-----END TEST KEY-----';
  const scrubber = scrubberOf(pem);
  const lines = [...`key: ${pem}!`.split('\n'), 'plain', '  AAAAexampleexample1'].map((message) => ({
    message,
  }));
  assert.deepEqual(
    scrubber.scrubLines(lines).map(({ message }) => message),
    ['key: [REDACTED]', '[REDACTED]', '', '[REDACTED]', '[REDACTED]!', 'plain', '  [REDACTED]'],
  );
});

test('a long secret is masked wherever its lines are broken, a short one is not glued together', () => {
  const scrubber = scrubberOf(secret, '12345');
  const broken = [...secret].join('\r\n');
  assert.equal(scrubber.scrubText(`a ${broken} b`), 'a [REDACTED] b');
  assert.equal(scrubber.scrubText('1\n2\n3\n4\n5'), '1\n2\n3\n4\n5');
  assert.deepEqual(
    scrubber.scrubLines([...secret].map((message) => ({ message }))).map(({ message }) => message),
    [...secret].map(() => '[REDACTED]'),
  );
});

test('the start of a secret at the end of a text that was cut off is masked', () => {
  const scrubber = scrubberOf(secret, 'test-sk_test_of-another');
  const text = `Bearer ${secret.slice(0, 20)}`;
  assert.equal(scrubber.scrubText(text, { cut: true }), 'Bearer [REDACTED]');
  assert.equal(scrubber.scrubText('Bearer sk_t', { cut: true }), 'Bearer [REDACTED]');
  assert.equal(scrubber.scrubText('Bearer sk_', { cut: true }), 'Bearer sk_');
  assert.equal(scrubber.scrubText('test-sk_test_', { cut: true }), '[REDACTED]');
  assert.equal(scrubber.scrubText(text), text);
  assert.deepEqual(scrubber.scrubLines([{ message: 'a' }, { message: text }], { cut: true }).at(-1), {
    message: 'Bearer [REDACTED]',
  });
});

test('a secret that is registered later is masked from then on', () => {
  const scrubber = scrubberOf('another-test-secret');
  assert.equal(scrubber.scrubText(secret), secret);
  scrubber.register(secret);
  assert.equal(scrubber.scrubText(secret), '[REDACTED]');
});

test('secrets that come one by one, with output in between, are all masked', { timeout: 60_000 }, () => {
  const scrubber = new Scrubber();
  for (let count = 0; count < 1_000; count += 1) {
    const one = `test-${count}-${Math.sin(count)}`;
    assert.equal(scrubber.scrubText(`a ${one}`), `a ${one}`);
    scrubber.register(one);
    assert.equal(scrubber.scrubText(`a ${one}`), 'a [REDACTED]');
  }
  const overlapping = `test-7-${Math.sin(7)}test-999-${Math.sin(999)} and test-0-0`;
  assert.equal(scrubber.scrubText(overlapping), '[REDACTED][REDACTED] and [REDACTED]');
  assert.equal(scrubber.isFull, false);
});

test('with more secrets than can be searched for, everything is masked', { timeout: 60_000 }, () => {
  const scrubber = new Scrubber();
  for (let count = 0; count < 500; count += 1) scrubber.register(String(count).padStart(65_536, 'test'));
  assert.equal(scrubber.isFull, true);
  assert.equal(scrubber.scrubText('a line'), '[REDACTED]');
  assert.equal(scrubber.scrubText(''), '');
  assert.deepEqual(scrubber.scrubLines([{ message: 'one' }, { message: '' }]), [
    { message: '[REDACTED]' },
    { message: '' },
  ]);
  assert.deepEqual(scrubber.scrubValue({ a: 1, b: ['x', null, true] }), {
    '[REDACTED]': '[REDACTED]',
    '[REDACTED] (2)': ['[REDACTED]', null, true],
  });
});

test('a text that is made to take long is masked as a whole', { timeout: 60_000 }, () => {
  const scrubber = scrubberOf('a'.repeat(60_000));
  const text = 'a'.repeat(59_999).concat('b').repeat(8);
  assert.equal(scrubber.scrubText(text), '[REDACTED]');
});
