/** Restores a backup into a data directory that no daemon has open: checked in full first, then all or nothing. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditLog, openAuditLog } from './audit/auditLog.ts';
import { loadSeal } from './audit/sealKey.ts';
import { hasSecretKey, loadSecretKey, secretKeyFile, stagedKeyFile } from './configs/secretKey.ts';
import { hasSecrets, openVault, type Vault } from './configs/vault.ts';
import { syncFile } from './durability.ts';
import { Failure } from './errors.ts';
import { auditSeal } from './keys/auditSeal.ts';
import { putAudited } from './keys/keyRecords.ts';
import { sha256 } from './keys/mint.ts';
import { type BackupFile, type BackupHead, openBackupFile } from './store/backupFile.ts';
import type { CopyProgress, History } from './store/contracts/history.ts';
import type { ApiKeyRecord } from './store/contracts/records.ts';
import type { State } from './store/contracts/state.ts';
import type { Millis } from './store/contracts/time.ts';
import { lockDataDirectory } from './store/lock.ts';
import { openLowdbState } from './store/lowdbState.ts';
import {
  commitStaging,
  dropStaging,
  finishReplacement,
  holdsFiles,
  openStaging,
} from './store/replacement.ts';
import { openSqliteHistory } from './store/sqliteHistory.ts';
import { readDocument } from './store/stateDocument.ts';

export interface RestoreOptions {
  /** Absolute paths of the backup and of the data directory. */
  file: string;
  directory: string;
  environment: Record<string, string | undefined>;
  clock: () => Millis;
  /** Restores although the secret key does not fit, or the audit chain is broken. */
  force: boolean;
  /** Asked when there is something to be replaced; everything else is checked by then. */
  confirm: (head: BackupHead) => Promise<boolean>;
  onProgress: (progress: CopyProgress) => void;
}

export interface Restored extends BackupHead {
  keys: number;
  configs: number;
  auditRecords: number;
  /** Keys that were revoked, or had ended, after the backup was made, and stay so (W30). */
  keptEnded: number;
  /** Whether there was a readable state to tell them by. */
  knewEnded: boolean;
  /** Runs that had not ended, and are not begun again. */
  interruptedRuns: number;
  /** Where what was there before is kept. */
  formerData?: string;
  secrets: 'ok' | 'none' | 'locked';
}

/**
 * Checks the backup, its audit chain and the secret key, then replaces state and history as a whole.
 *
 * Invariant: whenever the process ends, the data directory holds all of the old or all of the new.
 * A key that was revoked here after the backup was made is not valid again (W30), and no run of the past runs again.
 *
 * @throws Failure `data-locked` while a daemon runs; `bad-input`, `data-damaged` and `data-too-new` for the file;
 * `cannot-decrypt` and `data-damaged` for what only `force` accepts; nothing was changed then.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, directory, clock } = options;
  const backup = openBackupFile(file);
  try {
    const lock = lockDataDirectory(directory);
    try {
      await finishReplacement(directory, clock());
      const staged = openStaging(directory);
      const prepared = await prepare(backup, staged, options);
      if (holdsFiles(directory) && !(await options.confirm(backup.head))) {
        throw new Failure('bad-input', 'Nothing was restored.');
      }
      const formerData = await commitStaging(directory, clock(), [secretKeyFile, stagedKeyFile]);
      return { ...backup.head, ...prepared, ...(formerData !== undefined && { formerData }) };
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      throw new Failure(
        'storage-failed',
        `The backup could not be restored into ${directory}, which holds all of the former data or all of the new. Check its rights and the free space, then try again.`,
        { cause },
      );
    } finally {
      dropStaging(directory);
      lock.release();
    }
  } finally {
    backup.close();
  }
}

/** Makes the new store in the staging folder, opens it as the daemon will, and settles what the past has left open. */
async function prepare(
  backup: BackupFile,
  staged: string,
  { directory, environment, clock, force, onProgress }: RestoreOptions,
) {
  await backup.copyHistoryTo(join(staged, 'history.db'), onProgress);
  writeFileSync(join(staged, 'state.json'), backup.bytes, { flag: 'wx', mode: 0o600 });
  const history = await openSqliteHistory({ directory: staged });
  try {
    const state = await openLowdbState({
      directory: staged,
      writeAudit: async (entries) => {
        await audit.append(entries);
      },
    });
    const { secrets, vault } = await checkSecretKey(state, { directory, environment, force });
    const seal = vault && (await loadSeal({ state, vault, sealBy: auditSeal }));
    const audit = await openAuditLog({ history, hash: sha256, clock, ...(seal && { seal }) });
    try {
      await checkChain(audit, force);
      await audit.reconcile(state.revision);
      const present = readPresentKeys(directory);
      const keptEnded = present ? await keepEnded(state, present) : 0;
      const interruptedRuns = await interruptRuns(history, clock());
      const counts = {
        keys: (await state.list('keys')).filter(({ revokedAt }) => revokedAt === undefined).length,
        configs: (await state.list('configs')).length,
        keptEnded,
        interruptedRuns,
      };
      const [record] = await audit.append([
        {
          entry: {
            actor: 'cli',
            action: 'backup.restored',
            target: 'data-directory',
            outcome: 'ok',
            detail: { madeAt: new Date(backup.head.madeAt).toISOString(), ...counts, secrets, force },
          },
        },
      ]);
      return { ...counts, auditRecords: record?.seq ?? 0, knewEnded: present !== undefined, secrets };
    } finally {
      await state.close();
    }
  } finally {
    await history.close();
    for (const name of ['history.db', 'state.json']) {
      const path = join(staged, name);
      if (existsSync(path)) syncFile(path);
    }
  }
}

