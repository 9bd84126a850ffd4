/** What the secret key opens: the vault, the audit log's seal, and the key's own rotation; it knows no client. */

import { type AuditLog, openAuditLog } from './audit/auditLog.ts';
import { auditKeyAddress, loadSeal, renewSeal } from './audit/sealKey.ts';
import { openKeyedVault, openRotation, type Rotation } from './configs/rotation.ts';
import type { SecretKey } from './configs/secretKey.ts';
import type { Vault } from './configs/vault.ts';
import { auditSeal, newAuditKey } from './keys/auditSeal.ts';
import { sha256 } from './keys/mint.ts';
import type { History } from './store/contracts/history.ts';
import type { State } from './store/contracts/state.ts';

interface SealingParts {
  state: State;
  history: History;
  environment: NodeJS.ProcessEnv;
  /** The data directory, where a key of the daemon's own lies. */
  directory: string;
  clock: () => number;
}

export interface Sealing {
  vault: Vault;
  /** Where the present secret key is from. */
  source: SecretKey['source'];
  rotation: Rotation;
  audit: AuditLog;
  /**
   * Seals the log when nothing seals it yet, and gives what to say once when stored secrets do not open (D6).
   * Apart from opening, for it is the first change of the state, and that is written to this audit log.
   */
  begin(): Promise<string | undefined>;
}

/** With the wrong secret key all of it goes on, except that nothing opens and no secret can be set (D6). */
export async function openSealing(parts: SealingParts): Promise<Sealing> {
  const { state, history, environment, directory, clock } = parts;
  const { vault, source } = await openKeyedVault({ state, environment, directory });
  const sealKey = { state, vault, newKey: newAuditKey, sealBy: auditSeal };
  const seal = await loadSeal(sealKey);
  const audit = await openAuditLog({ history, hash: sha256, clock, ...(seal && { seal }) });
  await audit.reconcile(state.revision);
  const rotation = openRotation({
    state,
    vault,
    source,
    directory,
    sealedMeta: [auditKeyAddress],
    onKeyed: async () => {
      const known = await loadSeal(sealKey);
      await (known ? audit.resumeSeal(known) : renewSeal(sealKey, audit));
    },
  });
  return {
    vault,
    source,
    rotation,
    audit,
    async begin() {
      if ((await rotation.keyState()) === 'wrong') return wrongSecretKey(source);
      if (!seal) await renewSeal(sealKey, audit);
      return undefined;
    },
  };
}

const presentKey: Record<SecretKey['source'], string> = {
  environment: 'BIFROST_SECRET_KEY',
  file: 'BIFROST_SECRET_KEY is not set, and secret.key in the data directory',
};
const wrongSecretKey = (source: SecretKey['source']) =>
  `Stored secrets can be neither read nor changed: ${presentKey[source]} is not the key that they were sealed with. Start the daemon with that key; nothing was changed.`;
