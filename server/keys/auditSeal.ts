/** The keyed hash that seals the audit log, and the making of its key; it knows neither the log nor where the key is kept. */

import { createHmac, randomBytes } from 'node:crypto';

/** 32 random bytes as text. */
export function newAuditKey(): string {
  return randomBytes(32).toString('base64url');
}

/** HMAC-SHA256 of UTF-8 text in hex. */
export function auditSeal(key: string): (text: string) => string {
  const bytes = Buffer.from(key, 'base64url');
  return (text) => createHmac('sha256', bytes).update(text).digest('hex');
}
