/** The connections room over a real store, and services of the test's own to call: what the tests here share. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault } from '../../server/configs/vault.ts';
import { openCallAccess } from '../../server/connections/access.ts';
import { type Connections, openConnections } from '../../server/connections/connections.ts';
import { HttpClient } from '../../server/connections/httpClient.ts';
import { openInjection } from '../../server/connections/injection.ts';
import { openProbe } from '../../server/connections/probe.ts';
import { Tokens } from '../../server/connections/tokens.ts';
import { newId } from '../../server/ids.ts';
import type { AddCredentialParams, CredentialRow } from '../../server/protocol/credentials.ts';
import type { CallServices } from '../../server/runs/contracts.ts';
import { openStore, type TestStore } from '../configs/store.ts';

export const vault = openVault(deriveKey('a-secret-key-of-a-test-that-is-long-enough'));
export const canary = 'sk_test_canary4eC39HqLyjWDarjtT1zdp7dc';

export interface Place extends TestStore {
  client: HttpClient;
  connections: Connections;
  calls: CallServices;
  tokens: Tokens;
  /** A generic credential for a service of the test. */
  add(service: Service, params?: Partial<AddCredentialParams>): Promise<CredentialRow>;
  /** The room as the next start of the daemon opens it: the same store, nothing in memory. */
  again(): Pick<Place, 'calls' | 'connections'>;
}

export interface PlaceOptions {
  certificates?: string;
  ownPort?: number;
  heldLimitBytes?: number;
}

export async function openPlace(
  t: TestContext,
  { certificates, ownPort, heldLimitBytes }: PlaceOptions = {},
): Promise<Place> {
  const store = await openStore(t);
  await vault.checkKey(store.state);
  store.audited.length = 0;
  const client = new HttpClient({
    ...(certificates !== undefined && { extraCertificates: certificates }),
    ownPort: () => ownPort,
    userAgent: 'workflow-keys/test',
    ...(heldLimitBytes !== undefined && { heldLimitBytes }),
  });
  t.after(() => client.close());
  const open = () => {
    const tokens = new Tokens({ ...store, vault, client });
    const inject = openInjection({ vault, tokens });
    const probe = openProbe({ client, inject });
    const connections = openConnections({ ...store, vault, newId, probe });
    return { tokens, connections, calls: openCallAccess({ ...store, client, inject }) };
  };
  const room = open();
  return {
    ...store,
    ...room,
    client,
    add: (service, params = {}) =>
      room.connections.create(
        { name: 'service', service: 'generic', value: canary, hosts: [service.origin], ...params },
        'cli',
      ),
    again: open,
  };
}

export interface Received {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Service {
  server: Server;
  /** E.g. `http://127.0.0.1:1234`. */
  origin: string;
  received: Received[];
  /** Connections that were made so far. */
  connections(): number;
}

/** What a service answers with; it may also answer by itself and give nothing. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: string } | undefined;
type Handler = (received: Received, response: ServerResponse) => Reply | Promise<Reply>;

/** A service on a free port of this machine, over TLS when it is given a certificate; ended after the test. */
export async function openService(
  t: TestContext,
  handle: Handler = () => ({}),
  certificate?: Certificate,
): Promise<Service> {
  const received: Received[] = [];
  let connections = 0;
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
    received.push(one);
    const reply = await handle(one, response);
    if (reply) response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  };
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener);
  server.on(certificate ? 'secureConnection' : 'connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const origin = certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { server, origin, received, connections: () => connections };
}

export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate for `localhost` that only those trust who are given it. */
export function makeCertificate(): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'wk-certificate-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  try {
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-days',
          '2',
        ],
        ...[
          '-subj',
          '/CN=localhost',
          '-addext',
          'subjectAltName=DNS:localhost',
          '-keyout',
          key,
          '-out',
          cert,
        ],
      ],
      { stdio: 'pipe' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
