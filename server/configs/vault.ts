/** Seals and opens secrets with the key that the state is sealed with (S1, C2); it knows neither scopes nor who asks. */

import { Failure } from '../errors.ts';
import type { ConfigRecord, CredentialRecord, MetaRecord } from '../store/contracts/records.ts';
import type { State, StateReader, StateTransaction } from '../store/contracts/state.ts';
import { scopeName } from './cascade.ts';
import { openFernetKey } from './fernetToken.ts';
import { valueLimitBytes } from './values.ts';

/** The row that a secret belongs to, and of a credential where it is sent. */
export type SecretAddress = Pick<ConfigRecord, 'id' | 'name' | 'organizationId'> &
  Partial<Pick<CredentialRecord, 'hosts' | 'testUrl' | 'tokenUrl'>>;

/** What a token holds. */
export interface SecretContent {
  text: string;
  /** D29: the text says where the value is. Sealed like a value, so that nobody can slip one into the state's file. */
  isReference: boolean;
}

/**
 * The Fernet token of a content; each call gives another one.
 *
 * @throws Failure `bad-input` when the text is empty, over 64 KiB, or no valid Unicode.
 */
export type Seal = (address: SecretAddress, content: SecretContent) => string;

export interface Vault {
  /**
   * Seals for the rows of this transaction, with the key of the state that it leads to. A wrong key seals nothing, so
   * that a state is never sealed with two; once no sealed row is left, the present key takes over.
   *
   * @throws Failure `cannot-decrypt` when the state is sealed with a key that is not here.
   */
  sealer(tx: StateTransaction): Promise<Seal>;
  /** @throws Failure `cannot-decrypt` when the token was sealed with another key, for another row, or was changed. */
  read(address: SecretAddress, token: string): SecretContent;
  /** As `read`, for what is never a reference. */
  open(address: SecretAddress, token: string): string;
  /**
   * Whether stored secrets can be opened with the present key (D6), by a key-check value that the first call makes.
   * As long as no secret is stored, any key is the right one.
   */
  checkKey(state: State): Promise<KeyState>;
  /** Whether the state is sealed with one of the keys that are here; changes nothing. */
  fits(reader: StateReader): Promise<boolean>;
  /** Takes a further key in, which seals nothing until it is installed. @param key 32 bytes. */
  addKey(key: Buffer): NextKey;
}

export type KeyState = 'ok' | 'wrong';

/** A key that is to take the place of the present one. */
export interface NextKey {
  seal: Seal;
  /** Whether this key, and no other, gives exactly this content. */
  holds(address: SecretAddress, token: string, content: SecretContent): boolean;
  /** Whether the state is sealed with it already. */
  isInstalled(reader: StateReader): Promise<boolean>;
  /** Makes it the key of the state that the transaction leads to. The caller has sealed every row anew. */
  install(tx: StateTransaction): void;
  /** The state is durable: of the keys before it only the last stays, for rows that somebody read just before. */
  keep(): void;
  /** It was not installed. */
  drop(): void;
}

/** @param key 32 bytes, as `loadSecretKey` gives them. */
export function openVault(key: Buffer): Vault {
  /** Which of them the state is sealed with, only the state says. */
  let keys: readonly VaultKey[] = [openKey(key)];

  /** Undefined when none of the keys is. */
  async function keyOf(reader: StateReader): Promise<VaultKey | undefined> {
    const check = await reader.get('meta', keyCheck.id);
    return keys.find((known) => known.fits(check));
  }

  /** The present key takes over where nothing is sealed with another one. */
  async function takeOver(tx: StateTransaction): Promise<VaultKey | undefined> {
    const [present] = keys;
    const isOthers = (await tx.get('meta', keyCheck.id)) !== undefined && (await hasSecrets(tx));
    if (isOthers || !present) return undefined;
    tx.put('meta', present.check());
    tx.audit({ actor: 'daemon', action: 'vault.keyed', target: keyCheck.id, outcome: 'ok' });
    return present;
  }

  function read(address: SecretAddress, token: string): SecretContent {
    for (const known of keys) {
      const content = known.read(address, token);
      if (content) return content;
    }
    throw new Failure(
      'cannot-decrypt',
      `The secret "${address.name}" (${scopeName(address)}) cannot be decrypted: it was stored with another ` +
        'BIFROST_SECRET_KEY, or changed since. Start the daemon with the former key, or set the secret again.',
    );
  }

  return {
    async sealer(tx) {
      const sealing = (await keyOf(tx)) ?? (await takeOver(tx));
      if (sealing) return (address, content) => sealing.seal(address, content);
      throw new Failure(
        'cannot-decrypt',
        'No secret can be stored now: those that are stored were sealed with another BIFROST_SECRET_KEY. Start the ' +
          'daemon with that key; if it is lost, remove every secret and credential first. Nothing was changed.',
      );
    },

    read,

    open(address, token) {
      const { text, isReference } = read(address, token);
      if (!isReference) return text;
      throw new Failure(
        'cannot-decrypt',
        `The secret "${address.name}" (${scopeName(address)}) holds no value of its own; set it again.`,
      );
    },

    async checkKey(state) {
      if (await keyOf(state)) return 'ok';
      const taken = await state.transact(async (tx) => (await keyOf(tx)) ?? (await takeOver(tx)));
      return taken ? 'ok' : 'wrong';
    },

    fits: async (reader) => (await keyOf(reader)) !== undefined,

    addKey(nextKey) {
      const next = openKey(nextKey);
      const former = keys;
      keys = [...former, next];
      return {
        seal: (address, content) => next.seal(address, content),
        holds(address, token, content) {
          const opened = next.read(address, token);
          return opened?.text === content.text && opened.isReference === content.isReference;
        },
        isInstalled: async (reader) => next.fits(await reader.get('meta', keyCheck.id)),
        install: (tx) => tx.put('meta', next.check()),
        keep() {
          keys = [next, ...former.slice(0, 1)];
        },
        drop() {
          keys = former;
        },
      };
    },
  };
}

