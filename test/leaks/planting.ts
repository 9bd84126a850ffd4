/** Plants secrets through every door by which they can be set. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AddCredentialParams } from '../../server/protocol/credentials.ts';
import type { LspClient } from '../support/lspClient.ts';
import type { Canaries, CanarySort } from './canaries.ts';
import type { Service } from './service.ts';
import type { Answer, ask, command } from './witness.ts';

export interface Doors {
  canaries: Canaries;
  editor: LspClient;
  run(args: string[], options?: Parameters<typeof command>[3]): ReturnType<typeof command>;
  http(method: string, path: string, options?: Parameters<typeof ask>[3] & { key?: string }): Promise<Answer>;
}

const sorts: CanarySort[] = ['header', 'punctuated', 'unicode', 'lines'];
const batchSize = 20;

/** Names of the global scope and of `acme`; all of them hold secrets, and some have held another before. */
export async function plantConfigs({ canaries, editor, run, http, apart }: Doors & { apart: string }) {
  const set = async (name: string, organizationId?: string, again = '') => {
    const value = canaries.make(`config ${name}${again}`, sorts[canaries.size % sorts.length]);
    await editor.request('workflowKeys/configs/set', {
      name,
      type: 'secret',
      value,
      ...(organizationId !== undefined && { organizationId }),
    });
    return name;
  };
  const many = (prefix: string, count: number, organizationId?: string, again?: string) =>
    Promise.all(Array.from({ length: count }, (_, index) => set(`${prefix}${index}`, organizationId, again)));
  // First what is replaced, then what stays.
  await many('g', 60, undefined, ' before');
  const global = await many('g', 420);
  await many('a', 40, 'acme', ' before');
  const acme = await many('a', 240, 'acme');
  await many('x', 60, 'globex');
  await set('hook_secret');

  for (const index of [0, 1, 2]) {
    const value = canaries.make(`config of the command line ${index}`, 'punctuated');
    const { code } = await run(['config', 'set', `cli${index}`, '--type', 'secret'], { input: value });
    assert.equal(code, 0);
    global.push(`cli${index}`);
  }
  const referred = canaries.make('a value in a file', 'punctuated');
  writeFileSync(join(apart, 'referred'), referred);
  for (const [name, from] of [
    ['by_file', `file:${join(apart, 'referred')}`],
    ['by_command', `command:cat '${join(apart, 'referred')}'`],
    ['by_variable', 'env:REFERRED_TEST_VALUE'],
  ] as const) {
    const { code } = await run(['config', 'set', name, '--from', from]);
    assert.equal(code, 0, name);
    global.push(name);
  }
  for (let index = 0; index < 40; index += 1) {
    const value = canaries.make(`config over HTTP ${index}`, sorts[index % sorts.length]);
    const { status, text } = await http('PUT', `/api/v1/configs/h${index}`, {
      body: { type: 'secret', value },
    });
    assert.equal(status, 200, text);
    global.push(`h${index}`);
  }
  const valuesFile = join(apart, 'values.json');
  const values = Array.from({ length: 60 }, (_, index) =>
    canaries.make(`config that a run sets ${index}`, sorts[index % sorts.length]),
  );
  writeFileSync(valuesFile, JSON.stringify(values));
  const batches = (names: string[]) =>
    Array.from({ length: Math.ceil(names.length / batchSize) }, (_, at) =>
      names.slice(at * batchSize, (at + 1) * batchSize),
    );
  return {
    global,
    acme,
    valuesFile,
    batches: { global: batches(global), acme: batches(acme) },
    credentials: credentialNames,
  };
}

const credentialNames = [
  'as_header',
  'as_token',
  'as_query',
  'as_basic',
  'as_client',
  'as_refresh',
  'over_http',
  'by_command',
];

/** One of each kind, for the service; each is rotated once. */
export async function plantCredentials({
  canaries,
  editor,
  run,
  http,
  service,
}: Doors & { service: Service }): Promise<void> {
  const tokenUrl = `${service.origin}/token`;
  const kinds: Record<string, () => Omit<AddCredentialParams, 'name' | 'service'>> = {
    as_header: () => ({ auth: 'api-key', header: 'X-Key', value: canaries.make('credential: header') }),
    as_token: () => ({ auth: 'bearer', value: canaries.make('credential: bearer') }),
    as_query: () => ({
      auth: 'api-key',
      queryParameter: 'key',
      value: canaries.make('credential: query', 'punctuated'),
    }),
    as_basic: () => ({ auth: 'basic', value: `user:${canaries.make('credential: password')}` }),
    as_client: () => ({
      auth: 'client-credentials',
      clientId: 'test-client',
      tokenUrl,
      value: canaries.make('credential: client secret'),
    }),
    as_refresh: () => ({
      auth: 'refresh-token',
      clientId: 'test-client',
      tokenUrl,
      clientSecret: canaries.make('credential: client secret of a refresh token'),
      value: canaries.make('credential: refresh token'),
    }),
  };
  const place = { service: 'generic', hosts: [service.host], testUrl: `${service.origin}/echo` };
  for (const [name, kind] of Object.entries(kinds)) {
    const { id } = await editor.request('workflowKeys/credentials/add', { name, ...place, ...kind() });
    const { value, clientSecret } = kind();
    await editor.request('workflowKeys/credentials/rotate', {
      id,
      value,
      ...(clientSecret !== undefined && { clientSecret }),
    });
  }
  const made = await http('POST', '/api/v1/connections', {
    body: { name: 'over_http', ...place, value: canaries.make('credential over HTTP') },
  });
  assert.equal(made.status, 201, made.text);
  const { code } = await run(
    [
      'credentials',
      'add',
      'by_command',
      '--service',
      'generic',
      '--host',
      service.host,
      '--test-url',
      `${service.origin}/refused`,
    ],
    { input: canaries.make('credential of the command line') },
  );
  assert.equal(code, 0);
}
