/** How fast secrets are taken out of what a run prints, beside one regular expression that looks for the same. */

import { Output } from '../../server/runs/output.ts';
import { Scrubber } from '../../server/runs/scrubber.ts';
import { secretForms } from '../../server/runs/secretForms.ts';
import { median } from './measure.ts';

export interface ScrubRates {
  patterns: number;
  /** Megabytes a second of a text that is there as a whole. */
  textMb: number;
  /** The same, with the output in chunks that become lines first, as a run's does. */
  chunksMb: number;
  /** With so many patterns as 1,000 secrets have. */
  manyPatterns: number;
  manyMb: number;
  /** Replacing by a regular expression of the 1,000 patterns. */
  expressionMb: number;
  /** Becoming lines without being scrubbed. */
  linesMb: number;
  /** Milliseconds from 50 secrets that were just read to the first scrubbed line. */
  readyMs: number;
}

const rounds = 7;
const chunkBytes = 65_536;
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function measureScrubbing(): ScrubRates {
  const secrets = Array.from({ length: 1000 }, (_, index) => randomSecret(index + 1));
  const forms = new Set<string>();
  let count = 0;
  for (; forms.size < 1000; count += 1) for (const form of secretForms(secrets[count] ?? '')) forms.add(form);
  const few = scrubberOf(secrets.slice(0, count));
  const many = scrubberOf(secrets);
  const manyPatterns = new Set(secrets.flatMap((secret) => [...secretForms(secret)])).size;

  // One line in fifty holds a secret, in one form or another.
  const all = [...forms];
  const text = Array.from({ length: 80_000 }, (_, index) => {
    const held = index % 50 === 0 ? all[(index / 50) % all.length] : index * 7919;
    return `2026-11-21 12:00:01 INFO order ${index} of customer ${index % 97}@example.test took ${held}`;
  }).join('\n');
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const readLines = () => {
    const output = new Output(2 * bytes.length, Date.now);
    for (const chunk of chunks) output.push(chunk);
    return output.finish(0).lines;
  };
  const expression = new RegExp(
    all
      .toSorted((one, other) => other.length - one.length)
      .map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
      .join('|'),
    'g',
  );

  const megabytes = bytes.length / 1e6;
  const rate = (work: () => unknown) =>
    (megabytes / median(Array.from({ length: rounds }, () => spent(work)))) * 1000;
  return {
    patterns: forms.size,
    textMb: rate(() => few.scrubText(text)),
    chunksMb: rate(() => few.scrubLines(readLines())),
    manyPatterns,
    manyMb: rate(() => many.scrubText(text)),
    expressionMb: rate(() => text.replace(expression, '[REDACTED]')),
    linesMb: rate(readLines),
    readyMs: median(
      Array.from({ length: rounds }, (_, round) => {
        const fresh = Array.from({ length: 50 }, (_, index) => randomSecret(1000 * (round + 2) + index));
        return spent(() => scrubberOf(fresh).scrubText('a line'));
      }),
    ),
  };
}

function scrubberOf(secrets: readonly string[]): Scrubber {
  const scrubber = new Scrubber();
  for (const secret of secrets) scrubber.register(secret);
  return scrubber;
}

/** The same for the same seed. */
function randomSecret(seed: number): string {
  let state = Math.imul(seed, 0x9e3779b1);
  return Array.from({ length: 32 }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3c6ef372;
    return digits[(state >>> 8) % digits.length];
  }).join('');
}

function spent(work: () => unknown): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}
