/** Fernet tokens, strict where the package `fernet` is not; it knows no envelope, row or scope. */

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
      const cipherBytes = cipherBytesOf(token);
      if (cipherBytes === undefined) return undefined;
      try {
        const text = new fernet.Token({ secret, ttl: 0, token }).decode();
        // The package takes any padding off; what is left shows whether it was 1 to 16 bytes.
        const padding = cipherBytes - Buffer.byteLength(text);
        return padding >= 1 && padding <= 16 ? text : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

const headBytes = 1 + 8 + 16;
const macBytes = 32;

/**
 * Bytes of ciphertext, when the token is version, time, IV, whole blocks of ciphertext and MAC in canonical URL-safe
 * base64: the package itself opens tokens that are not so formed.
 */
function cipherBytesOf(token: string): number | undefined {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(token) || token.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const cipherBytes = bytes.length - headBytes - macBytes;
  const isCanonical = bytes.toString('base64url') === token.replace(/=+$/, '');
  const isWhole = bytes[0] === 0x80 && cipherBytes > 0 && cipherBytes % 16 === 0;
  return isCanonical && isWhole ? cipherBytes : undefined;
}
