/** What a run reads and writes of the configuration, and what of it is audited. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openConfigAccess } from '../../server/configs/access.ts';
import { type Configs, openConfigs } from '../../server/configs/configs.ts';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { newId } from '../../server/ids.ts';
import type { ConfigServices, RunScope } from '../../server/runs/contracts.ts';
import { openStore, references, type TestStore } from './store.ts';

const vault = openVault(deriveKey('a-secret-key-of-a-test-that-is-long-enough'));
const createdAt = Date.UTC(2026, 10, 21);
const acmeRun: RunScope = {
  runId: 'run-1',
  workflowId: 'charge_card',
  organization: { id: 'acme', createdAt },
};
const globexRun: RunScope = {
  runId: 'run-2',
  workflowId: 'charge_card',
  organization: { id: 'globex', createdAt },
};
const globalRun: RunScope = { runId: 'run-3', workflowId: 'charge_card' };

async function openRoom(t: TestContext): Promise<TestStore & { configs: Configs; services: ConfigServices }> {
  const store = await openStore(t);
  store.time.now = createdAt;
  const configs = openConfigs({ ...store, vault, newId });
  await vault.checkKey(store.state);
  for (const id of ['acme', 'globex']) await configs.addOrganization({ id }, 'cli');
  store.audited.length = 0;
  return { ...store, configs, services: openConfigAccess({ ...store, configs, vault, references }) };
}

/** The row as it is stored, with secrets opened. */
async function stored(configs: Configs, name: string, organizationId?: string): Promise<unknown> {
  const record = await configs.resolve({ name, ...(organizationId !== undefined && { organizationId }) });
  return record?.type === 'secret' ? `secret:${vault.open(record, String(record.value))}` : record?.value;
}

test("a run gets its own organization's value, else the global one (S6, S11, C9, C17)", async (t) => {
  const { configs, services } = await openRoom(t);
  await configs.set({ name: 'key', type: 'secret', value: 'sk_test_global' }, 'cli');
  await configs.set({ name: 'key', type: 'secret', value: 'sk_test_aaa', organizationId: 'acme' }, 'cli');
  const value = async (run: RunScope, scope?: string | null) => {
    const answer = await services.getConfig(run, { name: 'key', ...(scope !== undefined && { scope }) });
    return answer.found && answer.secret ? answer.value : answer;
  };
  assert.equal(await value(acmeRun), 'sk_test_aaa');
  assert.equal(await value(globexRun), 'sk_test_global');
  assert.equal(await value(globalRun), 'sk_test_global');
  assert.equal(await value(acmeRun, 'acme'), 'sk_test_aaa');
  assert.equal(await value(acmeRun, null), 'sk_test_global');
  assert.equal(await value(acmeRun, 'global'), 'sk_test_global');
});

test('each type comes back as it was stored, told apart from secrets', async (t) => {
  const { configs, services, audited } = await openRoom(t);
  const values = { text: 'x', count: 3, on: true, nothing: null, rate: 1.5, list: [1], dict: { a: 'b' } };
  for (const [name, value] of Object.entries(values)) await services.setConfig(acmeRun, { name, value });
  audited.length = 0;
  for (const [name, value] of Object.entries(values)) {
    const answer = await services.getConfig(acmeRun, { name });
    assert.deepEqual(answer, { found: true, value, secret: false });
  }
  const types = (await configs.list({ organizationId: 'acme' })).map(({ name, type }) => [name, type]);
  assert.deepEqual(Object.fromEntries(types), {
    text: 'string',
    count: 'int',
    on: 'bool',
    nothing: 'json',
    rate: 'json',
    list: 'json',
    dict: 'json',
  });
  assert.deepEqual(audited, []);
});

test('each read of a secret is audited with run, organization and outcome, never the value (S18, D33)', async (t) => {
  const { configs, services, audited } = await openRoom(t);
  await configs.set({ name: 'own', type: 'secret', value: 'canary-own', organizationId: 'acme' }, 'cli');
  await configs.set({ name: 'shared', type: 'secret', value: 'canary-shared' }, 'cli');
  audited.length = 0;
  await services.getConfig(acmeRun, { name: 'own' });
  await services.getConfig(acmeRun, { name: 'shared' });
  const common = {
    actor: 'run:run-1',
    runId: 'run-1',
    organizationId: 'acme',
    action: 'secret.read',
    outcome: 'ok',
  };
  assert.deepEqual(audited, [
    { ...common, target: 'own', detail: { workflowId: 'charge_card', scope: 'organization' } },
    { ...common, target: 'shared', detail: { workflowId: 'charge_card', scope: 'global' } },
  ]);
});

