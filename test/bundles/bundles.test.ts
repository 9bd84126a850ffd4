/** Portable bundles between real stores: what goes out, what comes in, and what never does. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type Bundle, writeBundle } from '../../server/bundles/bundle.ts';
import { parseBundle } from '../../server/bundles/parse.ts';
import { checkValue, typeOf } from '../../server/configs/values.ts';
import { openPlace, type Place } from './place.ts';

const secret = 'sk_test_canary/+ü<&"1234567890';

/** Everything that a bundle may hold, and beside it what it may not. */
async function fill({ configs, connections, overrides, state }: Place): Promise<void> {
  await configs.addOrganization({ id: 'globex', name: 'Globex "Ü" 😀' }, 'cli');
  await configs.addOrganization({ id: 'acme', name: 'Acme' }, 'cli');
  const set = (
    name: string,
    type: 'string' | 'int' | 'bool' | 'json' | 'secret',
    value: unknown,
    organizationId?: string,
  ) =>
    configs.set(
      { name, type, value, ...(organizationId !== undefined && { organizationId }) },
      'canary-user',
    );
  await set('base_url', 'string', 'https://example.com/ü?a=b#c');
  await set('base_url', 'string', 'yes', 'acme');
  await set('limit', 'int', -9_007_199_254_740_991);
  await set('flag', 'bool', false, 'globex');
  await set('map', 'json', JSON.parse('{"__proto__": {"a": [1, null, 2.5e-7]}, "yes": "0x1", "2": null}'));
  await set('nothing', 'json', null);
  await configs.set(
    { name: 'api_key', type: 'secret', value: secret, description: 'Where: #1 "x" - é' },
    'cli',
  );
  await set('api_key', 'secret', secret, 'acme');
  await connections.create(
    { name: 'stripe', service: 'stripe', value: secret, organizationId: 'acme' },
    'canary-user',
  );
  await connections.create(
    {
      name: 'own',
      service: 'generic',
      value: secret,
      header: 'X-Key',
      prefix: '',
      hosts: ['api.example.com'],
      testUrl: 'https://api.example.com/bot-canary/me',
    },
    'cli',
  );
  await overrides.set(
    'pay',
    { endpointEnabled: true, allowedMethods: ['PUT', 'GET'], timeoutSeconds: 0, organizationId: 'acme' },
    'cli',
  );
  await overrides.set('plain', { endpointEnabled: null }, 'cli');
  await state.transact(async (tx) => {
    tx.put('folders', { id: '/home/canary-user/flows', registeredAt: 1 });
    tx.put('keys', {
      id: 'k',
      kind: 'workflow',
      prefix: 'bk_live_',
      hash: 'canary-hash',
      lastFour: 'nary',
      description: 'canary',
      createdAt: 1,
      createdBy: 'cli',
    });
    tx.audit({ actor: 'cli', action: 'folder.added', target: 'flows', outcome: 'ok' });
  });
}

test('what is exported and imported elsewhere is exported there as the same bytes', async (t) => {
  const from = await openPlace(t);
  await fill(from);
  const text = await from.exported();
  assert.equal(await from.exported(), text, 'the same state gives the same bytes');

  const to = await openPlace(t);
  const { needed } = await to.bundles.import({ text }, 'cli');
  // A credential comes with its value, which only a person knows.
  for (const value of needed) {
    if (value.kind !== 'credential') continue;
    const { kind: _, ...credential } = value;
    await to.connections.create({ ...credential, value: 'tok_test_other' }, 'cli');
  }
  assert.equal(await to.exported(), text);
  const rows = (place: Place) =>
    place.configs.list().then((all) => all.filter(({ type }) => type !== 'secret'));
  const bare = (all: Awaited<ReturnType<typeof rows>>) =>
    all.map(({ updatedAt: _, updatedBy: __, ...row }) => row);
  assert.deepEqual(bare(await rows(to)), bare(await rows(from)));
  const pay = await to.state.get('workflowSettings', 'pay');
  assert.deepEqual([pay?.timeoutSeconds, pay?.organizationId], [0, 'acme']);
});

