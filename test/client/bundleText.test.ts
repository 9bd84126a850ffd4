/** What the editor says of an import and an export. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportText, neededText, previewText } from '../../client/bundleText.ts';
import { context } from './context.ts';

test('a preview names what changes, for whom and how, and how much stays', () => {
  const text = previewText(
    {
      id: 'x',
      items: [
        { kind: 'organization', name: 'acme', change: 'new', needsValue: false },
        {
          kind: 'config',
          name: 'api_key',
          organizationId: 'acme',
          type: 'secret',
          change: 'new',
          needsValue: true,
        },
        { kind: 'config', name: 'limit', type: 'int', change: 'changed', needsValue: false, detail: '3 → 4' },
        { kind: 'config', name: 'same', type: 'int', change: 'unchanged', needsValue: false },
        {
          kind: 'config',
          name: 'token',
          type: 'string',
          change: 'refused',
          needsValue: false,
          detail: 'is a secret here',
        },
      ],
    },
    context,
  );
  assert.deepEqual(text.split('\n'), [
    'New: acme (organization)',
    'New: api_key (secret, acme) – needs its value',
    'Changed: limit (int, Global) – 3 → 4',
    'Refused: token (string, Global) – is a secret here',
    'Unchanged: 1',
  ]);
  assert.equal(previewText({ id: 'x', items: [] }, context), 'There is nothing to change.');
});

test('a preview of very many rows stays short', () => {
  const items = Array.from({ length: 500 }, (_, index) => ({
    kind: 'config' as const,
    name: `n${index}`,
    type: 'int' as const,
    change: 'new' as const,
    needsValue: false,
  }));
  const lines = previewText({ id: 'x', items }, context).split('\n');
  assert.equal(lines.length, 21);
  assert.equal(lines.at(-1), '… and 480 more.');
});

test('an export says what it left out, and a credential is asked for with the hosts that it is sent to', () => {
  const leftOut = { secretValues: 2, credentialValues: 1, testAddresses: 0, keys: 3, folders: 1 };
  const exported = {
    text: '',
    organizations: 0,
    configs: 4,
    credentials: 1,
    workflows: 0,
    leftOut,
    suspects: [],
  };
  assert.equal(
    exportText(exported, context),
    'Exported, configs: 4. Left out: values of secrets (2) and of credentials (1), keys (3), folders, history.',
  );
  assert.equal(
    neededText(
      { kind: 'credential', name: 'stripe', service: 'stripe', auth: 'bearer', hosts: ['api.stripe.com'] },
      context,
    ),
    'Value of the credential “stripe” (Global); it is sent to api.stripe.com',
  );
  assert.equal(
    neededText(
      { kind: 'config', name: 'k', type: 'secret', organizationId: 'acme', description: 'for pay' },
      context,
    ),
    'Value of “k” (secret, acme): for pay',
  );
});
