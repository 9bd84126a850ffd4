/** Makes keys and recognises them by their shape alone; it knows no store and keeps nothing. */

import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Workflow keys begin with this (W25). */
export const workflowKeyPrefix = 'bk_live_';

export interface MintedKey {
  /** Invariant: it stands in the answer that creates it, and is kept nowhere (W22). */
  key: string;
  /** SHA-256 of the whole key in hex: all that is kept of it (F21). */
  hash: string;
  lastFour: string;
}

/** What the text of a key tells without a look-up. */
export interface KeyShape {
  prefix: string;
  lastFour: string;
}

/** `<prefix>`, then 26 random characters of [0-9A-Za-z], then 6 that encode the CRC32 of all before them (D2). */
export function mintKey(prefix: string): MintedKey {
  const body = prefix + randomText(randomLength);
  const key = body + checksum(body);
  return { key, hash: hashKey(key), lastFour: key.slice(-4) };
}

/** The shape of a well-formed key, else undefined: a mistyped key and other text are told apart offline (D2). */
export function parseKey(presented: string): KeyShape | undefined {
  const inspected = inspectKey(presented);
  return inspected.kind === 'key' ? { prefix: inspected.prefix, lastFour: inspected.lastFour } : undefined;
}

/** As `parseKey`, but tells text that is no key at all from a key of which a character is wrong. */
export function inspectKey(
  presented: string,
): ({ kind: 'key' } & KeyShape) | { kind: 'malformed' } | { kind: 'checksum' } {
  const prefix = keyPattern.exec(presented)?.[1];
  if (prefix === undefined) return { kind: 'malformed' };
  const body = presented.slice(0, -checksumLength);
  if (presented.slice(-checksumLength) !== checksum(body)) return { kind: 'checksum' };
  return { kind: 'key', prefix, lastFour: presented.slice(-4) };
}

/** SHA-256 in hex. A key has 154 random bits, so a slow hash would protect nothing and cost every request. */
export function hashKey(key: string): string {
  return sha256(key);
}

/**
 * The text without what may be a key, wherever one stands in it: what outsiders send and libraries say goes to logs.
 * It takes too much rather than too little: any 32 characters of a key's alphabet after the end of a prefix.
 */
export function withoutKeys(text: string): string {
  return text.replace(/_[0-9A-Za-z]{32}/g, '_[REDACTED]');
}

/** SHA-256 of UTF-8 text in hex; the audit log chains its records with it. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 26;
const checksumLength = 6;
/** The bounds on the prefix keep a long header from costing more than a short one. */
const keyPattern = /^([A-Za-z][A-Za-z0-9_]{0,30}_)[0-9A-Za-z]{32}$/;

/** Every character is equally likely: bytes beyond the last whole multiple of 62 are drawn again. */
function randomText(length: number): string {
  const fair = 256 - (256 % digits.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(2 * length)) {
      if (byte < fair && text.length < length) text += digits[byte % digits.length];
    }
  }
  return text;
}

/** 62^6 exceeds 2^32, so six digits hold every CRC32; zeros in front keep the length. */
function checksum(text: string): string {
  let rest = crc32(text);
  let encoded = '';
  for (let place = 0; place < checksumLength; place += 1) {
    encoded = digits.charAt(rest % digits.length) + encoded;
    rest = Math.floor(rest / digits.length);
  }
  return encoded;
}
