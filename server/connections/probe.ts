/** Tries a credential with one harmless GET (F9, D42); what it reports never holds the value. */

import { Failure } from '../errors.ts';
import type { CredentialTest } from '../protocol/credentials.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import { isAllowed } from './hosts.ts';
import type { HttpClient } from './httpClient.ts';
import type { Inject } from './injection.ts';
import { findService } from './services.ts';

export type Probe = (record: CredentialRecord) => Promise<CredentialTest>;

const probeTimeoutMs = 15_000;

/** 2xx–3xx is good, 401 and 403 a bad key, everything else inconclusive. The answer throws only `cannot-decrypt`. */
export function openProbe({ client, inject }: { client: HttpClient; inject: Inject }): Probe {
  return async (record) => {
    const { name, testUrl, hosts } = record;
    if (testUrl === undefined) {
      return inconclusive(`Credential "${name}" has no address to be tested with; add it again with one.`);
    }
    const url = new URL(testUrl);
    if (!isAllowed(hosts, url)) {
      return inconclusive(
        `The test address of credential "${name}" is on ${url.host}, where it may not be sent.`,
      );
    }
    const service = findService(record.service);
    try {
      const { injected, onRefused } = await inject(record);
      const { status, body } = await client.send({
        method: 'GET',
        url,
        headers: Object.entries(service?.testHeaders ?? {}),
        timeoutMs: probeTimeoutMs,
        injected,
        redirects: 'return',
      });
      if (status === 401) onRefused();
      const isRefused = service?.refusal?.test(body.toString()) ?? false;
      if (status === 401 || status === 403 || isRefused) {
        return { outcome: 'bad', status, message: `${url.host} refused credential "${name}" (${status}).` };
      }
      if (status >= 200 && status < 400) {
        return { outcome: 'good', status, message: `${url.host} accepted credential "${name}" (${status}).` };
      }
      return {
        ...inconclusive(`${url.host} answered ${status}, which says nothing of credential "${name}".`),
        status,
      };
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code !== 'cannot-decrypt') return inconclusive(thrown.message);
      throw thrown;
    }
  };
}

function inconclusive(message: string): CredentialTest {
  return { outcome: 'inconclusive', message };
}
