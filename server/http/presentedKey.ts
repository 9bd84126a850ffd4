/** Which key a request presents (D1); it does not judge it. */

import type { IncomingMessage } from 'node:http';

export type Presented = { kind: 'none' } | { kind: 'one'; value: string } | { kind: 'several' };

/**
 * Reads `X-Bifrost-Key`, `x-api-key` and `Authorization: Bearer`; the query string is never looked at.
 * The same value twice is one key; different values are `several`, which is refused.
 * Raw headers are read, because Node joins repeated ones into a single text.
 */
export function presentedKey(request: IncomingMessage): Presented {
  let found: string | undefined;
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const written = rawHeaders[index] ?? '';
    if (!nameLengths.has(written.length)) continue;
    const name = written.toLowerCase();
    if (name !== 'x-bifrost-key' && name !== 'x-api-key' && name !== 'authorization') continue;
    const text = rawHeaders[index + 1] ?? '';
    const value = name === 'authorization' ? bearer(text) : text.trim();
    if (value === undefined) continue;
    if (found !== undefined && found !== value) return { kind: 'several' };
    found = value;
  }
  return found === undefined || found === '' ? { kind: 'none' } : { kind: 'one', value: found };
}

/** Most headers are told apart by their length alone. */
const nameLengths = new Set(['x-bifrost-key', 'x-api-key', 'authorization'].map(({ length }) => length));

/** The token of a Bearer header; other schemes say nothing to us. */
function bearer(header: string): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header)?.[1];
}