test('a secret whose read cannot be audited is not given (D33, D34)', async (t) => {
  const { configs, services, breakAudit } = await openRoom(t);
  await configs.set({ name: 'own', type: 'secret', value: 'canary', organizationId: 'acme' }, 'cli');
  await configs.set({ name: 'plain', type: 'int', value: 1 }, 'cli');
  breakAudit();
  await assert.rejects(services.getConfig(acmeRun, { name: 'own' }), /audit log/);
  assert.deepEqual(await services.getConfig(acmeRun, { name: 'plain' }), {
    found: true,
    value: 1,
    secret: false,
  });
});

test('a secret that does not decrypt raises its own error and is audited as failed (D6, S22, C28)', async (t) => {
  const { configs, services, audited, appendAudit, state } = await openRoom(t);
  await configs.set({ name: 'own', type: 'secret', value: 'canary', organizationId: 'acme' }, 'cli');
  audited.length = 0;
  const otherVault = openVault(deriveKey('another-secret-key-of-this-test-file'));
  const broken = openConfigAccess({ state, configs, vault: otherVault, references, appendAudit });
  await assert.rejects(broken.getConfig(acmeRun, { name: 'own' }), {
    code: 'cannot-decrypt',
    message: /"own" \(organization "acme"\).*BIFROST_SECRET_KEY/,
  });
  assert.deepEqual(
    audited.map(({ action, outcome }) => [action, outcome]),
    [['secret.read', 'failed']],
  );
  assert.equal((await services.getConfig(acmeRun, { name: 'own' })).found, true);
});

test('a missing config is told by name and scope, with where to add it (S21, C27)', async (t) => {
  const { services } = await openRoom(t);
  const message = async (run: RunScope, name: string, scope?: null) => {
    const answer = await services.getConfig(run, { name, ...(scope === null && { scope }) });
    return answer.found ? undefined : answer.message;
  };
  assert.equal(
    await message(acmeRun, 'api_key'),
    'Config "api_key" does not exist for organization "acme", nor in the global scope. ' +
      'Add it under Configuration in Workflow Keys, or with: workflow-keys config set api_key --org acme',
  );
  const globally =
    'Config "api_key" does not exist in the global scope. ' +
    'Add it under Configuration in Workflow Keys, or with: workflow-keys config set api_key';
  assert.equal(await message(globalRun, 'api_key'), globally);
  assert.equal(await message(acmeRun, 'api_key', null), globally);
  assert.equal(await message(acmeRun, 'no name'), 'This is no valid config name.');
});

test("another organization's config is missing, not shown (S20)", async (t) => {
  const { configs, services } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'canary', organizationId: 'globex' }, 'cli');
  const answer = await services.getConfig(acmeRun, { name: 'api_key' });
  assert.equal(answer.found, false);
  assert.doesNotMatch(JSON.stringify(answer), /globex|canary/);
});

test('a row that needs a value says so, and does not fall back to the global one (D37)', async (t) => {
  const { configs, services, state } = await openRoom(t);
  await configs.set({ name: 'later', type: 'secret', value: 'sk_test_global' }, 'cli');
  await state.transact(async (tx) => {
    const row = { id: 'imported', name: 'later', organizationId: 'acme', type: 'secret' as const };
    tx.put('configs', { ...row, updatedAt: 0, updatedBy: 'cli' });
    tx.audit({ actor: 'cli', action: 'config.imported', target: 'later', outcome: 'ok' });
  });
  const answer = await services.getConfig(acmeRun, { name: 'later' });
  assert.ok(!answer.found);
  assert.match(answer.message, /"later" \(organization "acme"\) was imported without its value.*--org acme/);
  assert.deepEqual(await services.listConfigs(acmeRun), { later: null });
});

test("another organization's scope is refused and audited, known or not, for every use (D5)", async (t) => {
  const { configs, services, audited, state } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'canary', organizationId: 'globex' }, 'cli');
  audited.length = 0;
  const { revision } = state;
  const messages = new Set<string>();
  for (const run of [acmeRun, globalRun]) {
    for (const scope of ['globex', 'nobody', '']) {
      const address = { name: 'api_key', scope };
      const uses = [
        () => services.getConfig(run, address),
        () => services.setConfig(run, { ...address, value: 'x' }),
        () => services.deleteConfig(run, address),
        () => services.listConfigs(run, scope),
      ];
      for (const use of uses) {
        await assert.rejects(use(), (thrown: Error & { code?: string }) => {
          messages.add(`${thrown.code} ${thrown.message}`);
          return true;
        });
      }
    }
  }
  assert.equal(messages.size, 1);
  assert.match([...messages][0] ?? '', /^forbidden A run may only use the configs of its own organization/);
  assert.equal(state.revision, revision);
  assert.equal(audited.length, 24);
  for (const { outcome, detail } of audited) {
    assert.equal(outcome, 'refused');
    assert.deepEqual(detail, { workflowId: 'charge_card', reason: 'other-organization' });
  }
});

