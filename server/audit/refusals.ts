/** Why requests were refused: told apart for whoever asks here, never to the caller; it knows no HTTP library. */

import { Failure } from '../errors.ts';
import type { ExplainedRequest } from '../protocol/audit.ts';
import type { AuditEntry, AuditRecord } from '../store/contracts/audit.ts';
import type { Millis } from '../store/contracts/time.ts';

/** One refused request. Invariant: no key and no value in any field. */
export interface Refusal {
  requestId: string;
  status: 401 | 403 | 404 | 415 | 421 | 429;
  /** The true one, a word of `reasons` below. */
  reason: RefusalReason;
  /** `key:<id>`, or the address of who has none. */
  actor: string;
  /** What was asked for, e.g. `GET /api/v1/runs/:id`. */
  target: string;
  organizationId?: string;
  /** What else helps, e.g. the scope that is missing. */
  detail?: Record<string, string | number>;
}

export interface RefusalsParts {
  audit: {
    append(lines: { entry: AuditEntry }[]): Promise<unknown>;
    findByRequest(requestId: string): Promise<AuditRecord[]>;
  };
  clock: () => Millis;
  onUnrecorded: (thrown: unknown) => void;
}

export interface Refusals {
  /** Into the audit log, behind the answer: it neither delays nor fails it. */
  record(refusal: Refusal): void;
  /** Remembered in memory only, among the newest thousand: for what may come by the thousand a second. */
  note(refusal: Refusal): void;
  /**
   * The true reason of a refusal (D44).
   *
   * @throws Failure `not-found` when nothing is known of such a request.
   */
  explain(requestId: string): Promise<ExplainedRequest>;
}

const remembered = 1_000;

/** Each true reason, as a sentence that says what to do. */
const reasons = {
  missing:
    'The request carried no key. Send it as X-Bifrost-Key, x-api-key or Authorization: Bearer, never in the address.',
  'several-keys': 'The request carried different keys in several headers. Send one.',
  malformed: 'What was sent is not a key at all: its form is wrong. Copy the key again.',
  checksum: 'The key is mistyped or cut: its checksum does not fit. Copy the key again.',
  unknown:
    'No key like this exists here: it was revoked, replaced, or made in another place. Make a new one.',
  expired: 'The key has expired. Make a new one.',
  revoked: 'The key was revoked. Make a new one.',
  replaced: 'The key was rotated, and its overlap has ended. Use its successor.',
  'too-many-failures': 'Too many requests with bad keys came from this address within a minute.',
  'rate-limited':
    'The limit of requests a minute was used up. Wait until X-RateLimit-Reset, or raise the limit.',
  'other-workflow': 'The key belongs to another workflow. Use a global key, or one of this workflow.',
  'global-disabled': "The workflow refuses global keys (disable_global_key). Use the workflow's own key.",
  'not-in-allow-list': "The workflow is not in the key's list of workflows.",
  'missing-scope': 'The key does not have the scope that this needs. Make a key that has it.',
  'execute-only': 'A workflow key only runs workflows. Use an API key with the scope that this needs.',
  'other-organization': 'The key belongs to an organization, and this is not of it.',
  'beyond-maker': 'A key cannot give more than it has: scopes, workflows, organization or lifetime.',
  'beyond-own':
    'A key revokes itself and keys whose scopes, workflows and organization are within its own. Use one that has more.',
  'misdirected-host':
    'The Host header names another place than this server, or there are several. Use its own address, or allow a tunnel by WORKFLOW_KEYS_ALLOWED_HOSTS.',
  'foreign-origin':
    'The Origin header names another site: its page may not use this server. Call from a program instead.',
  'cross-site':
    'Sec-Fetch-Site says that a page of another site has asked, which may not use this server. Call from a program instead.',
  'content-type':
    'The body is of another type than JSON, or compressed. Send it as it is, with "Content-Type: application/json".',
  'no-endpoint': 'The workflow exists, but its endpoint is off. Set endpoint_enabled=True.',
  'not-public':
    'The workflow takes no webhooks, as it is not public. Set public_endpoint=True, or send a key to its endpoint.',
  'unknown-workflow': 'No registered folder holds a workflow with this id; it may have been renamed.',
  'no-such-thing': 'There is nothing with this id. List what there is to see the ids.',
  'no-route': 'There is no route at this address. The routes are at /api-docs.',
} as const;

export type RefusalReason = keyof typeof reasons;

export function openRefusals({ audit, clock, onUnrecorded }: RefusalsParts): Refusals {
  /** A ring: noting must cost nothing, for it may come by the thousand a second, and explaining may take a while. */
  const newest: { refusal: Refusal; at: Millis }[] = [];
  let count = 0;

  const note = (refusal: Refusal): void => {
    newest[count % remembered] = { refusal, at: clock() };
    count += 1;
  };

  return {
    note,

    record(refusal) {
      // Until the log has it, it is found here.
      note(refusal);
      const { requestId, status, reason, actor, target, organizationId, detail } = refusal;
      audit
        .append([
          {
            entry: {
              actor,
              action: 'request.refused',
              target,
              outcome: 'refused',
              requestId,
              ...(organizationId !== undefined && { organizationId }),
              detail: { ...detail, status, reason },
            },
          },
        ])
        .catch(onUnrecorded);
    },

    async explain(requestId) {
      const noted = newest.find(({ refusal }) => refusal.requestId === requestId);
      if (noted) return explained(noted.refusal, noted.at);
      const recorded = (await audit.findByRequest(requestId)).find(
        ({ action }) => action === 'request.refused',
      );
      if (recorded) return explainRecord(recorded);
      throw new Failure(
        'not-found',
        'No refused request with this id is known here; the id is the X-Request-Id of the answer. Requests that succeeded are not explained, and of many that were refused in a row only the newest are kept.',
      );
    },
  };
}

function explained(refusal: Refusal, at: Millis): ExplainedRequest {
  const { requestId, status, reason, actor, target, organizationId, detail = {} } = refusal;
  return {
    requestId,
    at: new Date(at).toISOString(),
    status,
    reason,
    explanation: reasons[reason],
    actor,
    target,
    ...(organizationId !== undefined && { organizationId }),
    detail,
  };
}

function explainRecord(record: AuditRecord): ExplainedRequest {
  const { status, reason, ...detail } = record.detail ?? {};
  return {
    requestId: record.requestId ?? '',
    at: new Date(record.at).toISOString(),
    status: Number(status),
    reason: String(reason),
    explanation: Object.entries(reasons).find(([word]) => word === reason)?.[1] ?? String(reason),
    actor: record.actor,
    target: record.target,
    ...(record.organizationId !== undefined && { organizationId: record.organizationId }),
    detail,
  };
}
