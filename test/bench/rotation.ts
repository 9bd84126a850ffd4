/** Rotating the secret key over very many secrets in a running daemon, beside the bare encryption of as many. */

import { setTimeout } from 'node:timers/promises';
import fernet from 'fernet';
import { withDaemon } from '../../server/cli/connect.ts';
import { openKeyedVault } from '../../server/configs/rotation.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { timed } from './measure.ts';

export interface RotationTimes {
  rotationMs: number;
  /** So long somebody else waited at most for the simplest answer meanwhile. */
  longestWaitMs: number;
  /** Of decoding and encoding as many tokens of the same size with the package alone. */
  bareMs: number;
}

const value = 'sk_test_example_4eC39HqLyjWDarjtT1zdp7dc';

export async function measureRotation(secrets: number): Promise<RotationTimes> {
  const folder = temporaryFolder();
  try {
    await fill(folder.path, secrets);
    const daemon = await startDaemonProcess({ data: folder.path });
    try {
      let isOver = false;
      let longestWaitMs = 0;
      const asking = withDaemon(folder.path, async (call) => {
        while (!isOver) {
          const waitMs = await timed(async () => {
            await call('workflowKeys/secretKey/progress', null);
          });
          longestWaitMs = Math.max(longestWaitMs, waitMs);
          await setTimeout(1);
        }
      });
      const rotationMs = await timed(async () => {
        const rotated = await withDaemon(folder.path, (call) =>
          call('workflowKeys/secretKey/rotate', { generate: true }),
        );
        if (rotated.secrets !== secrets) throw new Error(`${rotated.secrets} secrets were rotated`);
      });
      isOver = true;
      await asking;
      return { rotationMs, longestWaitMs, bareMs: await timed(async () => encryptBarely(secrets)) };
    } finally {
      await daemon.end();
    }
  } finally {
    folder.remove();
  }
}

/** In one transaction, without a daemon. */
async function fill(directory: string, secrets: number): Promise<void> {
  const state = await openLowdbState({ directory, writeAudit: async () => undefined });
  const { vault } = await openKeyedVault({ state, directory, environment: {} });
  await vault.checkKey(state);
  await state.transact(async (tx) => {
    const seal = await vault.sealer(tx);
    for (let index = 0; index < secrets; index += 1) {
      const place = { id: `id-${index}`, name: `name_${index}` };
      const sealed = seal(place, { text: value, isReference: false });
      tx.put('configs', { ...place, type: 'secret', value: sealed, updatedAt: 0, updatedBy: 'cli' });
    }
    tx.audit({ actor: 'cli', action: 'bench.filled', target: 'all', outcome: 'ok' });
  });
  await state.close();
}

function encryptBarely(count: number): void {
  const secret = new fernet.Secret(Buffer.alloc(32, 7).toString('base64url'));
  const text = JSON.stringify({ organization: null, name: 'name_1000', id: 'id-1000', value });
  const token = new fernet.Token({ secret, ttl: 0 }).encode(text);
  for (let index = 0; index < count; index += 1) {
    new fernet.Token({ secret, ttl: 0 }).encode(new fernet.Token({ secret, ttl: 0, token }).decode());
  }
}
