/** Two installations' worth of the rooms that bundles are made of, over real stores. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openBundles } from '../../server/bundles/bundles.ts';
import { readBundle } from '../../server/bundles/reader.ts';
import { openConfigs } from '../../server/configs/configs.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { openConnections } from '../../server/connections/connections.ts';
import { newId } from '../../server/ids.ts';
import { openOverrides } from '../../server/workflows/overrides.ts';
import { WorkflowRegistry } from '../../server/workflows/registry.ts';
import { openStore } from '../configs/store.ts';
import { parser } from '../language/check.ts';

const worker = join(import.meta.dirname, '..', '..', 'server', 'bundles', 'parseWorker.ts');

/** The thread of its own that a daemon parses in. */
export const readInThread = (text: string) => readBundle(text, worker);

export async function openPlace(t: TestContext, read = readInThread) {
  const store = await openStore(t);
  const vault = openVault(deriveKey('a-secret-key-of-a-test-that-is-long-enough'));
  const registry = new WorkflowRegistry({ parser });
  const configs = openConfigs({ ...store, vault, newId });
  const overrides = await openOverrides({ ...store, registry });
  const connections = openConnections({
    ...store,
    vault,
    newId,
    probe: async () => ({ outcome: 'inconclusive', message: 'Nobody is called here.' }),
  });
  const bundles = openBundles({
    ...store,
    configs,
    overrides,
    read,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  });
  return {
    ...store,
    vault,
    registry,
    configs,
    overrides,
    connections,
    bundles,
    async exported() {
      return (await bundles.export('cli')).text;
    },
    /** The plaintext that is stored for a secret. */
    async plaintext(name: string, organizationId?: string) {
      const record = await configs.resolve({ name, ...(organizationId !== undefined && { organizationId }) });
      return record?.value === undefined ? undefined : vault.open(record, String(record.value));
    },
  };
}

export type Place = Awaited<ReturnType<typeof openPlace>>;
