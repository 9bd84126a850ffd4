/** Reading one run over HTTP with an API key, among few keys and among very many, beside a bare server. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';
import { newId } from '../../server/ids.ts';
import { mintKey } from '../../server/keys/mint.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';
import { type DaemonProcess, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { throughput } from './measure.ts';

export interface ApiRates {
  /** Requests a second, one figure for each turn. */
  amongFew: number[];
  amongMany: number[];
  bare: number[];
}

export const fewKeys = 100;
export const manyKeys = 100_000;
const callers = 16;
const requestsATurn = 4000;

export async function measureApiRequests(turns: number, folder: string): Promise<ApiRates> {
  await using few = await openReader(fewKeys, folder);
  await using many = await openReader(manyKeys, folder);
  await using bare = await openBare();
  for (const { ask } of [few, many, bare]) await throughput(callers, 2000, ask);
  const rates: ApiRates = { amongFew: [], amongMany: [], bare: [] };
  // In turns, so that a noisy moment of the machine meets all of them.
  for (let turn = 0; turn < turns; turn += 1) {
    rates.amongFew.push(await throughput(callers, requestsATurn, few.ask));
    rates.amongMany.push(await throughput(callers, requestsATurn, many.ask));
    rates.bare.push(await throughput(callers, requestsATurn, bare.ask));
  }
  return rates;
}

interface Asked extends AsyncDisposable {
  ask(): Promise<void>;
}

/** A daemon with so many keys and one run, which a hundred of the keys read in turn. */
async function openReader(total: number, folder: string): Promise<Asked> {
  const data = temporaryFolder();
  const keys = await fill(data.path, total);
  const daemon = await startDaemonProcess({
    data: data.path,
    folders: [folder],
    environment: { WORKFLOW_KEYS_READ_LIMIT: '10000000' },
  });
  const pool = new Pool(daemon.url, { connections: callers });
  const path = `/api/v1/runs/${await runOnce(daemon, keys[0] ?? '')}`;
  let next = 0;
  return {
    ask: async () => {
      const headers = { 'x-api-key': keys[next % keys.length] ?? '' };
      next += 1;
      const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
      await body.dump();
      if (statusCode !== 200) throw new Error(`Reading a run was answered ${statusCode}`);
    },
    async [Symbol.asyncDispose]() {
      await pool.close();
      await daemon.end();
      data.remove();
    },
  };
}

/** In one transaction. @returns a hundred of the keys, spread over all. */
async function fill(directory: string, total: number): Promise<string[]> {
  const state = await openLowdbState({ directory, writeAudit: async () => undefined });
  const shown: string[] = [];
  await state.transact(async (tx) => {
    for (let index = 0; index < total; index += 1) {
      const { key, hash, lastFour } = mintKey('wfk_');
      if (index % (total / fewKeys) === 0) shown.push(key);
      tx.put('keys', {
        id: newId(),
        kind: 'api',
        prefix: 'wfk_',
        hash,
        lastFour,
        description: `Key ${index}`,
        scopes: ['runs:read', 'workflows:execute'],
        createdAt: Date.now(),
        createdBy: 'cli',
      });
    }
    tx.audit({ actor: 'cli', action: 'key.created', target: 'all', outcome: 'ok' });
  });
  await state.close();
  return shown;
}

async function runOnce(daemon: DaemonProcess, apiKey: string): Promise<string> {
  const response = await fetch(`${daemon.url}/api/v1/workflows/echo/run?wait=true`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    body: '{"input": {"input": "your data"}}',
  });
  const { data } = (await response.json()) as { data: { id: string } };
  return data.id;
}

async function openBare(): Promise<Asked> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bareServer.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const pool = new Pool(url, { connections: callers });
  return {
    ask: async () => {
      const headers = { 'content-type': 'application/json' };
      const { body } = await pool.request({
        method: 'POST',
        path: '/',
        headers,
        body: '{"input": "your data"}',
      });
      await body.dump();
    },
    async [Symbol.asyncDispose]() {
      await pool.close();
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
