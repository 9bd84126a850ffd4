/** Times as people type them. */

import { Failure } from '../errors.ts';

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time of day or a duration back from now, as ISO 8601. */
export function readTime(flag: string, text: string): string {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  const time = ago
    ? Date.now() - Number(ago[1]) * unitsMs[ago[2] as keyof typeof unitsMs]
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isNaN(time)) {
    throw new Failure('bad-input', `${flag} must be a time such as 2026-11-21T02:25:00Z, or 30m, 12h, 7d.`);
  }
  return new Date(time).toISOString();
}