async function checkChain(audit: AuditLog, force: boolean): Promise<void> {
  const { firstBad } = await audit.verify();
  if (!firstBad || force) return;
  throw new Failure(
    'data-damaged',
    `The audit log in the backup was changed: record ${firstBad.seq}: ${firstBad.reason}. Use another backup, or restore it all the same with --force; nothing was changed.`,
  );
}

/** Whether the secrets of the backup open with the key that the daemon will have here, and the vault if they do. */
async function checkSecretKey(
  state: State,
  { directory, environment, force }: Pick<RestoreOptions, 'directory' | 'environment' | 'force'>,
): Promise<{ secrets: Restored['secrets']; vault?: Vault }> {
  const isThere = hasSecretKey({ directory, environment });
  if (isThere) {
    const { key, staged } = await loadSecretKey({ environment, directory });
    const vault = openVault(key);
    if (staged) vault.addKey(staged);
    if (await vault.fits(state)) return { secrets: 'ok', vault };
  }
  if (!(await hasSecrets(state))) return { secrets: 'none' };
  if (force) return { secrets: 'locked' };
  const why = isThere
    ? 'The secrets in the backup were stored with another secret key than the one here.'
    : 'The backup has secrets, and there is no secret key here to open them.';
  // Putting one file in the place of the other would be the end of what the other opens.
  const first = existsSync(join(directory, secretKeyFile))
    ? ', once you have a copy of the one that is there now, which opens the present data'
    : '';
  throw new Failure(
    'cannot-decrypt',
    `${why} Set BIFROST_SECRET_KEY to the key of then, or put the former secret.key (0600) into ${directory}${first}; --force restores without it, and the secrets open once the key is there. Nothing was changed.`,
  );
}

/** The keys that are here before the restore; undefined where nothing is, or where it cannot be read. */
function readPresentKeys(directory: string): Map<string, ApiKeyRecord> | undefined {
  const path = join(directory, 'state.json');
  if (!existsSync(path)) return undefined;
  try {
    const { collections } = readDocument(readFileSync(path, 'utf8'), path);
    return new Map(collections.keys.map((record) => [record.id, record]));
  } catch {
    // A damaged state is a good reason to restore one; the caller says what is not known.
    return undefined;
  }
}

/** W30: what was revoked stays revoked, and what was rotated ends when it was to end. */
async function keepEnded(state: State, present: ReadonlyMap<string, ApiKeyRecord>): Promise<number> {
  return state.transact(async (tx) => {
    let kept = 0;
    for (const record of await tx.list('keys')) {
      const { revokedAt, endsAt } = present.get(record.id) ?? {};
      const how = { actor: 'cli', detail: { reason: 'before-restore' } };
      if (revokedAt !== undefined && record.revokedAt === undefined) {
        const { hash: _, ...rest } = record;
        putAudited(tx, { ...rest, revokedAt }, { ...how, action: 'key.revoked' });
        kept += 1;
      } else if (endsAt !== undefined && endsAt < (record.endsAt ?? Number.POSITIVE_INFINITY)) {
        putAudited(tx, { ...record, endsAt }, { ...how, action: 'key.ended' });
        kept += 1;
      }
    }
    return kept;
  });
}

/** The daemon begins accepted runs again after a crash; those of a backup have had their time. */
async function interruptRuns(history: History, now: Millis): Promise<number> {
  const runs = await history.unfinishedRuns();
  const message = 'It had not ended when the backup was made; start it again if it is needed.';
  for (const run of runs) {
    await history.putRun({
      ...run,
      status: 'Interrupted',
      finishedAt: now,
      error: { type: 'Interrupted', message },
    });
  }
  return runs.length;
}