test('a run whose organization is removed does not go on with the global values', async (t) => {
  const { configs, services, audited } = await openRoom(t);
  await configs.set({ name: 'key', type: 'secret', value: 'sk_test_global' }, 'cli');
  await configs.set({ name: 'key', type: 'secret', value: 'sk_test_own', organizationId: 'acme' }, 'cli');
  assert.ok((await services.getConfig(acmeRun, { name: 'key' })).found);
  await configs.removeOrganization({ id: 'acme' }, 'cli');
  audited.length = 0;
  const uses = [
    () => services.getConfig(acmeRun, { name: 'key' }),
    () => services.getConfig(acmeRun, { name: 'key', scope: 'global' }),
    () => services.listConfigs(acmeRun),
    () => services.setConfig(acmeRun, { name: 'key', value: 'x' }),
    () => services.deleteConfig(acmeRun, { name: 'key' }),
  ];
  for (const use of uses) {
    await assert.rejects(use(), { code: 'forbidden', message: /^Organization "acme" was removed while/ });
  }
  assert.deepEqual(
    audited.map(({ outcome, detail }) => [outcome, detail?.reason]),
    uses.map(() => ['refused', 'organization-removed']),
  );
  assert.ok((await services.getConfig(globexRun, { name: 'key' })).found);
});

test('a run whose organization is removed reads nothing of another one that is added under its id', async (t) => {
  const { configs, services, time } = await openRoom(t);
  await configs.removeOrganization({ id: 'acme' }, 'cli');
  time.now += 60_000;
  await configs.addOrganization({ id: 'acme' }, 'cli');
  await configs.set({ name: 'key', type: 'secret', value: 'sk_test_other', organizationId: 'acme' }, 'cli');
  for (const use of [
    () => services.getConfig(acmeRun, { name: 'key' }),
    () => services.listConfigs(acmeRun),
    () => services.setConfig(acmeRun, { name: 'key', value: 'x' }),
  ]) {
    await assert.rejects(use(), { code: 'forbidden', message: /^Organization "acme" was removed while/ });
  }
  const organization = { id: 'acme', createdAt: time.now };
  assert.ok((await services.getConfig({ ...acmeRun, organization }, { name: 'key' })).found);
});

test('a run writes to its own organization, and only a global run to the global scope', async (t) => {
  const { configs, services, audited } = await openRoom(t);
  await services.setConfig(acmeRun, { name: 'cursor', value: 5 });
  await services.setConfig(globalRun, { name: 'cursor', value: 1 });
  await services.setConfig(globalRun, { name: 'cursor', value: 2, scope: 'global' });
  assert.equal(await stored(configs, 'cursor', 'acme'), 5);
  assert.equal(await stored(configs, 'cursor'), 2);
  await assert.rejects(services.setConfig(acmeRun, { name: 'cursor', value: 9, scope: null }), {
    code: 'forbidden',
    message: /may read global configs and not change them/,
  });
  await assert.rejects(services.deleteConfig(acmeRun, { name: 'cursor', scope: 'global' }), {
    code: 'forbidden',
  });
  assert.equal(await stored(configs, 'cursor'), 2);
  assert.deepEqual(
    audited.map(({ actor, runId, outcome }) => [actor, runId, outcome]),
    [
      ['run:run-1', 'run-1', 'ok'],
      ['run:run-3', 'run-3', 'ok'],
      ['run:run-3', 'run-3', 'ok'],
      ['run:run-1', 'run-1', 'refused'],
      ['run:run-1', 'run-1', 'refused'],
    ],
  );
});

test('is_secret=True encrypts, and the answer says so (S4, S5, C10)', async (t) => {
  const { configs, services, audited, readDisk } = await openRoom(t);
  const written = await services.setConfig(acmeRun, { name: 'api_key', value: 'canary', isSecret: true });
  assert.deepEqual(written, { secret: true });
  assert.equal(await stored(configs, 'api_key', 'acme'), 'secret:canary');
  assert.doesNotMatch(await readDisk(), /canary/);
  assert.deepEqual(
    audited.map(({ action, target, runId }) => [action, target, runId]),
    [['secret.written', 'api_key', 'run-1']],
  );
  assert.deepEqual(await services.setConfig(acmeRun, { name: 'plain', value: 'x' }), { secret: false });
});

