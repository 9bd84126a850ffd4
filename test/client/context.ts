/** A clock and a language for texts: English, on one fixed morning. */

import type { TextContext } from '../../client/text.ts';

export const now = Date.parse('2026-11-21T09:00:00Z');

export const context: TextContext = {
  now,
  language: 'en',
  t: (message, ...args) => message.replace(/\{(\d+)\}/g, (_, index) => String(args[Number(index)])),
};

/** The moment so many days from now, as it stands on the wire. */
export function inDays(days: number): string {
  return new Date(now + days * 86_400_000).toISOString();
}