test('no bundle holds a key, a secret, a ciphertext, a user, a path or a time', async (t) => {
  const place = await openPlace(t);
  await fill(place);
  const { text, leftOut, suspects } = await place.bundles.export('cli');
  const forms = [
    secret,
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    'canary',
    'gAAAA',
    '/home',
    '2026',
    'editor',
  ];
  assert.deepEqual(
    forms.filter((form) => text.includes(form)),
    [],
  );
  for (const record of [...(await place.state.list('configs')), ...(await place.state.list('credentials'))]) {
    assert.ok(!text.includes(record.id));
  }
  assert.match(
    text,
    /- key: "api_key"\n {4}config_type: secret\n {4}description: "Where: #1 \\"x\\" - é"\n {4}value: null\n/,
  );
  assert.deepEqual(leftOut, { secretValues: 2, credentialValues: 2, testAddresses: 1, keys: 1, folders: 1 });
  assert.deepEqual(suspects, []);
  assert.deepEqual(place.audited.at(-1), {
    actor: 'cli',
    action: 'bundle.exported',
    target: 'configuration',
    outcome: 'ok',
    detail: {
      organizations: 2,
      configs: 8,
      credentials: 2,
      workflows: 1,
      ...leftOut,
    },
  });
});

test('plain text under the name of a secret is pointed out', async (t) => {
  const place = await openPlace(t);
  await place.configs.set({ name: 'api_token', type: 'string', value: 'tok_test' }, 'cli');
  await place.configs.set({ name: 'tenant_id', type: 'string', value: 'x' }, 'cli');
  assert.deepEqual((await place.bundles.export('cli')).suspects, ['api_token']);
});

/** Whether it would be stored at all. */
function isStorable(value: unknown): boolean {
  try {
    checkValue('x', typeOf(value), value);
    return true;
  } catch {
    return false;
  }
}

const bundles = fc.record({
  organizations: fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,9}$/).filter((id) => id.toLowerCase() !== 'global'),
      name: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .map((name) => `${name.replace(/\p{Cc}/gu, '')}x`.trim()),
    }),
    { selector: ({ id }) => id, maxLength: 4 },
  ),
  configs: fc.uniqueArray(
    fc.oneof(
      fc.record({
        name: fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/),
        value: fc.oneof(
          fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
          fc.constantFrom(
            'yes',
            'no',
            '0x1',
            '1e3',
            '2001-01-01',
            '~',
            'null',
            '<<',
            '- a',
            'a: b',
            ' x',
            'x\n\ny ',
            '\u0085\u2028\ufeff',
          ),
          fc.maxSafeInteger(),
          fc.boolean(),
          fc.jsonValue({ stringUnit: 'grapheme', depthSize: 'medium' }).filter(isStorable),
        ),
      }),
      fc.record({ name: fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/) }),
    ),
    { selector: ({ name }) => name, maxLength: 12 },
  ),
});

test('whatever can be stored comes out of its bundle as it went in', () => {
  fc.assert(
    fc.property(bundles, ({ organizations, configs }) => {
      const bundle: Bundle = {
        organizations,
        configs: configs.map((config) =>
          'value' in config
            ? {
                name: config.name,
                type: typeOf(config.value),
                value: JSON.parse(JSON.stringify(config.value)),
              }
            : { name: config.name, type: 'json' },
        ),
        credentials: [],
        workflows: [],
      };
      const text = writeBundle(bundle);
      const read = parseBundle(text);
      assert.equal(writeBundle(read), text);
      const byName = new Map(read.configs.map((config) => [config.name, config]));
      for (const config of bundle.configs) assert.deepEqual(byName.get(config.name), config);
    }),
    { numRuns: 300 },
  );
});