/**
 * The plaintext of every token.
 *
 * Invariant: it names the row it belongs to, because Fernet itself would open a token that was moved to another one; and
 * where it is sent, because who writes the state's file could have a credential sent to a host of his own.
 */
interface Envelope {
  organization: string | null;
  name: string;
  id: string;
  value: string;
  /** JSON of a credential's destinations, null of whatever is sent nowhere; absent in tokens from before it was there. */
  sentTo?: string | null;
  /** Only there when it is true. */
  reference?: true;
}

/** A key and what it makes of envelopes. */
interface VaultKey {
  seal: Seal;
  /** Undefined for whatever is not exactly what `seal` gave for this address. */
  read(address: SecretAddress, token: string): SecretContent | undefined;
  /** A new key-check value. */
  check(): MetaRecord;
  /** Whether a key-check value is of this key. */
  fits(check: MetaRecord | undefined): boolean;
}

const keyCheck: SecretAddress = { id: 'vault.keyCheck', name: 'vault.keyCheck' };

function openKey(key: Buffer): VaultKey {
  const fernet = openFernetKey(key);
  /** The last key-check value that was looked at: every transaction that seals asks for the same one. */
  let last: { value: string; fits: boolean } | undefined;

  const seal: Seal = (address, content) => {
    checkPlaintext(address, content.text);
    return fernet.encode(JSON.stringify(envelopeOf(address, content)));
  };
  const read = (address: SecretAddress, token: string) => {
    const text = fernet.decode(token);
    return text === undefined ? undefined : contentIn(text, address);
  };
  return {
    seal,
    read,
    check: () => ({
      id: keyCheck.id,
      value: seal(keyCheck, { text: keyCheck.name, isReference: false }),
    }),
    fits(check) {
      if (!check) return false;
      const { value } = check;
      if (last?.value !== value) last = { value, fits: read(keyCheck, value) !== undefined };
      return last.fits;
    },
  };
}

function envelopeOf(address: SecretAddress, { text, isReference }: SecretContent): Envelope {
  const { id, name, organizationId = null } = address;
  const sentTo = destinationsOf(address);
  return {
    organization: organizationId,
    name,
    id,
    value: text,
    sentTo,
    ...(isReference && { reference: true }),
  };
}

function destinationsOf({ hosts, testUrl, tokenUrl }: SecretAddress): string | null {
  return hosts ? JSON.stringify({ hosts, testUrl, tokenUrl }) : null;
}

function contentIn(text: string, address: SecretAddress): SecretContent | undefined {
  let envelope: Partial<Envelope> | null;
  try {
    // The error is not passed on as a cause: what JSON.parse says of a text quotes it.
    envelope = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { id, name, organizationId = null } = address;
  const belongs =
    envelope?.organization === organizationId &&
    envelope.name === name &&
    envelope.id === id &&
    (envelope.sentTo === undefined || envelope.sentTo === destinationsOf(address)) &&
    typeof envelope.value === 'string';
  return belongs ? { text: String(envelope?.value), isReference: envelope?.reference === true } : undefined;
}

/** Whether anything stored is sealed. */
export async function hasSecrets(reader: StateReader): Promise<boolean> {
  if ((await reader.list('credentials')).length > 0) return true;
  const configs = await reader.list('configs');
  return configs.some(({ type, value }) => type === 'secret' && value !== undefined);
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
