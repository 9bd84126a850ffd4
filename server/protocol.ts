/** The contract with editor and command line: every message, what goes with it and who answers; it imports only types. */

import type { AuditRow, AuditVerification, AuditWishParams, ExplainedRequest } from './protocol/audit.ts';
import type { BundlePreview, ExportedBundle, ImportedBundle, MadeBackup } from './protocol/bundles.ts';
import type { ConfigRow, ConfigTypeName } from './protocol/configs.ts';
import type {
  AddCredentialParams,
  CredentialRow,
  CredentialTest,
  ServiceRow,
} from './protocol/credentials.ts';
import type { DaemonStatus, WorkProgress } from './protocol/daemon.ts';
import type { CreateApiKeyParams, CreatedKey, CreateKeyParams, KeyRow } from './protocol/keys.ts';
import type { LintRow } from './protocol/lint.ts';
import type { OrganizationContents, OrganizationRow } from './protocol/organizations.ts';
import type { RunDetail, RunLogLine, RunRow, RunStatusName } from './protocol/runs.ts';
import type { SampleRow } from './protocol/samples.ts';
import type { RotatedSecretKey, SecretKeyCheck } from './protocol/secretKey.ts';
import type { Timestamp } from './protocol/time.ts';
import type { WorkflowRow } from './protocol/workflows.ts';

/** Raised when a message changes so that an older peer cannot use it. */
export const protocolVersion = 1;

/**
 * Requests from a client to the daemon: method → parameters and answer.
 * The daemon's table must have a handler for each, or it does not compile.
 */
export interface Requests {
  /** Editor and command line: what runs, where. */
  'workflowKeys/daemon/status': { params: null; result: DaemonStatus };
  /** Answered once the daemon takes no more requests; it ends when the runs in flight have. */
  'workflowKeys/daemon/stop': { params: null; result: null };

  /** D39's order. */
  'workflowKeys/keys/list': { params: null; result: KeyRow[] };
  'workflowKeys/keys/create': { params: CreateKeyParams; result: CreatedKey };
  /** An API key: scopes instead of one workflow (D3). */
  'workflowKeys/keys/createApi': { params: CreateApiKeyParams; result: CreatedKey };
  /** `overlapDays` 0–30, left out 7. The old key is `replaced`. */
  'workflowKeys/keys/rotate': {
    params: { id: string; overlapDays?: number };
    result: CreatedKey & { replaced: KeyRow };
  };
  /** D12: a workflow-specific key gets another workflow. */
  'workflowKeys/keys/rebind': { params: { id: string; workflowId: string }; result: KeyRow };
  /** By id. */
  'workflowKeys/keys/revoke': { params: { id: string }; result: KeyRow };
  /** W17: the workflows that a workflow-specific key can be made for. */
  'workflowKeys/keys/offeredWorkflows': { params: null; result: WorkflowRow[] };
  /** What the key may do, in each language. */
  'workflowKeys/keys/samples': { params: { id: string }; result: SampleRow[] };

  /** Without an organization: all scopes. With one: what it sees, its own before the global ones. */
  'workflowKeys/configs/list': { params: { organizationId?: string }; result: ConfigRow[] };
  'workflowKeys/configs/get': { params: { name: string; organizationId?: string }; result: ConfigRow };
  /**
   * `value` left out keeps the stored one (D31). With `reference` in its place, such as `env:STRIPE_KEY`, the value is
   * looked up at each read (D29); nothing but this message sets one.
   */
  'workflowKeys/configs/set': {
    params: {
      name: string;
      type: ConfigTypeName;
      value?: unknown;
      reference?: string;
      organizationId?: string;
      description?: string;
    };
    result: ConfigRow;
  };
  'workflowKeys/configs/unset': { params: { name: string; organizationId?: string }; result: null };

  /** Without an organization: all scopes. With one: what it sees. */
  'workflowKeys/credentials/list': { params: { organizationId?: string }; result: CredentialRow[] };
  'workflowKeys/credentials/add': { params: AddCredentialParams; result: CredentialRow };
  /** A new value; calls that are under way keep the old one (F13). */
  'workflowKeys/credentials/rotate': {
    params: { id: string; value: string; clientSecret?: string };
    result: CredentialRow;
  };
  /** Calls the service once, harmlessly (F9). */
  'workflowKeys/credentials/test': { params: { id: string }; result: CredentialTest };
  'workflowKeys/credentials/remove': { params: { id: string }; result: null };
  'workflowKeys/credentials/services': { params: null; result: ServiceRow[] };

  /** The dry run of a rotation: opens every secret, and changes nothing. */
  'workflowKeys/secretKey/check': { params: null; result: SecretKeyCheck };
  /** Exactly one of a `key` that the caller keeps (at least 32 characters) and `generate`, for the key file. */
  'workflowKeys/secretKey/rotate': {
    params: { key?: string; generate?: boolean };
    result: RotatedSecretKey;
  };
  /** Of the rotation that is under way, else `null`. */
  'workflowKeys/secretKey/progress': { params: null; result: WorkProgress | null };

