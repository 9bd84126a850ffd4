/** The daemon's own log tells what went wrong, and nothing that is secret. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '../../server/log.ts';

const secret = `sk_test_"4eC39HqLyjWDarjtT1zdp7dc`;

function openLines(): { lines: string[]; log: ReturnType<typeof openLog> } {
  const lines: string[] = [];
  return { lines, log: openLog({ write: (line) => void lines.push(line) }) };
}

test('a secret that was given out stands in no line, whichever part of it says it', () => {
  const { lines, log } = openLines();
  log.keepOut(secret);
  const base64 = Buffer.from(secret).toString('base64');
  log.error(
    { err: new Error(`Unexpected token in "${secret}"`), header: `Basic ${base64}` },
    `failed: ${secret}`,
  );
  log.child({ part: secret }).warn('of a child');
  assert.equal(lines.length, 2);
  for (const line of lines) {
    assert.ok(!line.includes('4eC39HqLyjWDarjtT1zdp7dc') && !line.includes(base64), line);
    assert.match(line, /\[REDACTED\].*\n$/);
    JSON.parse(line);
  }
  assert.match(JSON.parse(lines[0] ?? '').msg, /^failed: \[REDACTED\]$/);
});

test('a secret that is still in use is kept out, however many were before it', () => {
  const { lines, log } = openLines();
  log.keepOut(secret);
  for (let index = 0; index < 500; index += 1) {
    log.keepOut(`example-test-value-${index}`);
    log.keepOut(secret);
  }
  log.info(`the last of ${secret} and example-test-value-499`);
  assert.equal(JSON.parse(lines[0] ?? '').msg, 'the last of [REDACTED] and [REDACTED]');
});

test('whatever runs call their secrets, the log goes on, and keeps out the newest', () => {
  const { lines, log } = openLines();
  for (let index = 0; index < 20; index += 1) log.keepOut(String(index).padStart(65_536, 'test'));
  log.keepOut(secret);
  log.info(`with ${secret}`);
  log.keepOut('test'.repeat(100_000));
  log.info('and on');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['with [REDACTED]', 'and on'],
  );
});

test('a line without a secret, and a key of ours, are told apart', () => {
  const { lines, log } = openLines();
  log.info({ url: 'http://127.0.0.1:3000' }, `ready for bk_live_${'a1B2'.repeat(8)}`);
  const { url, msg } = JSON.parse(lines[0] ?? '');
  assert.equal(url, 'http://127.0.0.1:3000');
  assert.equal(msg, 'ready for bk_live_[REDACTED]');
});
