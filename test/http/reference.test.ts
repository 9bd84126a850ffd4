/** The reference page: everything it loads comes from here, and it works within the guard (F25, invariant 9). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, openApi } from './api.ts';

let api: Api;

before(async () => {
  api = await openApi();
});
after(() => api?.end());

test('the page and all that it loads need no key, and come from this daemon only', async () => {
  const page = await api.call('GET', '/api-docs', { key: '', headers: { 'sec-fetch-site': 'none' } });
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  const loaded = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  assert.ok(loaded.length >= 3);
  for (const path of loaded) {
    assert.match(path, /^\/api-docs\//);
    const part = await api.call('GET', path, { key: '', headers: { 'sec-fetch-site': 'same-origin' } });
    assert.equal(part.status, 200, path);
    assert.doesNotMatch(JSON.stringify(part.body), /https?:\/\/(?!127\.0\.0\.1)/);
  }
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test('the page keeps the key nowhere, and sends it to this daemon only', async () => {
  const { body } = await api.call('GET', '/api-docs/page.js', { key: '' });
  assert.doesNotMatch(body, /localStorage|sessionStorage|indexedDB|cookie|innerHTML|eval\(/);
});

test('what the page sends is let through, and what another page sends is not', async () => {
  const input = { name: 'page' };
  const send = (headers: Record<string, string>) =>
    api.call('POST', '/api/endpoints/echo', { body: input, headers });
  assert.equal((await send({ origin: api.daemon.url, 'sec-fetch-site': 'same-origin' })).status, 200);
  assert.equal((await send({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status, 403);
  const read = await api.call('GET', '/api-docs/openapi.json', {
    key: '',
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(read.status, 403);
});