test('a name that holds a secret stays a secret without is_secret, and is_secret=False raises (D30)', async (t) => {
  const { configs, services } = await openRoom(t);
  await services.setConfig(acmeRun, { name: 'api_key', value: 'sk_test_1', isSecret: true });
  assert.deepEqual(await services.setConfig(acmeRun, { name: 'api_key', value: 'sk_test_2' }), {
    secret: true,
  });
  assert.equal(await stored(configs, 'api_key', 'acme'), 'secret:sk_test_2');
  await assert.rejects(services.setConfig(acmeRun, { name: 'api_key', value: 'canary', isSecret: false }), {
    code: 'bad-input',
    message: /^Config "api_key" holds a secret, which is_secret=False cannot undo; leave is_secret out\.$/,
  });
  assert.equal(await stored(configs, 'api_key', 'acme'), 'secret:sk_test_2');
});

test('also a name whose global value is a secret stays one in an organization (D30)', async (t) => {
  const { configs, services } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'sk_test_global' }, 'cli');
  const refused = services.setConfig(acmeRun, { name: 'api_key', value: 'x', isSecret: false });
  await assert.rejects(refused, { code: 'bad-input' });
  await services.setConfig(acmeRun, { name: 'api_key', value: 'sk_test_own' });
  assert.equal(await stored(configs, 'api_key', 'acme'), 'secret:sk_test_own');
  assert.equal(await stored(configs, 'api_key'), 'secret:sk_test_global');
});

test('a plain name becomes a secret with is_secret=True', async (t) => {
  const { configs, services } = await openRoom(t);
  await services.setConfig(acmeRun, { name: 'api_key', value: 'plain' });
  await services.setConfig(acmeRun, { name: 'api_key', value: 'sk_test_1', isSecret: true });
  assert.equal(await stored(configs, 'api_key', 'acme'), 'secret:sk_test_1');
});

test('values that a secret or JSON cannot hold are refused without being repeated', async (t) => {
  const { services, state } = await openRoom(t);
  const { revision } = state;
  const wrong = [
    { name: 'a', value: { canary: 1 }, isSecret: true },
    { name: 'a', value: '', isSecret: true },
    { name: 'a', value: 2 ** 60 },
    { name: 'a', value: 'canary\ud800' },
    { name: 'bad name', value: 'canary' },
  ];
  for (const address of wrong) {
    await assert.rejects(services.setConfig(acmeRun, address), (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, 'bad-input');
      assert.doesNotMatch(thrown.message, /canary|1152921504606846976/);
      return true;
    });
  }
  assert.equal(state.revision, revision);
});

test('the next get sees a new value: nothing is cached (C25)', async (t) => {
  const { configs, services } = await openRoom(t);
  const set = (value: string) =>
    configs.set({ name: 'api_key', type: 'secret', value, organizationId: 'acme' }, 'editor');
  for (const value of ['sk_test_1', 'sk_test_2', 'sk_test_3']) {
    await set(value);
    assert.deepEqual(await services.getConfig(acmeRun, { name: 'api_key' }), {
      found: true,
      value,
      secret: true,
    });
  }
  await configs.unset({ name: 'api_key', organizationId: 'acme' }, 'editor');
  assert.equal((await services.getConfig(acmeRun, { name: 'api_key' })).found, false);
});

test("delete removes the run's own row only, and says whether there was one", async (t) => {
  const { configs, services } = await openRoom(t);
  await configs.set({ name: 'url', type: 'string', value: 'global' }, 'cli');
  assert.equal(await services.deleteConfig(acmeRun, { name: 'url' }), false);
  await services.setConfig(acmeRun, { name: 'url', value: 'own' });
  assert.equal(await services.deleteConfig(acmeRun, { name: 'url' }), true);
  assert.equal(await stored(configs, 'url', 'acme'), 'global');
});

test('a list is what the run sees, secrets as [SECRET] and unaudited, as none is opened', async (t) => {
  const { configs, services, audited } = await openRoom(t);
  await configs.set({ name: 'api_key', type: 'secret', value: 'canary' }, 'cli');
  await configs.set({ name: 'url', type: 'string', value: 'global' }, 'cli');
  await configs.set({ name: 'url', type: 'string', value: 'own', organizationId: 'acme' }, 'cli');
  await configs.set({ name: 'foreign', type: 'string', value: 'x', organizationId: 'globex' }, 'cli');
  await configs.set({ name: '__proto__', type: 'json', value: { a: 1 } }, 'cli');
  audited.length = 0;
  const own = await services.listConfigs(acmeRun);
  assert.deepEqual(Object.entries(own).sort(), [
    ['__proto__', { a: 1 }],
    ['api_key', '[SECRET]'],
    ['url', 'own'],
  ]);
  assert.equal((await services.listConfigs(acmeRun, null)).url, 'global');
  assert.deepEqual(Object.keys(await services.listConfigs(globalRun)).sort(), [
    '__proto__',
    'api_key',
    'url',
  ]);
  assert.deepEqual(audited, []);
});
