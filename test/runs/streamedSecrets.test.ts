/** What runs print comes in chunks, cut anywhere: no secret comes through, and everything else as it was. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from '../../server/runs/output.ts';
import { Scrubber } from '../../server/runs/scrubber.ts';
import { secretForms } from '../../server/runs/secretForms.ts';
import { scrubByBruteForce } from './bruteForce.ts';

const limitBytes = 1024 * 1024;
const casesPerSet = 50;
const sets = 2000;

/** Few characters, so that secrets overlap, and begin within each other. */
const characters = ['a', 'b', 'é', '\n', '🔑', 'a', 'b', 'ab'];
const secretText = fc
  .uint8Array({ minLength: 1, maxLength: 24 })
  .map((recipe) => [...recipe].map((byte) => characters[byte % characters.length]).join(''));

/** Lines, as a run prints these chunks. */
function printed(chunks: readonly Uint8Array[]): string[] {
  const output = new Output(limitBytes, () => 0);
  for (const chunk of chunks) output.push(Buffer.from(chunk));
  return output.finish(0).lines.map(({ message }) => message);
}

/** A text of random characters, secrets, forms of secrets, halves of them, and such with line breaks in between. */
function cook(recipe: Uint8Array, secrets: readonly string[], forms: readonly string[]): string {
  let text = '';
  for (let at = 0; at + 1 < recipe.length; at += 2) {
    const [kind = 0, which = 0] = recipe.subarray(at);
    const secret = secrets[which % secrets.length] ?? '';
    const form = forms[(which * 31 + kind) % Math.max(1, forms.length)] ?? '';
    if (kind < 96) text += characters[which % characters.length];
    else if (kind < 160) text += secret;
    else if (kind < 192) text += form;
    else if (kind < 224) text += form.slice(0, form.length >> 1);
    else text += [...form].join(which % 2 === 0 ? '\n' : '').replace(/(?<=^.{3})/u, '\n');
  }
  return text.toWellFormed();
}

/** Cut at up to 63 places, within characters too. */
function cut(bytes: Buffer, places: Uint8Array): Buffer[] {
  const at = [...places]
    .map((place) => Math.floor((place / 256) * bytes.length))
    .sort((one, other) => one - other);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

const one = fc.record({
  recipe: fc.uint8Array({ maxLength: 40 }),
  places: upTo(63, (maxLength) => fc.uint8Array({ maxLength, size: 'max' })),
});

/** Mostly few, since many take long. */
function upTo<Value>(
  most: number,
  arbitrary: (maxLength: number) => fc.Arbitrary<Value>,
): fc.Arbitrary<Value> {
  return fc.oneof({ arbitrary: arbitrary(6), weight: 9 }, { arbitrary: arbitrary(most), weight: 1 });
}

test(`${sets * casesPerSet} random outputs in up to 64 chunks are scrubbed as by brute force`, () => {
  let cases = 0;
  let masked = 0;
  fc.assert(
    fc.property(
      upTo(50, (maxLength) => fc.array(secretText, { minLength: 1, maxLength, size: 'max' })),
      fc.array(one, { minLength: casesPerSet, maxLength: casesPerSet }),
      (secrets, texts) => {
        const scrubber = new Scrubber();
        for (const secret of secrets) scrubber.register(secret);
        const forms = [...new Set(secrets.flatMap((secret) => [...secretForms(secret)]))];
        for (const { recipe, places } of texts) {
          const text = cook(recipe, secrets, forms);
          const lines = text.split('\n');
          if (lines.at(-1) === '') lines.pop();
          const expected = scrubByBruteForce(lines, forms).map((line, index) =>
            secrets.includes(lines[index] ?? '') ? '[REDACTED]' : line,
          );
          const read = printed(cut(Buffer.from(text), places)).map((message) => ({ message }));
          const scrubbed = scrubber.scrubLines(read).map(({ message }) => message);
          assert.deepEqual(scrubbed, expected);
          cases += 1;
          if (expected.some((line) => line.includes('[REDACTED]'))) masked += 1;
        }
      },
    ),
    { numRuns: sets },
  );
  assert.equal(cases, sets * casesPerSet);
  assert.ok(masked > cases / 4, `only ${masked} held a secret`);
});

test('however many empty lines are printed, no more are kept than the limit has bytes', () => {
  const output = new Output(1000, () => 0);
  for (let chunk = 0; chunk < 100; chunk += 1) output.push(Buffer.alloc(1000, '\n'));
  assert.equal(output.finish(0).lines.length, 1000);
});

test('what the limit cuts off in the middle of a secret leaves nothing of it', () => {
  const secret = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';
  const scrubber = new Scrubber();
  scrubber.register(secret);
  for (let limit = 1; limit < 120; limit += 1) {
    const output = new Output(limit, () => 0);
    for (const byte of Buffer.from(`${secret}\nkey: ${Buffer.from(secret).toString('base64')} ${secret}`)) {
      output.push(Buffer.of(byte));
    }
    const { lines, cut: isCut } = output.finish(0);
    const left = scrubber.scrubLines(lines, { cut: isCut }).map(({ message }) => message);
    assert.match(
      left.join('\n'),
      /^(s|sk|sk_|\[REDACTED\](\n(k|ke|key|key:|key: (c|c2|c2t|\[REDACTED\]=?( (s|sk|sk_|\[REDACTED\])?)?)?)?)?)$/,
    );
  }
});
