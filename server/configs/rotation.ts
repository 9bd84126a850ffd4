/** Puts a new secret key in the place of the present one, all or nothing (D7); it gives no plaintext to anybody. */

import { setImmediate } from 'node:timers/promises';
import { Failure } from '../errors.ts';
import type { WorkProgress } from '../protocol/daemon.ts';
import type { RotatedSecretKey, SecretKeyCheck } from '../protocol/secretKey.ts';
import type { ConfigRecord, CredentialRecord } from '../store/contracts/records.ts';
import type { State, StateReader } from '../store/contracts/state.ts';
import { scopeName } from './cascade.ts';
import {
  deriveChosenKey,
  dropStagedKey,
  loadSecretKey,
  promoteStagedKey,
  type SecretKey,
  stageKey,
} from './secretKey.ts';
import { type KeyState, type NextKey, openVault, type SecretAddress, type Vault } from './vault.ts';

/**
 * Opens the vault of a data directory, whose lock the caller holds, and finishes what a killed rotation has left:
 * whichever of the file's keys the state is sealed with is the key, and the other one goes.
 *
 * @throws Failure as `loadSecretKey`.
 */
export async function openKeyedVault({
  state,
  environment,
  directory,
}: {
  state: State;
  environment: Record<string, string | undefined>;
  directory: string;
}): Promise<{ vault: Vault; source: SecretKey['source'] }> {
  const { key, source, staged } = await loadSecretKey({ environment, directory });
  const vault = openVault(key);
  if (staged) {
    const next = vault.addKey(staged);
    if (await next.isInstalled(state)) {
      await promoteStagedKey(directory);
      next.keep();
    } else {
      next.drop();
      // With a key that fits nothing nobody knows what the staged one is for.
      if (await vault.fits(state)) await dropStagedKey(directory);
    }
  }
  return { vault, source };
}

export interface RotationParts {
  state: State;
  vault: Vault;
  source: SecretKey['source'];
  /** The data directory, for a key that is kept in its file. */
  directory: string;
  /** Rows of the state's `meta` that are sealed too. */
  sealedMeta?: readonly SecretAddress[];
  /** A daemon that was started with a wrong key has the right one now. */
  onKeyed?: () => Promise<void>;
}

/** What the new key is: one that somebody has chosen, or a random one for the data directory's file. */
export type NewSecretKey = { kind: 'chosen'; text: string } | { kind: 'generated' };

export class Rotation {
  readonly #parts: RotationParts;
  #progress: WorkProgress | undefined;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** How far the rotation that is under way has come. */
  get progress(): WorkProgress | undefined {
    return this.#progress;
  }

  /** D6. */
  keyState(): Promise<KeyState> {
    return this.#parts.vault.checkKey(this.#parts.state);
  }

  /** What a rotation would do: opens every secret, and changes nothing. */
  async check(): Promise<SecretKeyCheck> {
    const { state, vault, source } = this.#parts;
    const { secrets, credentials } = await sealedRecords(state);
    const pace = openPace();
    const unreadable: string[] = [];
    for (const record of [...secrets, ...credentials]) {
      if (!opens(vault, record)) unreadable.push(nameOf(record));
      await pace();
    }
    return { source, secrets: secrets.length, credentials: credentials.length, unreadable };
  }

  /**
   * Seals every secret and credential anew, in one transaction of the state, and uses the new key from then on.
   * Readers and writers go on meanwhile. Asked again after it was done it answers `alreadyDone`; a daemon that was
   * started with a wrong key takes the right one that way.
   *
   * A chosen key is the caller's to keep: the daemon cannot change its environment. A random one is in its file
   * before the state is sealed with it, so that a kill at any point leaves a key that opens everything.
   *
   * @throws Failure `bad-input` (the key), `conflict` (another rotation is under way), `cannot-decrypt` (a secret does
   * not open; the message names it), `storage-failed`. Nothing was changed then, or nothing is left but to give the key
   * file its name, which asking again does.
   */
  async rotate(wish: NewSecretKey, actor: string): Promise<RotatedSecretKey> {
    if (this.#progress) {
      throw new Failure('conflict', 'The secret key is being rotated already; wait for the end of that.');
    }
    this.#progress = { done: 0, total: 0 };
    try {
      return wish.kind === 'chosen'
        ? await this.#install(deriveChosenKey(wish.text), 'environment', actor)
        : await this.#generate(actor);
    } finally {
      this.#progress = undefined;
    }
  }

