/** Allow-lists as data: what an entry means, and which addresses it is for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, normalHost } from '../../server/connections/hosts.ts';

test('entries have one form, and what is none is refused', () => {
  const forms: [string, string | undefined][] = [
    ['api.example.com', 'api.example.com'],
    [' API.Example.com/ ', 'api.example.com'],
    ['https://api.example.com', 'api.example.com'],
    ['api.example.com:443', 'api.example.com'],
    ['api.example.com:8443', 'api.example.com:8443'],
    ['http://10.0.0.5:8080', 'http://10.0.0.5:8080'],
    ['http://intranet', 'http://intranet'],
    ['*.example.com', '*.example.com'],
    ['[::1]:8080', '[::1]:8080'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['', undefined],
    ['*', undefined],
    ['*.com', undefined],
    ['*.10.0.0.5', undefined],
    ['a.*.com', undefined],
    ['https://', undefined],
    ['api.example.com/v1', undefined],
    ['api.example.com?x', undefined],
    ['user@example.com', undefined],
    ['ftp://example.com', undefined],
  ];
  for (const [entry, expected] of forms) assert.equal(normalHost(entry), expected, entry);
});

test('a credential goes to the hosts of its list, by https unless plain http was said or stays on this machine', () => {
  const checks: [string, string, boolean][] = [
    ['api.example.com', 'https://api.example.com/v1', true],
    ['api.example.com', 'https://API.EXAMPLE.COM/v1', true],
    ['api.example.com', 'http://api.example.com/', false],
    ['api.example.com', 'https://api.example.com:8443/', false],
    ['api.example.com', 'https://api.example.com.evil.example/', false],
    ['api.example.com', 'https://evil-api.example.com/', false],
    ['api.example.com', 'https://evil.example/?api.example.com', false],
    ['api.example.com:8443', 'https://api.example.com:8443/', true],
    ['*.example.com', 'https://a.example.com/', true],
    ['*.example.com', 'https://a.b.example.com/', true],
    ['*.example.com', 'https://example.com/', false],
    ['*.example.com', 'https://evilexample.com/', false],
    ['http://10.0.0.5:8080', 'http://10.0.0.5:8080/', true],
    ['http://10.0.0.5:8080', 'https://10.0.0.5:8080/', false],
    ['localhost:8080', 'http://localhost:8080/', true],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/', true],
    ['127.0.0.1:8080', 'http://127.0.0.1:8081/', false],
    ['10.0.0.5:8080', 'http://10.0.0.5:8080/', false],
  ];
  for (const [entry, url, expected] of checks) {
    assert.equal(isAllowed([entry], new URL(url)), expected, `${entry} for ${url}`);
  }
});
