/** What texts are made of: a clock and a language (English, on one fixed morning), and a key. */

import type { TextContext } from '../../client/text.ts';
import type { KeyRow } from '../../server/protocol/keys.ts';

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

/** A global key that nothing is to be said of. */
export const keyRow: KeyRow = {
  id: 'k1',
  kind: 'workflow',
  global: true,
  description: 'CI pipeline trigger',
  masked: 'bk_live_••••1a2b',
  createdAt: inDays(-3),
  lastUsedAt: null,
  expiresAt: inDays(87),
  expired: false,
  rotationDue: false,
  orphaned: false,
  endpointOff: false,
};
