/** The seal of the log's end: made once, kept in the state under the secret key, and never renewed in silence. */

import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openAuditLog } from '../../server/audit/auditLog.ts';
import { auditKeyAddress, loadSeal, renewSeal } from '../../server/audit/sealKey.ts';
import { openRotation } from '../../server/configs/rotation.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { auditSeal, newAuditKey } from '../../server/keys/auditSeal.ts';
import type { CredentialRecord } from '../../server/store/contracts/records.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { sha256 } from '../store/engines.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const secretKey = 'test-secret-key-of-32-characters-1';
const otherSecretKey = 'test-secret-key-of-32-characters-2';

async function makeFolder(t: TestContext): Promise<string> {
  const folder = temporaryFolder();
  t.after(folder.remove);
  return folder.path;
}

/** Opens state and log as the daemon does, makes one change, verifies, and closes both. */
async function useLog(directory: string, secret = secretKey, nextSecret?: string) {
  const history = await openSqliteHistory({ directory });
  const state = await openLowdbState({
    directory,
    writeAudit: async (entries) => {
      await audit.append(entries);
    },
  });
  const vault = openVault(deriveKey(secret));
  const parts = { state, vault, newKey: newAuditKey, sealBy: auditSeal };
  const seal = await loadSeal(parts);
  const audit = await openAuditLog({ history, hash: sha256, clock: Date.now, ...(seal && { seal }) });
  try {
    await audit.reconcile(state.revision);
    if ((await vault.checkKey(state)) === 'ok' && !seal) await renewSeal(parts, audit);
    await state.transact(async (tx) => {
      // A secret that is stored keeps another key from taking over.
      if (await vault.fits(tx)) {
        const sealIn = await vault.sealer(tx);
        tx.put('credentials', {
          ...credential,
          value: sealIn(credential, { text: 'test-value', isReference: false }),
        });
      } else {
        tx.put('organizations', { id: 'acme', name: 'Acme', createdAt: 1 });
      }
      tx.audit({ actor: 'cli', action: 'credential.written', target: 'stripe', outcome: 'ok' });
    });
    if (nextSecret !== undefined) {
      const rotation = openRotation({
        state,
        vault,
        source: 'environment',
        directory,
        sealedMeta: [auditKeyAddress],
        onKeyed: async () => {
          const known = await loadSeal(parts);
          if (known) await audit.resumeSeal(known);
        },
      });
      await rotation.rotate({ kind: 'chosen', text: nextSecret }, 'cli');
    }
    return await audit.verify();
  } finally {
    await state.close();
    await history.close();
  }
}

const credential: CredentialRecord = {
  id: 'c1',
  name: 'stripe',
  service: 'generic',
  auth: 'bearer',
  value: 'sealed',
  hosts: [],
  createdAt: 1,
  updatedAt: 1,
  updatedBy: 'cli',
};

test('a new log is sealed from its beginning, and stays so over starts', async (t) => {
  const directory = await makeFolder(t);
  const first = await useLog(directory);
  assert.deepEqual(first, { records: 4, firstBad: null, sealedFrom: 3 });
  assert.deepEqual(await useLog(directory), { records: 5, firstBad: null, sealedFrom: 3 });
});

test('a rotation of the secret key takes the seal along', async (t) => {
  const directory = await makeFolder(t);
  assert.equal((await useLog(directory, secretKey, otherSecretKey)).firstBad, null);
  assert.deepEqual(await useLog(directory, otherSecretKey), { records: 6, firstBad: null, sealedFrom: 3 });
});

test('what was written under another secret key is told from then on, and damages nothing', async (t) => {
  const directory = await makeFolder(t);
  await useLog(directory);
  assert.deepEqual(await useLog(directory, otherSecretKey), { records: 5, firstBad: null, sealedFrom: null });
  assert.deepEqual(await useLog(directory, otherSecretKey), { records: 6, firstBad: null, sealedFrom: null });
  const unsealed = [{ from: 5, to: 6 }];
  assert.deepEqual(await useLog(directory), { records: 8, firstBad: null, sealedFrom: 3, unsealed });
  assert.deepEqual(await useLog(directory), { records: 9, firstBad: null, sealedFrom: 3, unsealed });
});

test('a daemon that is given the right key later on seals from then on', async (t) => {
  const directory = await makeFolder(t);
  await useLog(directory);
  const unsealed = [{ from: 5, to: 5 }];
  const keyed = await useLog(directory, otherSecretKey, secretKey);
  assert.deepEqual(keyed, { records: 6, firstBad: null, sealedFrom: 3, unsealed });
  assert.deepEqual(await useLog(directory), { records: 7, firstBad: null, sealedFrom: 3, unsealed });
});

test('lines that were put behind the seal of an end that it was not made for are damage', async (t) => {
  const forge: Record<string, (head: { seal: string }) => string | null> = {
    'without a seal': () => null,
    'with the seal of a later end': ({ seal }) => `over 3 ${seal}`,
    'behind an end that never was': ({ seal }) => `over 9 ${seal}`,
  };
  for (const [how, sealOfForger] of Object.entries(forge)) {
    const directory = await makeFolder(t);
    await useLog(directory);
    const database = new DatabaseSync(join(directory, 'history.db'));
    const head = database.prepare('SELECT seal FROM audit_head').get();
    database.prepare('UPDATE audit_head SET seal = ?').run(sealOfForger({ seal: String(head?.seal) }));
    database.close();
    const { firstBad } = await useLog(directory);
    assert.equal(firstBad?.seq, 5, how);
    assert.match(firstBad.reason, /the seal of its end did not fit/, how);
  }
});

test('a log that was put back to an older one is told by the state', async (t) => {
  const directory = await makeFolder(t);
  const path = join(directory, 'history.db');
  await useLog(directory);
  await copyFile(path, `${path}.copy`);
  await useLog(directory);
  await copyFile(`${path}.copy`, path);
  const { firstBad } = await useLog(directory);
  assert.equal(firstBad?.seq, 5);
  assert.match(firstBad.reason, /older than the state/);
});

test('a log that was taken away is told by its first record', async (t) => {
  const directory = await makeFolder(t);
  await useLog(directory);
  await copyFile(join(await emptyHistory(t), 'history.db'), join(directory, 'history.db'));
  const { firstBad } = await useLog(directory);
  assert.equal(firstBad?.seq, 1);
  assert.match(firstBad.reason, /the log was gone/);
});

test('a log that has lost its key says since when it has another one', async (t) => {
  const directory = await makeFolder(t);
  await useLog(directory);
  const path = join(directory, 'state.json');
  const document = JSON.parse(await readFile(path, 'utf8'));
  document.collections.meta = document.collections.meta.filter(
    ({ id }: { id: string }) => id !== 'audit.key',
  );
  await writeFile(path, JSON.stringify(document));
  assert.deepEqual(await useLog(directory), { records: 6, firstBad: null, sealedFrom: 5 });
});

async function emptyHistory(t: TestContext): Promise<string> {
  const directory = await makeFolder(t);
  await (await openSqliteHistory({ directory })).close();
  return directory;
}
