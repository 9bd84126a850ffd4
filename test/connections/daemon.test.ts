/** Credentials from the command line to a service over TLS, with the built daemon and real Python. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRow } from '../../server/protocol/audit.ts';
import type { CredentialRow, CredentialTest, ServiceRow } from '../../server/protocol/credentials.ts';
import type { RunDetail } from '../../server/protocol/runs.ts';
import { runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { canary, makeCertificate, openService } from './place.ts';

const source = `
from bifrost import ExecutionContext, http, workflow

@workflow(name="charge")
async def charge(context: ExecutionContext, url: str):
    response = await http.request("POST", url, credential="billing", json={"amount": 100})
    return [response.status, response.text]
`;

test('a credential is added, tested, used by a run, rotated and removed', { timeout: 120_000 }, async (t) => {
  const folder = temporaryFolder();
  const data = join(folder.path, 'data');
  const workflows = join(folder.path, 'workflows');
  const certificate = makeCertificate();
  mkdirSync(workflows);
  writeFileSync(join(workflows, 'flows.py'), source);
  writeFileSync(join(folder.path, 'ca.pem'), certificate.cert);
  const rotated = 'rotated-test-0123456789';
  let good = canary;
  const service = await openService(
    t,
    ({ headers }) => ({
      status: headers.authorization === `Bearer ${good}` ? 200 : 401,
      body: `${headers.authorization}`,
    }),
    certificate,
  );
  const daemon = await startDaemonProcess({
    data,
    folders: [workflows],
    environment: { WORKFLOW_KEYS_CA_FILE: join(folder.path, 'ca.pem') },
  });
  t.after(async () => {
    await daemon.end();
    folder.remove();
  });
  const host = new URL(service.origin).host;
  const add = ['credentials', 'add', 'billing', '--service', 'generic', '--test-url', `${service.origin}/me`];
  const row = await runJson<CredentialRow>(data, [...add, '--host', host], `${canary}\n`);
  assert.deepEqual([row.name, row.value, row.hosts], ['billing', '[SECRET]', [host]]);
  assert.deepEqual(await runJson<CredentialRow[]>(data, ['credentials', 'list']), [row]);
  assert.ok((await runJson<ServiceRow[]>(data, ['credentials', 'services'])).length >= 13);

  const tested = () => runCommand(data, ['credentials', 'test', 'billing', '--json']);
  const first = await tested();
  assert.equal(first.code, 0);
  assert.equal((JSON.parse(first.stdout) as CredentialTest).outcome, 'good');

  const input = JSON.stringify({ url: `${service.origin}/charges` });
  const run = () => runJson<RunDetail>(data, ['run', 'charge', '--input', input]);
  const ran = await run();
  assert.deepEqual(ran.result, [200, 'Bearer [REDACTED]']);

  good = rotated;
  const second = await tested();
  assert.equal(second.code, 1);
  assert.equal((JSON.parse(second.stdout) as CredentialTest).outcome, 'bad');
  await runJson(data, ['credentials', 'rotate', 'billing'], rotated);
  assert.deepEqual((await run()).result, [200, 'Bearer [REDACTED]']);

  const removed = await runJson<unknown>(data, ['credentials', 'remove', 'billing']);
  assert.deepEqual(removed, { name: 'billing', removed: true });
  const { code, stdout } = await runCommand(data, ['run', 'charge', '--input', input, '--json']);
  const failed = JSON.parse(stdout) as RunDetail;
  assert.deepEqual([code, failed.error?.type], [1, 'KeyError']);
  assert.match(String(failed.error?.message), /workflow-keys credentials add billing/);
  const missing = await runCommand(data, ['credentials', 'test', 'billing']);
  assert.match(missing.stderr, /There is no credential "billing" in scope global/);

  const audit = await runJson<AuditRow[]>(data, ['audit']);
  const used = audit.find(({ action, runId }) => action === 'credential.read' && runId === ran.id);
  assert.deepEqual(used?.detail, { workflowId: 'charge', for: 'call', host });
  const disk = readdirSync(data, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  const everything = [...disk, first.stdout, second.stdout, JSON.stringify([ran, failed, audit])].join('\n');
  for (const secret of [canary, rotated]) assert.ok(!everything.includes(secret));
});

test('a file of authorities that is none keeps the daemon from starting, with a clear word', {
  timeout: 120_000,
}, async (t) => {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  const file = join(folder.path, 'ca.pem');
  const start = () =>
    startDaemonProcess({ data: join(folder.path, 'data'), environment: { WORKFLOW_KEYS_CA_FILE: file } });
  await assert.rejects(start, /WORKFLOW_KEYS_CA_FILE names .*ca\.pem, which cannot be read/);
  writeFileSync(file, 'nothing');
  await assert.rejects(start, /ca\.pem, which holds no PEM certificate/);
});
