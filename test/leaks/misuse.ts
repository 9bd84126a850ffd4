/** Secrets in the wrong places: what people paste, mistype and send to the wrong address. */

import { connect } from 'node:net';
import type { Doors } from './planting.ts';

export async function misuse({
  canaries,
  editor,
  run,
  http,
  workflows,
}: Doors & { workflows: string }): Promise<void> {
  const explained: string[] = [];
  const wrong = async (...args: Parameters<Doors['http']>) => {
    const { requestId } = await http(...args);
    explained.push(requestId);
  };
  const bad = () => canaries.make('a value in a bad request');

  const signed = canaries.make('a webhook body');
  await editor.request('workflowKeys/configs/set', { name: 'hook_secret', type: 'secret', value: signed });
  await http('POST', '/api/v1/webhooks/hook', {
    key: '',
    body: `{"token": "${signed}"}`,
    headers: { 'x-signature': signed },
  });

  await wrong('POST', '/api/endpoints/give', { key: bad(), body: {} });
  await wrong('POST', '/api/endpoints/give', { key: `bk_live_${bad().slice(0, 32)}`, body: {} });
  await wrong('GET', '/api/v1/runs', { key: `wfk_${bad().slice(0, 32)}` });
  await wrong('GET', '/api/v1/runs', { key: '', headers: { authorization: `Bearer ${bad()}` } });
  await wrong('GET', '/api/v1/runs', { key: '', headers: { 'x-bifrost-key': bad(), 'x-api-key': bad() } });
  await wrong('GET', `/api/v1/runs?key=${bad()}`, { key: '' });
  await wrong('GET', `/api/v1/runs?x-api-key=${bad()}`);
  await wrong('GET', `/${bad()}`, { key: '' });
  await wrong('GET', `/api/${bad()}`, { key: '' });
  await wrong('POST', '/api/endpoints/give', { body: `{"names": "${bad()}` });
  await wrong('POST', '/api/endpoints/give', { body: { names: bad() } });
  await wrong('POST', '/api/endpoints/give', { body: JSON.stringify([bad()]) });
  await wrong('POST', '/api/endpoints/give', {
    body: `a=${bad()}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  await wrong('PUT', '/api/v1/configs/wrong', { body: { type: 'secret', value: { of: bad() } } });
  await wrong('PUT', '/api/v1/configs/wrong', { body: { type: 'int', value: bad() } });
  await wrong('PUT', '/api/v1/configs/wrong', { body: { type: bad(), value: 1 } });
  await wrong('PUT', '/api/v1/configs/wrong', { body: { type: 'secret', value: 'x', more: bad() } });
  await wrong('POST', '/api/v1/connections', {
    body: { name: 'w', service: 'generic', value: bad(), hosts: [5] },
  });
  await wrong('POST', '/api/v1/connections', { body: { name: 'w', service: 'nowhere', value: bad() } });
  await wrong('POST', '/api/v1/connections', {
    body: { name: 'w', service: 'generic', value: `${bad()}\n`, hosts: ['localhost'] },
  });
  await wrong('POST', '/api/v1/workflows', {
    body: { name: 'broken', source: `API_KEY = "${bad()}"\ndef (` },
  });
  await wrong('GET', '/api/v1/runs', {
    headers: { cookie: bad(), referer: `http://localhost/?key=${bad()}`, 'user-agent': bad() },
  });
  await wrong('GET', '/api/v1/runs', { headers: { origin: `https://${bad().slice(0, 40)}.example` } });
  await wrong('GET', '/api/v1/runs', { headers: { 'x-request-id': bad() } });
  await wrong('GET', `/api/v1/runs?cursor=${bad()}`);
  await wrong('GET', `/api/v1/runs?limit=${bad()}`);

  const port = Number(new URL((await editor.request('workflowKeys/daemon/status', null)).url).port);
  for (const text of [
    `GET / HTTP/1.1\r\nX-Api-Key ${bad()}\r\n\r\n`,
    `${bad()}\r\n\r\n`,
    `POST /api/endpoints/give HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Api-Key: ${bad()}\r\nContent-Length: 900\r\n\r\n{"a": "${bad()}`,
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(text));
      socket
        .on('close', () => resolve())
        .on('error', () => resolve())
        .resume();
    });
  }

  const refused = async (...args: Parameters<typeof editor.request>) => {
    await editor.request(...args).catch(() => undefined);
  };
  await refused('workflowKeys/configs/set', { name: 'n', type: 'int', value: bad() });
  await refused('workflowKeys/configs/set', { name: 'n', type: 'json', value: `{"a": "${bad()}` });
  await refused('workflowKeys/configs/set', { name: 'n', type: 'secret', value: `${bad()}\ud800` });
  await refused('workflowKeys/configs/set', {
    name: 'n',
    type: 'secret',
    value: bad(),
    organizationId: 'nobody',
  });
  await refused('workflowKeys/credentials/add', {
    name: 'n',
    service: 'generic',
    value: bad(),
    hosts: ['not a host'],
  });
  await refused('workflowKeys/credentials/add', {
    name: 'n',
    service: 'generic',
    auth: 'basic',
    value: bad(),
    hosts: ['localhost'],
  });
  await refused('workflowKeys/secretKey/rotate', { key: bad().slice(0, 31) });
  await refused('workflowKeys/bundles/import', { text: `configs:\n  - key: ${bad()}\n  broken` });
  await refused('workflowKeys/runs/start', { workflowId: 'give', input: { names: bad() } });

  await run(['config', 'set', 'n', bad(), '--type', 'secret']);
  await run(['config', 'set', 'n', bad(), '--type', 'int']);
  await run(['keys', 'create', '--global', '--description', bad()]);
  await run(['run', 'give', '--input', `{"names": "${bad()}`]);
  await run(['run', 'give', '--input', JSON.stringify({ names: bad() })]);
  await run(['lint', workflows, '--format', 'sarif']);
  for (const requestId of explained) {
    await editor.request('workflowKeys/requests/explain', { requestId }).catch(() => undefined);
  }
  await run(['explain', String(explained[0])]);
}
