/** Seals and opens the values of secrets with Fernet (S1, C2); it knows neither scopes nor who asks. */

import fernet from 'fernet';
import { Failure } from '../errors.ts';
import type { ConfigRecord, State } from '../store/contracts.ts';
import { valueLimitBytes } from './values.ts';

/** The row that a secret belongs to. */
export type SecretAddress = Pick<ConfigRecord, 'id' | 'name' | 'organizationId'>;

export interface Vault {
  /**
   * The Fernet token of a value; each call gives another one.
   *
   * @throws Failure `bad-input` when the value is empty, over 64 KiB, or no valid Unicode.
   */
  seal(address: SecretAddress, value: string): string;
  /** @throws Failure `cannot-decrypt` when the token was sealed with another key, for another row, or was changed. */
  open(address: SecretAddress, token: string): string;
  /**
   * Whether stored secrets can be opened with the present key (D6), by a key-check value that the first call makes.
   * As long as no secret is stored, any key is the right one.
   */
  checkKey(state: State): Promise<'ok' | 'wrong'>;
}

/** @param key 32 bytes, as `loadSecretKey` gives them. */
export function openVault(key: Buffer): Vault {
  const secret = new fernet.Secret(key.toString('base64url'));

  function encode(address: SecretAddress, value: string): string {
    const envelope: Envelope = { ...bound(address), value };
    return new fernet.Token({ secret, ttl: 0 }).encode(JSON.stringify(envelope));
  }

  /** Undefined for whatever is not exactly what `encode` gave for this address. */
  function decode(address: SecretAddress, token: string): string | undefined {
    if (!isTokenShaped(token)) return undefined;
    try {
      // No error is passed on as a cause: what JSON.parse says of a text quotes it.
      const text = new fernet.Token({ secret, ttl: 0, token }).decode();
      return valueIn(JSON.parse(text), bound(address));
    } catch {
      return undefined;
    }
  }

  return {
    seal(address, value) {
      checkPlaintext(address, value);
      return encode(address, value);
    },

    open(address, token) {
      const value = decode(address, token);
      if (value !== undefined) return value;
      throw new Failure(
        'cannot-decrypt',
        `The secret "${address.name}" (${scopeOf(address)}) cannot be decrypted: it was stored with another ` +
          'BIFROST_SECRET_KEY, or changed since. Start the daemon with the former key, or set the secret again.',
      );
    },

    async checkKey(state) {
      const stored = await state.get('meta', keyCheck.id);
      if (stored && decode(keyCheck, stored.value) !== undefined) return 'ok';
      return state.transact(async (tx) => {
        const configs = await tx.list('configs');
        const credentials = await tx.list('credentials');
        const hasSecrets =
          credentials.length > 0 ||
          configs.some((config) => config.type === 'secret' && config.value !== undefined);
        if (stored && hasSecrets) return 'wrong';
        tx.put('meta', { id: keyCheck.id, value: encode(keyCheck, keyCheck.name) });
        tx.audit({ actor: 'daemon', action: 'vault.keyed', target: keyCheck.id, outcome: 'ok' });
        return 'ok';
      });
    },
  };
}

/**
 * The plaintext of every token.
 *
 * Invariant: it names the row it belongs to, because Fernet itself would open a token that was moved to another one.
 */
interface Envelope {
  organization: string | null;
  name: string;
  id: string;
  value: string;
}

const keyCheck: SecretAddress = { id: 'vault.keyCheck', name: 'vault.keyCheck' };

function bound(address: SecretAddress): Omit<Envelope, 'value'> {
  return { organization: address.organizationId ?? null, name: address.name, id: address.id };
}

function valueIn(envelope: unknown, expected: Omit<Envelope, 'value'>): string | undefined {
  const opened = envelope as Partial<Envelope> | null;
  const belongs =
    opened?.organization === expected.organization &&
    opened.name === expected.name &&
    opened.id === expected.id &&
    typeof opened.value === 'string';
  return belongs ? opened.value : undefined;
}

/**
 * Version, time, IV, whole blocks of ciphertext and MAC in canonical URL-safe base64: the package itself opens
 * tokens that are not so formed.
 */
function isTokenShaped(token: string): boolean {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(token) || token.length % 4 !== 0) return false;
  const bytes = Buffer.from(token, 'base64url');
  const cipherBytes = bytes.length - (1 + 8 + 16 + 32);
  const isCanonical = bytes.toString('base64url') === token.replace(/=+$/, '');
  return isCanonical && bytes[0] === 0x80 && cipherBytes > 0 && cipherBytes % 16 === 0;
}

function checkPlaintext(address: SecretAddress, value: string): void {
  const secret = `The value of the secret "${address.name}"`;
  if (value === '') throw new Failure('bad-input', `${secret} is empty; give the full value.`);
  if (!value.isWellFormed()) {
    throw new Failure(
      'bad-input',
      `${secret} holds half a character (a lone surrogate); encode binary as base64.`,
    );
  }
  if (Buffer.byteLength(value) > valueLimitBytes) {
    throw new Failure('bad-input', `${secret} is larger than 64 KiB; store where it is kept in its place.`);
  }
}

function scopeOf({ organizationId }: SecretAddress): string {
  return organizationId === undefined ? 'global' : `organization "${organizationId}"`;
}
