/** The reference page: everything it loads comes from here, and it works within the guard (F25, invariant 9). */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, openApi } from './api.ts';

interface Operation {
  requestBody?: { content: Record<string, { example?: { input?: object } }> };
  parameters?: { name: string; example?: unknown }[];
}

const hook = `
from bifrost import workflow

@workflow(name="hook", endpoint_enabled=True, public_endpoint=True)
async def hook(context):
    return "done"
`;

let api: Api;

before(async () => {
  api = await openApi({}, { 'hook.py': hook });
});
after(() => api?.end());

test('the address alone leads to the page', async () => {
  const { status, headers } = await api.call('GET', '/', { key: '' });
  assert.equal(status, 302);
  assert.equal(headers.location, '/api-docs');
});

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

test('the bare address leads there', async () => {
  const { status, headers } = await api.call('GET', '/', { key: '', headers: { 'sec-fetch-site': 'none' } });
  assert.deepEqual([status, headers.location], [302, '/api-docs']);
});

test('every example of the document is accepted as it stands, so that what the page begins with can be sent', async () => {
  const { body: document } = await api.call('GET', '/api-docs/openapi.json', { key: '' });
  const ids: Record<string, string> = { id: 'echo', name: 'example', workflowId: 'hook' };
  const sent: string[] = [];
  for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, { requestBody, parameters = [] }] of Object.entries(operations)) {
      // It goes on for longer than a test.
      if (path === '/api/endpoints/waits') continue;
      const address = path.replaceAll(/\{(\w+)\}/g, (_, noun: string) => ids[noun] ?? noun);
      const query = new URLSearchParams();
      for (const { name, example } of parameters) if (example !== undefined) query.set(name, String(example));
      if (!requestBody && query.size === 0) continue;
      const body = requestBody?.content['application/json']?.example;
      const isRun = address.endsWith('/run');
      const answer = await api.call(method.toUpperCase(), `${address}?${query}`, {
        // The input of a run is that of no workflow in particular.
        ...(body !== undefined && { body: isRun ? { input: { ...body.input, name: 'example' } } : body }),
      });
      sent.push(`${method} ${path}`);
      assert.ok(answer.status < 300, `${sent.at(-1)}: ${JSON.stringify(answer.body)}`);
    }
  }
  assert.ok(sent.length > 10);
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
