/** Whatever bytes a run's process or its output send, the daemon reads them within limits and never throws. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader, parseFrame } from '../../server/runs/frames.ts';
import { Output } from '../../server/runs/output.ts';
import { Rendezvous } from '../../server/runs/rendezvous.ts';
import { openSocketDirectory } from '../../server/socketDirectory.ts';

test('no line makes the frame parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      parseFrame(line);
    }),
  );
  const values = fc.oneof(
    fc.constantFrom('config.get', 'config.set', 'success', 'failed', '__proto__'),
    fc.jsonValue(),
  );
  const names = ['ask', 'id', 'name', 'scope', 'value', 'is_secret', 'done', 'result', 'error', 'dropped'];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), values), (frame) => {
      parseFrame(JSON.stringify(frame));
    }),
  );
});

test('a frame that is not what it should be is none', () => {
  const refused = [
    '{"ask":"config.get"}',
    '{"ask":"config.get","id":1.5,"name":"x"}',
    '{"ask":"config.get","id":1,"name":["x"]}',
    '{"ask":"config.get","id":1,"name":"x","scope":1}',
    '{"ask":"config.set","id":1,"name":"x","value":1,"is_secret":"yes"}',
    '{"ask":"toString","id":1,"name":"x"}',
    '{"done":"success","dropped":0}',
    '{"done":"success","result":1,"dropped":-1}',
    '{"done":"success","result":1}',
    '{"done":"failed","dropped":0}',
    '{"done":"failed","error":{"type":1,"message":"x"},"dropped":0}',
    `{"done":"success","result":${'['.repeat(300)}${']'.repeat(300)},"dropped":0}`,
    '[]',
    'null',
    '',
  ];
  for (const line of refused) assert.equal(parseFrame(line), undefined, line.slice(0, 80));
  assert.deepEqual(parseFrame('{"ask":"config.get","id":1,"name":"x","scope":null}'), {
    kind: 'ask',
    id: 1,
    verb: 'get',
    name: 'x',
    scope: null,
    value: undefined,
  });
});

test('lines come whole wherever the chunks are cut, and one over the limit is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 9 }), (texts, size) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' '));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const reader = new LineReader(10_000);
      const read: string[] = [];
      for (let start = 0; start < bytes.length; start += size) {
        read.push(...(reader.push(bytes.subarray(start, start + size)) ?? []));
      }
      assert.deepEqual(read, lines);
    }),
  );
  const reader = new LineReader(10);
  assert.deepEqual(reader.push(Buffer.from('0123456789\n')), ['0123456789']);
  assert.equal(reader.push(Buffer.from('01234567890')), undefined);
});

test('output is the same wherever the chunks are cut, never more than its limit, and nothing is uncounted', () => {
  const record = fc
    .tuple(fc.constantFrom('INFO', 'ERROR', 'stdout', 'stderr', 'other'), fc.string({ unit: 'grapheme' }))
    .map((entry) => `\x1e${JSON.stringify(entry)}\n`);
  const raw = fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'ü', '🎉', '\x1e', '[') });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(record, raw), { maxLength: 12 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 60 }),
      (parts, size, limitBytes) => {
        const bytes = Buffer.from(parts.join(''));
        const whole = new Output(1_000_000, () => 1);
        whole.push(bytes);
        const cut = new Output(1_000_000, () => 1);
        const limited = new Output(limitBytes, () => 1);
        for (let start = 0; start < bytes.length; start += size) {
          cut.push(bytes.subarray(start, start + size));
          limited.push(bytes.subarray(start, start + size));
        }
        const expected = whole.finish(0);
        assert.deepEqual(cut.finish(0), expected);
        const kept = limited.finish(5);
        const keptBytes = kept.lines.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0);
        assert.ok(keptBytes <= limitBytes);
        assert.equal(kept.cut, kept.droppedBytes > 5);
        if (!kept.cut) assert.deepEqual(kept.lines, expected.lines);
      },
    ),
    { numRuns: 1000, examples: [[['\n'], 1, 0]] },
  );
});

test('a connection without an expected token is closed, whatever it says', {
  timeout: 120_000,
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'wk-meet-'));
  const sockets = openSocketDirectory(directory);
  const rendezvous = await Rendezvous.open(sockets.path('r.sock'));
  t.after(() => {
    rendezvous.close();
    sockets.remove();
    rmSync(directory, { recursive: true, force: true });
  });
  let met = 0;
  rendezvous.expect('right', ({ channel, output }) => {
    met += 1;
    channel.destroy();
    output.destroy();
  });
  const strangers = [
    'channel wrong 1\n',
    'other right 1\n',
    `${'x'.repeat(200)}`,
    '\n',
    'channel right no-number\n',
    'channel right 0\n',
    'channel right -1\n',
    'channel right 1\n',
  ];
  for (const hello of strangers) {
    const socket = connect(rendezvous.path);
    socket.write(hello);
    socket.resume();
    await once(socket, 'close');
  }
  assert.equal(met, 0);
  const channel = connect(rendezvous.path);
  channel.write('channel right 7\n');
  const output = connect(rendezvous.path);
  output.write('output right\nand then some output');
  await Promise.all([channel, output].map((socket) => once(socket.resume(), 'close')));
  assert.equal(met, 1);
});