  async #generate(actor: string): Promise<RotatedSecretKey> {
    const { directory, source } = this.#parts;
    if (source === 'environment') {
      throw new Failure(
        'bad-input',
        'The daemon has its secret key from BIFROST_SECRET_KEY, so the new one must be given, not generated.',
      );
    }
    // Stays staged when what follows fails: the state on the disk may be sealed with it all the same.
    const rotated = await this.#install(await stageKey(directory), 'file', actor);
    await promoteStagedKey(directory);
    return rotated;
  }

  async #install(key: Buffer, keptIn: RotatedSecretKey['keptIn'], actor: string): Promise<RotatedSecretKey> {
    const { state, vault } = this.#parts;
    const next = vault.addKey(key);
    try {
      const alreadyDone = await next.isInstalled(state);
      const counts = alreadyDone ? { secrets: 0, credentials: 0 } : await this.#reseal(next, keptIn, actor);
      next.keep();
      if (alreadyDone) await this.#parts.onKeyed?.();
      return { ...counts, alreadyDone, keptIn };
    } catch (thrown) {
      next.drop();
      throw thrown;
    }
  }

  async #reseal(next: NextKey, keptIn: RotatedSecretKey['keptIn'], actor: string) {
    const { state, vault } = this.#parts;
    const { unreadable } = await this.check();
    if (unreadable.length > 0) throw unreadableFailure(unreadable, await this.keyState());
    const pace = openPace();
    const reseal = openResealing(vault, next, pace);
    // Most of the work is done before the transaction, which holds up whoever wants to change something.
    const before = await sealedRecords(state);
    const records = [...before.secrets, ...before.credentials];
    for (const [index, record] of records.entries()) {
      for (const token of tokensOf(record)) await reseal(record, token);
      this.#progress = { done: index + 1, total: records.length };
    }
    return state.transact(async (tx) => {
      // What was changed meanwhile is sealed anew here, so that nothing is left with the former key.
      const { secrets, credentials } = await sealedRecords(tx);
      for (const record of secrets) {
        tx.put('configs', { ...record, value: await reseal(record, String(record.value)) });
        await pace();
      }
      for (const record of credentials) {
        tx.put('credentials', {
          ...record,
          value: await reseal(record, record.value),
          ...(record.clientSecret !== undefined && {
            clientSecret: await reseal(record, record.clientSecret),
          }),
        });
        await pace();
      }
      for (const address of this.#parts.sealedMeta ?? []) {
        const record = await tx.get('meta', address.id);
        if (!record || !opens(vault, { ...address, value: record.value })) continue;
        tx.put('meta', { ...record, value: await reseal(address, record.value) });
      }
      next.install(tx);
      const counts = { secrets: secrets.length, credentials: credentials.length };
      tx.audit({
        actor,
        action: 'vault.rotated',
        target: 'vault.keyCheck',
        outcome: 'ok',
        detail: { ...counts, keptIn },
      });
      return counts;
    });
  }
}

export function openRotation(parts: RotationParts): Rotation {
  return new Rotation(parts);
}

type SealedRecord = SecretAddress & { value?: unknown; clientSecret?: string };

/** Every record that holds a token. */
async function sealedRecords(
  reader: StateReader,
): Promise<{ secrets: ConfigRecord[]; credentials: CredentialRecord[] }> {
  const configs = await reader.list('configs');
  return {
    secrets: configs.filter(({ type, value }) => type === 'secret' && value !== undefined),
    credentials: await reader.list('credentials'),
  };
}

function tokensOf({ value, clientSecret }: SealedRecord): string[] {
  return [value, clientSecret].filter((token) => typeof token === 'string');
}

function opens(vault: Vault, record: SealedRecord): boolean {
  try {
    for (const token of tokensOf(record)) vault.read(record, token);
    return true;
  } catch {
    return false;
  }
}

/** Token → the token of the same content with the next key; each is made once. */
function openResealing(vault: Vault, next: NextKey, pace: Pace) {
  const made = new Map<string, string>();
  return async (record: SecretAddress, token: string): Promise<string> => {
    const found = made.get(token);
    if (found !== undefined) return found;
    const content = vault.read(record, token);
    await pace();
    const sealed = next.seal(record, content);
    await pace();
    // What it takes the place of is nowhere else.
    if (!next.holds(record, sealed, content)) throw new Error('A secret that was sealed anew does not open.');
    await pace();
    made.set(token, sealed);
    return sealed;
  };
}

type Pace = () => Promise<void>;

/** So long the event loop is held at most, but for a single large secret (about 20 ms at 64 KiB). */
const turnMs = 10;

/** To be awaited between pieces of work: gives way to others when their turn has come. */
function openPace(): Pace {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < turnMs) return;
    await setImmediate();
    since = performance.now();
  };
}

function nameOf(record: SealedRecord): string {
  const noun = 'service' in record ? 'credential' : 'secret';
  return `${noun} "${record.name}" (${scopeName(record)})`;
}

const namedAtMost = 5;

function unreadableFailure(unreadable: readonly string[], keyState: KeyState): Failure {
  if (keyState === 'wrong') {
    return new Failure(
      'cannot-decrypt',
      'What is stored was sealed with another BIFROST_SECRET_KEY than the present one. Start the daemon with that ' +
        'key, then rotate. Nothing was changed.',
    );
  }
  const more = unreadable.length > namedAtMost ? `, and ${unreadable.length - namedAtMost} more` : '';
  return new Failure(
    'cannot-decrypt',
    `With the present key these do not open: ${unreadable.slice(0, namedAtMost).join(', ')}${more}. ` +
      'Set or remove each, then rotate. Nothing was changed.',
  );
}