const head = 'format: workflow-keys\nversion: 1\n';
const configText = (...rows: string[]) => `${head}configs:\n${rows.map((row) => `  - ${row}\n`).join('')}`;

async function importing(t: TestContext): Promise<Place> {
  const place = await openPlace(t, async (text) => parseBundle(text));
  await place.configs.addOrganization({ id: 'acme' }, 'cli');
  return place;
}

test('a stored secret is never overwritten by nothing, nor made plain (D37)', async (t) => {
  const { bundles, configs, plaintext } = await importing(t);
  await configs.set({ name: 'api_key', type: 'secret', value: secret }, 'cli');
  const asked = await bundles.import(
    { text: configText('{key: api_key, config_type: secret, value: null, description: new}') },
    'cli',
  );
  assert.equal(await plaintext('api_key'), secret);
  assert.deepEqual(asked.needed, []);
  assert.equal((await configs.get({ name: 'api_key' })).description, 'new');
  const plain = {
    text: configText(
      '{key: other, config_type: int, value: 1}',
      '{key: api_key, config_type: string, value: "x"}',
    ),
  };
  await assert.rejects(
    bundles.import(plain, 'cli'),
    /Nothing was imported, because the config "api_key" is a secret here/,
  );
  assert.equal((await bundles.preview(plain.text)).items[1]?.change, 'refused');
  assert.equal(await plaintext('api_key'), secret);
  await assert.rejects(configs.get({ name: 'other' }), /There is no config/);
});

test('a plain value that the bundle makes a secret is sealed and stays what it is', async (t) => {
  const { bundles, configs, plaintext, readDisk } = await importing(t);
  await configs.set({ name: 'api_key', type: 'string', value: secret }, 'cli');
  await configs.set({ name: 'count', type: 'int', value: 3 }, 'cli');
  const { items, needed } = await bundles.import(
    { text: configText('{key: api_key, config_type: secret}') },
    'cli',
  );
  assert.equal(items[0]?.detail, 'becomes a secret and keeps its value');
  assert.deepEqual(needed, []);
  assert.equal(await plaintext('api_key'), secret);
  assert.ok(!(await readDisk()).includes(JSON.stringify(secret)));
  await assert.rejects(
    bundles.import({ text: configText('{key: count, config_type: secret}') }, 'cli'),
    /the config "count" is a plain int here/,
  );
});

test('what came without its value is listed for each organization, and its KeyError says so (C22, D37)', async (t) => {
  const { bundles, configs } = await importing(t);
  const { items, needed } = await bundles.import(
    {
      text: `${configText('{key: k, config_type: secret, description: "for pay"}', '{key: k, organization: acme, config_type: secret, value: null}', '{key: n, config_type: int, value: null}')}credentials:
  - {name: stripe, organization: acme, service: stripe, auth: bearer, hosts: [api.stripe.com]}
`,
    },
    'cli',
  );
  assert.deepEqual(
    items.map(({ change, needsValue }) => [change, needsValue]),
    [
      ['new', true],
      ['new', true],
      ['new', true],
      ['new', true],
    ],
  );
  assert.deepEqual(
    needed.map(({ kind, name, organizationId }) => [kind, name, organizationId]),
    [
      ['config', 'k', undefined],
      ['config', 'k', 'acme'],
      ['config', 'n', undefined],
      ['credential', 'stripe', 'acme'],
    ],
  );
  assert.deepEqual(
    (await configs.list()).map(({ name, needsValue, value }) => [name, needsValue, value]),
    [
      ['k', true, null],
      ['k', true, null],
      ['n', true, null],
    ],
  );
  // Once more: still to be given, and nothing changes.
  const again = await bundles.preview(configText('{key: n, config_type: int}'));
  assert.deepEqual(again.items, [
    { kind: 'config', name: 'n', type: 'int', change: 'unchanged', needsValue: true },
  ]);
});

