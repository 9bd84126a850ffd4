/** The key that seals the audit log, kept in the state and itself sealed with the secret key; it hashes nothing. */

import type { Vault } from '../configs/vault.ts';
import { Failure } from '../errors.ts';
import type { State, StateReader } from '../store/contracts/state.ts';
import type { AuditLog } from './auditLog.ts';
import { keyedAction, type Seal } from './chain.ts';

/** The row of the state's `meta` that holds it. */
export const auditKeyAddress = { id: 'audit.key', name: 'audit.key' };

export interface SealKeyParts {
  state: State;
  vault: Pick<Vault, 'sealer' | 'open'>;
  newKey: () => string;
  sealBy: (key: string) => Seal;
}

/** Undefined when there is no key yet, or the present secret key does not open it. */
export async function loadSeal({
  state,
  vault,
  sealBy,
}: {
  state: StateReader;
  vault: Pick<Vault, 'open'>;
  sealBy: SealKeyParts['sealBy'];
}): Promise<Seal | undefined> {
  const stored = await state.get('meta', auditKeyAddress.id);
  if (!stored) return undefined;
  try {
    return sealBy(vault.open(auditKeyAddress, stored.value));
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'cannot-decrypt') return undefined;
    throw thrown;
  }
}

/**
 * Seals the log with a new key from here on, since there was none, or nobody can open it any more.
 * The record of it says since when the log is sealed.
 */
export async function renewSeal(
  { state, vault, newKey, sealBy }: SealKeyParts,
  audit: AuditLog,
): Promise<void> {
  const key = newKey();
  // Before the key is stored: a log that has a key, but no seal, counts as broken.
  audit.sealWith(sealBy(key));
  await state.transact(async (tx) => {
    const sealIn = await vault.sealer(tx);
    const value = sealIn(auditKeyAddress, { text: key, isReference: false });
    tx.put('meta', { id: auditKeyAddress.id, value });
    tx.audit({ actor: 'daemon', action: keyedAction, target: 'audit-log', outcome: 'ok' });
  });
}
