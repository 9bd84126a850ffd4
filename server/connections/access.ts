/** What a run may do with outgoing calls and credentials: those of its organization, then global ones; no processes. */

import { isPresent, removedMessage } from '../configs/organizations.ts';
import { Failure } from '../errors.ts';
import { configNamePattern } from '../protocol/configs.ts';
import type { CallAnswer, CallServices, CallWish, RunScope } from '../runs/contracts.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import type { State } from '../store/contracts/state.ts';
import { auditOf, resolveCredential } from './connections.ts';
import { isAllowed } from './hosts.ts';
import type { HttpClient, OutgoingAnswer, OutgoingRequest } from './httpClient.ts';
import type { Inject, Injection } from './injection.ts';
import { framingHeaders } from './wish.ts';

export interface CallAccessParts {
  state: State;
  client: HttpClient;
  inject: Inject;
  /** Resolves once the record is durable, and rejects when it cannot be. */
  appendAudit: (entry: AuditEntry) => Promise<unknown>;
}

/** What the record of a read says of its use. */
type Use = { for: 'call' | 'headers'; host?: string };

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const longestTimeoutSeconds = 600;

/**
 * The services behind `bifrost.http` and `bifrost.credentials` in workflow code (F11, F12).
 *
 * Invariant: a value leaves only for a host of its credential's list, or for a run that asked for headers, and only
 * after the record of its read is durable (D33, D34).
 */
export function openCallAccess({ state, client, inject, appendAudit }: CallAccessParts): CallServices {
  /** @throws Failure `not-found` that says where to add it; `forbidden` once the run's organization is removed. */
  async function find(run: RunScope, name: string, use: Use): Promise<CredentialRecord> {
    const { organization } = run;
    const organizationId = organization?.id;
    const record = configNamePattern.test(name)
      ? await resolveCredential(state, name, organizationId)
      : undefined;
    if (!record) throw new Failure('not-found', missingMessage(name, organizationId));
    // Else it would go on with the global one, which is somebody else's.
    if (organization && !(await isPresent(state, organization))) {
      await note(run, record, 'refused', use);
      throw new Failure('forbidden', removedMessage(organization.id));
    }
    return record;
  }

  const note = (run: RunScope, record: CredentialRecord, outcome: AuditEntry['outcome'], use: Use) =>
    appendAudit({
      ...auditOf(record),
      // Whose run it was, which for a global credential is not whose credential it is.
      ...(run.organization && { organizationId: run.organization.id }),
      actor: `run:${run.runId}`,
      runId: run.runId,
      action: 'credential.read',
      outcome,
      detail: { workflowId: run.workflowId, ...use },
    });

  /** Audits the read, durably, and only then gives what is to be sent. */
  async function reveal(run: RunScope, record: CredentialRecord, use: Use): Promise<Injection> {
    let injection: Injection;
    try {
      injection = await inject(record);
    } catch (thrown) {
      await note(run, record, 'failed', use);
      throw thrown;
    }
    await note(run, record, 'ok', use);
    return injection;
  }

  async function credentialFor(run: RunScope, name: string, url: URL): Promise<Injection> {
    const use: Use = { for: 'call', host: url.host };
    const record = await find(run, name, use);
    if (!isAllowed(record.hosts, url)) {
      await note(run, record, 'refused', use);
      throw new Failure(
        'forbidden',
        `Credential "${name}" may not be sent to ${url.protocol}//${url.host}; it is for ${record.hosts.join(', ')}.`,
      );
    }
    return reveal(run, record, use);
  }

  return {
    async call(run, wish, signal) {
      const request = checkWish(wish);
      const { credential: name } = wish;
      if (name === undefined) return { answer: shown(await client.send(request, signal)), secrets: [] };
      let leftMs = request.timeoutMs;
      const secrets: string[] = [];
      for (let isLast = false; ; isLast = true) {
        const { injected, secrets: sent, onRefused } = await credentialFor(run, name, request.url);
        secrets.push(...sent);
        const begun = performance.now();
        const answer = await client.send({ ...request, injected, timeoutMs: leftMs }, signal);
        leftMs = Math.max(1, Math.ceil(leftMs - (performance.now() - begun)));
        const isRefused = answer.status === 401 && answer.url.origin === request.url.origin;
        // What was refused was not done, so that the same call with a new token does nothing twice.
        if (!isRefused || !onRefused() || isLast) return { answer: shown(answer), secrets };
      }
    },

    async credentialHeaders(run, name) {
      const record = await find(run, name, { for: 'headers' });
      if (record.queryParameter !== undefined) {
        throw new Failure(
          'bad-input',
          `Credential "${name}" goes into the address and not into headers; call with http.request(…, credential="${name}").`,
        );
      }
      const { injected, secrets } = await reveal(run, record, { for: 'headers' });
      return { headers: { [injected.name]: injected.value }, secrets };
    },
  };
}

function shown({ status, headers, body, url }: OutgoingAnswer): CallAnswer {
  return { status, headers, body: body.toString('base64'), url: url.href };
}

/** @throws Failure `bad-input` that names what cannot be sent, and no value. */
function checkWish({ method, url, headers, body, timeoutSeconds }: CallWish): OutgoingRequest {
  const wanted = method.toUpperCase();
  if (!methods.has(wanted)) {
    throw new Failure('bad-input', `A call has one of the methods ${[...methods].join(', ')}.`);
  }
  const address = URL.parse(url);
  if (!address || !/^https?:$/.test(address.protocol)) {
    throw new Failure('bad-input', 'A call goes to an address that begins with https:// or http://.');
  }
  if (address.username !== '' || address.password !== '') {
    throw new Failure('bad-input', `User and password do not belong into the address of ${address.host}.`);
  }
  const framing = headers.find(([name]) => framingHeaders.has(name.toLowerCase()))?.[0];
  if (framing !== undefined) {
    throw new Failure('bad-input', `The header "${framing}" follows from the call and cannot be given.`);
  }
  if (!(timeoutSeconds > 0 && timeoutSeconds <= longestTimeoutSeconds)) {
    throw new Failure(
      'bad-input',
      `A call's timeout is more than 0 and at most ${longestTimeoutSeconds} seconds.`,
    );
  }
  return {
    method: wanted,
    url: address,
    headers,
    timeoutMs: Math.ceil(timeoutSeconds * 1000),
    ...(body !== undefined && { body: Buffer.from(body, 'base64') }),
  };
}

function missingMessage(name: string, organizationId: string | undefined): string {
  if (!configNamePattern.test(name)) return 'This is no valid name of a credential.';
  const scope =
    organizationId === undefined
      ? 'in the global scope'
      : `for organization "${organizationId}", nor in the global scope`;
  const option = organizationId === undefined ? '' : ` --org ${organizationId}`;
  return (
    `Credential "${name}" does not exist ${scope}. Add it under Credentials in Workflow Keys, ` +
    `or with: workflow-keys credentials add ${name}${option}`
  );
}