test('a credential that is here stays as it is, whatever hosts the bundle names', async (t) => {
  const { bundles, connections, state } = await importing(t);
  await connections.create({ name: 'stripe', service: 'stripe', value: secret }, 'cli');
  const before = await state.list('credentials');
  const { items, needed } = await bundles.import(
    { text: `${head}credentials:\n  - {name: stripe, service: stripe, hosts: [evil.example.com]}\n` },
    'cli',
  );
  assert.equal(items[0]?.change, 'unchanged');
  assert.deepEqual(needed, []);
  assert.deepEqual(await state.list('credentials'), before);
});

test('an organization that has another name here gets the one of the bundle', async (t) => {
  const { bundles, configs } = await importing(t);
  const { items } = await bundles.import(
    { text: `${head}organizations:\n  - {id: acme, name: Acme Inc.}\n` },
    'cli',
  );
  assert.equal(items[0]?.detail, '"acme" → "Acme Inc."');
  assert.equal((await configs.listOrganizations())[0]?.name, 'Acme Inc.');
});

test('a reference leaves as a secret without its value, whatever it refers to (D29)', async (t) => {
  const { bundles, configs, exported } = await importing(t);
  await configs.set({ name: 'api_key', type: 'secret', reference: 'file:/run/canary/key' }, 'cli');
  const text = await exported();
  assert.ok(!/canary|reference|file:/.test(text));
  assert.deepEqual((await bundles.preview(text)).items.at(-1)?.change, 'unchanged');
});

test('an import is one transaction: with a row that cannot be, or without its audit record, nothing changes', async (t) => {
  const { bundles, state, breakAudit, registry } = await importing(t);
  const { revision } = state;
  const lost = configText(
    '{key: a, config_type: int, value: 1}',
    '{key: b, organization: nobody, config_type: int, value: 1}',
  );
  await assert.rejects(
    bundles.import({ text: lost }, 'cli'),
    /"b" belongs to organization "nobody", which is neither/,
  );
  assert.equal(state.revision, revision);
  const text = `${configText('{key: a, config_type: int, value: 1}')}workflows:\n  - {id: pay, public_endpoint: true}\n`;
  await bundles.import({ text }, 'cli');
  assert.equal(state.revision, revision + 1);
  breakAudit();
  await assert.rejects(bundles.import({ text: configText('{key: a, config_type: int, value: 2}') }, 'cli'), {
    code: 'storage-failed',
  });
  assert.equal(state.revision, revision + 1);
  assert.equal(registry.list().length, 0);
});

test('what was approved is what is done: a change since the preview stops the import', async (t) => {
  const { bundles, configs } = await importing(t);
  const text = configText('{key: a, config_type: int, value: 1}');
  const { id } = await bundles.preview(text);
  await configs.set({ name: 'a', type: 'int', value: 7 }, 'cli');
  await assert.rejects(bundles.import({ text, approved: id }, 'cli'), { code: 'conflict' });
  assert.equal((await configs.get({ name: 'a' })).value, 7);
  const { id: fresh, items } = await bundles.preview(text);
  assert.equal(items[0]?.detail, '7 → 1');
  await bundles.import({ text, approved: fresh }, 'cli');
  assert.equal((await configs.get({ name: 'a' })).value, 1);
});

test('every import is in the audit log, with its counts and never with a value', async (t) => {
  const { bundles, audited } = await importing(t);
  audited.length = 0;
  await bundles.import(
    { text: configText('{key: a, config_type: string, value: "a canary"}', '{key: s, config_type: secret}') },
    'editor',
  );
  assert.deepEqual(
    audited.map(({ actor, action, target }) => [actor, action, target]),
    [
      ['editor', 'bundle.imported', 'configuration'],
      ['editor', 'config.written', 'a'],
      ['editor', 'secret.written', 's'],
    ],
  );
  assert.ok(!JSON.stringify(audited).includes('canary'));
});
