/** How credentials read in the side bar. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialText } from '../../client/views/credentialText.ts';
import type { CredentialRow } from '../../server/protocol/credentials.ts';
import { context } from './context.ts';

const stripe: CredentialRow = {
  id: '1',
  name: 'stripe',
  service: 'stripe',
  auth: 'bearer',
  value: '[SECRET]',
  header: 'Authorization',
  prefix: 'Bearer',
  hosts: ['api.stripe.com', '*.example.com'],
  createdAt: '2026-11-01T10:00:00.000Z',
  updatedAt: '2026-11-21T10:00:00.000Z',
  updatedBy: 'editor',
};

test('a row says whose key it is and for whom, and its tooltip where it goes', () => {
  const { label, description, spoken, tooltip } = credentialText(stripe, context);
  assert.deepEqual([label, description, spoken], ['stripe', 'stripe · Global', 'stripe, stripe, Global']);
  assert.match(tooltip, /^\*\*stripe\*\* \(stripe, Bearer token\)/);
  assert.match(tooltip, /Only sent to api\\\.stripe\\\.com, \\\*\\\.example\\\.com/);
  assert.match(tooltip, /In the header Authorization\\: Bearer/);
});

test('a service that is not known by name is told by its hosts', () => {
  const { description, spoken } = credentialText({ ...stripe, service: 'generic' }, context);
  assert.equal(description, 'api.stripe.com, *.example.com · Global');
  assert.equal(spoken, 'stripe, api.stripe.com, *.example.com, Global');
});

test('a value that came along by mistake is shown nowhere', () => {
  const row: CredentialRow = { ...stripe, value: 'sk_test_canary', organizationId: 'acme' };
  const text = credentialText(row, context);
  assert.equal(text.description, 'stripe · acme');
  assert.ok(!JSON.stringify(text).includes('canary'));
});

test('a key in the address is told as such', () => {
  const { header: _, prefix: __, ...rest } = stripe;
  const { tooltip } = credentialText({ ...rest, auth: 'api-key', queryParameter: 'api_key' }, context);
  assert.match(tooltip, /In the query parameter api\\_key/);
});
