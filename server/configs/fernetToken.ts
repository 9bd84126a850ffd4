/** Fernet tokens, strict where the package `fernet` is not; it knows no envelope, row or scope. */

import { createDecipheriv } from 'node:crypto';
import fernet from 'fernet';

/** One Fernet key, ready for use. */
export interface FernetKey {
  /** Another token at each call. `text` is not empty and well-formed Unicode. */
  encode(text: string): string;
  /** Undefined for whatever no sound implementation would open with this key, however old the token is. */
  decode(token: string): string | undefined;
}

/** @param key 32 bytes: the first half signs, the second encrypts. */
export function openFernetKey(key: Buffer): FernetKey {
  const secret = new fernet.Secret(key.toString('base64url'));
  return {
    encode: (text) => new fernet.Token({ secret, ttl: 0 }).encode(text),
    decode(token) {
      const bytes = bytesOf(token);
      if (bytes === undefined) return undefined;
      try {
        const text = new fernet.Token({ secret, ttl: 0, token }).decode();
        checkPadding(bytes, key.subarray(keyBytes / 2));
        return text;
      } catch {
        return undefined;
      }
    },
  };
}

const keyBytes = 32;
const blockBytes = 16;
const headBytes = 1 + 8 + blockBytes;
const macBytes = 32;

/**
 * The token's bytes, when it is version, time, IV, whole blocks of ciphertext and MAC in canonical URL-safe
 * base64: the package itself opens tokens that are not so formed.
 */
function bytesOf(token: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(token) || token.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const cipherBytes = bytes.length - headBytes - macBytes;
  const isCanonical = bytes.toString('base64url') === token.replace(/=+$/, '');
  const isWhole = bytes[0] === 0x80 && cipherBytes > 0 && cipherBytes % blockBytes === 0;
  return isCanonical && isWhole ? bytes : undefined;
}

/** The package takes off whatever the last byte says. @throws Error when the padding is not as PKCS #7 has it. */
function checkPadding(token: Buffer, encryptionKey: Buffer): void {
  const end = token.length - macBytes;
  const [before, last] = [
    token.subarray(end - 2 * blockBytes, end - blockBytes),
    token.subarray(end - blockBytes, end),
  ];
  // The block before the last one, which may be the IV, is all that the last one needs.
  const cipher = createDecipheriv('aes-128-cbc', encryptionKey, before);
  cipher.update(last);
  cipher.final();
}
