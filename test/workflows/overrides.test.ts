/** Endpoint settings over the real store: they stand above the decorator, survive a start, and can be taken back. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openOverrides } from '../../server/workflows/overrides.ts';
import { WorkflowRegistry } from '../../server/workflows/registry.ts';
import { openStore } from '../configs/store.ts';
import { parser } from '../language/check.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const source = `
from bifrost import workflow

@workflow(name="pay", endpoint_enabled=True, allowed_methods=["PUT"])
def pay(): ...
`;

test('what is set stands above the decorator, also after the next start, and null takes it back', async (t) => {
  using folder = temporaryFolder();
  await writeFile(join(folder.path, 'flows.py'), source);
  const { state, clock, audited } = await openStore(t);
  const start = async () => {
    const registry = new WorkflowRegistry({ parser });
    const overrides = await openOverrides({ state, registry, clock });
    await registry.addFolder(folder.path);
    return { registry, overrides };
  };

  const first = await start();
  await first.overrides.set('pay', { endpointEnabled: false, timeoutSeconds: 5 }, 'key:test');
  assert.equal(first.registry.get('pay')?.endpointEnabled, false);
  assert.deepEqual(audited.at(-1), {
    actor: 'key:test',
    action: 'workflow.configured',
    target: 'pay',
    outcome: 'ok',
    detail: { endpointEnabled: 'false', timeoutSeconds: '5' },
  });

  const second = await start();
  assert.equal(second.registry.get('pay')?.endpointEnabled, false);
  assert.equal(second.registry.get('pay')?.timeoutSeconds, 5);
  assert.deepEqual(second.registry.get('pay')?.allowedMethods, ['PUT']);
  await second.overrides.set('pay', { endpointEnabled: null }, 'key:test');
  assert.equal(second.registry.get('pay')?.endpointEnabled, true);
  assert.equal(second.registry.get('pay')?.timeoutSeconds, 5);
});

test('without its audit record nothing is overridden (D34)', async (t) => {
  using folder = temporaryFolder();
  await writeFile(join(folder.path, 'flows.py'), source);
  const { state, clock, breakAudit } = await openStore(t);
  const registry = new WorkflowRegistry({ parser });
  const overrides = await openOverrides({ state, registry, clock });
  await registry.addFolder(folder.path);
  breakAudit();
  await assert.rejects(overrides.set('pay', { endpointEnabled: false }, 'key:test'));
  assert.equal(registry.get('pay')?.endpointEnabled, true);
});
