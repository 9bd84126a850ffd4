/** Small pieces of text that several views share: translation, times, one-line values; pure, without the editor. */

/** `vscode.l10n.t`, passed in so that what is pure stays testable without an editor. */
export type Translate = (message: string, ...args: (string | number | boolean)[]) => string;

/** What a pure text needs from outside. */
export interface TextContext {
  t: Translate;
  /** Milliseconds since the epoch. */
  now: number;
  /** The editor's language, e.g. `en`. */
  language: string;
}

const units = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 days ago`, `in 90 days`, `now`; whole units, rounded to the nearest. */
export function relativeTime(timestamp: string, { now, language }: TextContext): string {
  const differenceMs = Date.parse(timestamp) - now;
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  for (const [unit, unitMs] of units) {
    // Up to 99 days stay days: an expiration of 90 days reads better than “in 3 months”.
    const limitMs = unit === 'month' ? 99.5 * 86_400_000 : unitMs;
    if (Math.abs(differenceMs) >= limitMs) return format.format(Math.round(differenceMs / unitMs), unit);
  }
  return format.format(0, 'second');
}

/** Date and time in the editor's language, to the minute. */
export function fullTime(timestamp: string, { language }: Pick<TextContext, 'language'>): string {
  return new Date(timestamp).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** One line of at most `limit` code points. */
export function oneLine(text: string, limit = 80): string {
  const points = [...plain(text).replace(/\s+/gu, ' ').trim()];
  return points.length <= limit ? points.join('') : `${points.slice(0, limit - 1).join('')}…`;
}

/** Text from outside that cannot turn around the writing of what stands beside it; the writing itself may be any. */
export function plain(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/gu, '\uFFFD');
}

/** Text that stands for itself in Markdown; an address in it is no link either. */
export function escapeMarkdown(text: string): string {
  return plain(text)
    .replace(/[\\`*_{}[\]()#+\-.!|<>&~$:@]/gu, '\\$&')
    .replace(/\n/gu, ' ');
}

/** `1.2 s`, `85 ms`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
