/** The key that encrypts secrets, from the environment or a file of the daemon's own; it encrypts nothing. */

import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../durability.ts';
import { Failure } from '../errors.ts';

export interface SecretKey {
  /** 32 bytes: a Fernet key. */
  key: Buffer;
  source: 'environment' | 'file';
  /** A key that a rotation had made for the file when it was interrupted: perhaps the right one by now. */
  staged?: Buffer;
}

/** Where the daemon keeps the key that it made itself, in its data directory. */
export const secretKeyFile = 'secret.key';
/** Where the next key waits until the state is sealed with it. */
export const stagedKeyFile = 'secret.key.next';
const secretKeyVariable = 'BIFROST_SECRET_KEY';

/**
 * The key of D7 (S17): derived from `BIFROST_SECRET_KEY`, else from random text that is made once and kept in a
 * 0600 file of the data directory. The caller holds the directory's lock.
 * The text of that file, put into the variable, gives the same key.
 *
 * @throws Failure `bad-input` for a variable that is too short, `data-damaged` for a file that is not as it was
 * written, `storage-failed` for one that others may read or that cannot be read or made.
 */
export async function loadSecretKey({
  environment,
  directory,
}: {
  environment: Record<string, string | undefined>;
  directory: string;
}): Promise<SecretKey> {
  const given = environment[secretKeyVariable];
  if (given !== undefined) {
    // A variable that is set but empty is a mistake to be told of, not a wish for a random key.
    if ([...given].length < shortestText) {
      throw new Failure(
        'bad-input',
        `${secretKeyVariable} is shorter than ${shortestText} characters; set a longer one, or unset it.`,
      );
    }
    return { key: deriveKey(given), source: 'environment' };
  }
  const key = deriveKey(await readOrMakeText(join(directory, secretKeyFile)));
  const staged = await readKey(join(directory, stagedKeyFile));
  return { key, source: 'file', ...(staged && { staged }) };
}

/** Whether `loadSecretKey` would find a key, and not make one. */
export function hasSecretKey({
  environment,
  directory,
}: {
  environment: Record<string, string | undefined>;
  directory: string;
}): boolean {
  return environment[secretKeyVariable] !== undefined || existsSync(join(directory, secretKeyFile));
}

/**
 * A new random key, on the disk before it is used; it is the key of the file once `promoteStagedKey` says so.
 * One that is staged already is given again: the state may be sealed with it although nobody was told.
 *
 * @throws Failure `storage-failed`, `data-damaged`.
 */
export async function stageKey(directory: string): Promise<Buffer> {
  return deriveKey(await readOrMakeText(join(directory, stagedKeyFile)));
}

/** The staged key takes the place of the file's, whole and durable. @throws Failure `storage-failed`; it stays staged. */
export async function promoteStagedKey(directory: string): Promise<void> {
  const path = join(directory, stagedKeyFile);
  await reporting(path, async () => {
    await rename(path, join(directory, secretKeyFile));
    await syncFolder(directory);
    await removeDrafts(directory);
  });
}

/** Only for when the state is surely sealed with the file's own key. */
export async function dropStagedKey(directory: string): Promise<void> {
  await rm(join(directory, stagedKeyFile), { force: true });
  await removeDrafts(directory);
}

/** A text that somebody has chosen for `BIFROST_SECRET_KEY`. @throws Failure `bad-input` that does not hold it. */
export function deriveChosenKey(text: string): Buffer {
  if ([...text].length < shortestText) {
    throw new Failure('bad-input', `The new secret key is shorter than ${shortestText} characters.`);
  }
  // An environment variable cannot hold some of them, and the others are lost on the way into one.
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw new Failure('bad-input', 'The new secret key must be one line of text without control characters.');
  }
  return deriveKey(text);
}

/** HKDF-SHA256 with the parameters of D7, so that Python's `cryptography` gets the same key from the same text. */
export function deriveKey(text: string): Buffer {
  return Buffer.from(hkdfSync('sha256', text, 'bifrost_secrets_v1', 'bifrost-secrets-encryption', 32));
}

const shortestText = 32;
const keyBytes = 32;
const textPattern = /^[A-Za-z0-9_-]{43}$/;

async function readOrMakeText(path: string): Promise<string> {
  return reporting(path, async () => (await readText(path)) ?? (await makeText(path)));
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const text = await reporting(path, () => readText(path));
  return text === undefined ? undefined : deriveKey(text);
}

async function reporting<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure(
      'storage-failed',
      `The secret key in ${path} cannot be read or made; check the folder's rights and free space.`,
      { cause: thrown },
    );
  }
}

async function readText(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(undefinedIf('ENOENT'));
  if (!file) return undefined;
  try {
    const { mode } = await file.stat();
    // Windows has no such mode; there the folder's own rights protect the file.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Failure(
        'storage-failed',
        `Others may read the secret key in ${path} (mode ${(mode & 0o777).toString(8)}); make it 600.`,
      );
    }
    const text = (await file.readFile('utf8')).trimEnd();
    if (!textPattern.test(text)) {
      throw new Failure(
        'data-damaged',
        `The secret key in ${path} is damaged; put back a copy, for without it no stored secret can be read.`,
      );
    }
    return text;
  } finally {
    await file.close();
  }
}

/** Invariant: under its name the file is either absent or whole, on disk, and readable by its owner only. */
async function makeText(path: string): Promise<string> {
  const text = randomBytes(keyBytes).toString('base64url');
  const draft = draftOf(path);
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  // Unlike a rename, a link never replaces a key that is there already.
  await link(draft, path);
  await rm(draft);
  await syncFolder(dirname(path));
  return text;
}

const draftOf = (path: string) => `${path}.new`;

/** What a crash has left of a key that was about to be made. */
async function removeDrafts(directory: string): Promise<void> {
  for (const name of [secretKeyFile, stagedKeyFile])
    await rm(draftOf(join(directory, name)), { force: true });
}

function undefinedIf(code: string): (thrown: NodeJS.ErrnoException) => undefined {
  return (thrown) => {
    if (thrown.code !== code) throw thrown;
    return undefined;
  };
}