  'workflowKeys/organizations/list': { params: null; result: OrganizationRow[] };
  'workflowKeys/organizations/add': { params: { id: string; name?: string }; result: OrganizationRow };
  /** The name; the id stays. */
  'workflowKeys/organizations/rename': { params: { id: string; name: string }; result: OrganizationRow };
  /** What a removal would take with it. */
  'workflowKeys/organizations/contents': { params: { id: string }; result: OrganizationContents };
  /** Revokes its keys and removes its configs and credentials; the answer says how many. */
  'workflowKeys/organizations/remove': { params: { id: string }; result: OrganizationContents };

  /** Everything portable: no key, and no value of a secret or credential (C21, D37). */
  'workflowKeys/bundles/export': { params: null; result: ExportedBundle };
  /** What importing this text would do. Refusals name the line. */
  'workflowKeys/bundles/preview': { params: { text: string }; result: BundlePreview };
  /** All or nothing; with `approved`, only what that preview has shown. */
  'workflowKeys/bundles/import': { params: { text: string; approved?: string }; result: ImportedBundle };

  /** Everything, as it is at one moment, into one new file; its secrets stay encrypted. `path` is absolute. */
  'workflowKeys/backups/write': { params: { path: string; replace?: boolean }; result: MadeBackup };
  /** Of the backup that is being written. */
  'workflowKeys/backups/progress': { params: null; result: WorkProgress | null };

  'workflowKeys/workflows/list': { params: null; result: WorkflowRow[] };
  /** For whom it runs where its key says nothing (D28); left out: for nobody, with the global configuration. */
  'workflowKeys/workflows/setOrganization': {
    params: { id: string; organizationId?: string };
    result: WorkflowRow;
  };
  /** Triggers the workflow, in each language. */
  'workflowKeys/workflows/samples': { params: { id: string }; result: SampleRow[] };
  /** Registers a trusted folder: it is remembered, watched, and its workflows can run. */
  'workflowKeys/folders/register': {
    params: { path: string; python?: string };
    result: { workflows: number };
  };
  'workflowKeys/folders/unregister': { params: { path: string }; result: null };

  /** Runs now and answers when it has finished, or with status Pending or Running past the wait limit. */
  'workflowKeys/runs/start': {
    params: { workflowId: string; input: Record<string, unknown>; organizationId?: string };
    result: RunDetail;
  };
  'workflowKeys/runs/list': {
    params: {
      workflowId?: string;
      status?: RunStatusName;
      /** As `triggeredBy` of the row, e.g. `key:<id>`. */
      triggeredBy?: string;
      organizationId?: string;
      /** Inclusive, and exclusive. */
      createdFrom?: Timestamp;
      createdTo?: Timestamp;
      /** Only runs older than this one. */
      before?: string;
      limit?: number;
    };
    result: RunRow[];
  };
  'workflowKeys/runs/show': { params: { id: string }; result: RunDetail };
  'workflowKeys/runs/cancel': { params: { id: string }; result: RunRow };
  /** Starts a finished run again with the same input (A11); the answer is the new run, which may not have begun. */
  'workflowKeys/runs/retry': { params: { id: string }; result: RunRow };
  /**
   * The log lines after the first `after`, as soon as there are any, with the row once the run has ended and all lines
   * were given. Both are empty after 10 s without news; then ask again.
   */
  'workflowKeys/runs/follow': {
    params: { id: string; after: number };
    result: { lines: RunLogLine[]; ended: RunRow | null };
  };

  /** Diagnostics of every workflow file of a folder, registered or not. Parsed only, never run. */
  'workflowKeys/language/lint': { params: { path: string; organizationId?: string }; result: LintRow[] };
  /** The organization for which this client's diagnostics are computed; left out: global. */
  'workflowKeys/language/chooseOrganization': { params: { organizationId?: string }; result: null };

  /** The true reason of a 401, 403, 404, 415, 421 or 429 (D44), by the answer's `X-Request-Id`. */
  'workflowKeys/requests/explain': { params: { requestId: string }; result: ExplainedRequest };

  /** The newest that match, oldest first; with `after` the oldest after it, whatever they are. */
  'workflowKeys/audit/list': {
    params: { after?: number; limit?: number; since?: Timestamp } & AuditWishParams;
    result: AuditRow[];
  };
  /**
   * The lines after `after` that match, as soon as there are any, and the line up to which all were looked at.
   * Empty after 10 s without news; then ask again.
   */
  'workflowKeys/audit/follow': {
    params: { after: number } & AuditWishParams;
    result: { rows: AuditRow[]; last: number };
  };
  'workflowKeys/audit/verify': { params: null; result: AuditVerification };
}

export type Method = keyof Requests;

/** What can have changed. */
export type ChangedNoun = 'keys' | 'configs' | 'credentials' | 'organizations' | 'workflows' | 'runs';

/** Notifications from the daemon to every client. */
export interface Notifications {
  /** Views read again what is named. */
  'workflowKeys/changed': { nouns: ChangedNoun[] };
}

/** A failure on the wire: JSON-RPC error whose `data.code` is a code of `errors.ts`. */
export interface WireError {
  code: string;
}
