/** The contract with editor and command line: messages, rows and versions; it imports nothing. */

/** Raised when a message changes so that an older peer cannot use it. */
export const protocolVersion = 1;

/** What `daemon.json` says to whoever looks for a running daemon (0600, in the data directory). */
export interface DaemonFile {
  pid: number;
  version: string;
  protocolVersion: number;
  /** Path of the local socket (a pipe name on Windows). */
  socket: string;
  /** Path of the 0600 file with the token: 64 hex characters that a client sends, with "\n", before anything else. */
  tokenFile: string;
  url: string;
  startedAt: string;
}

/** Times on the wire are ISO 8601 in UTC. */
export type Timestamp = string;

export interface DaemonStatus {
  pid: number;
  version: string;
  protocolVersion: number;
  url: string;
  dataDirectory: string;
  startedAt: Timestamp;
  folders: string[];
  clients: number;
  activeRuns: number;
  memoryBytes: number;
  /** Whether stored secrets open with the present secret key (D6). */
  secretKey: 'ok' | 'wrong';
}

/** A key as it may be shown: never the key itself (W7, W22). */
export interface KeyRow {
  id: string;
  kind: 'workflow' | 'api';
  /** W5: a global key, or one workflow's. */
  global: boolean;
  workflowId?: string;
  description: string;
  /** D23, e.g. `bk_live_••••1a2b`. */
  masked: string;
  organizationId?: string;
  /** API keys: what it may do, in the canonical names (D14). */
  scopes?: string[];
  /** API keys: the only workflows that it may run; absent means all (F19). */
  workflowIds?: string[];
  createdAt: Timestamp;
  lastUsedAt: Timestamp | null;
  /** `null`: never (W10). */
  expiresAt: Timestamp | null;
  /** A key that was rotated is refused from here on, which is never after its expiration. */
  endsAt?: Timestamp;
  /** Past its expiration, or past `endsAt`. */
  expired: boolean;
  /** A15: older than 90 days, and neither expired nor replaced. */
  rotationDue: boolean;
  /** Ids of the key before it and of the one after it. */
  rotatedFrom?: string;
  replacedBy?: string;
  /** W31: the workflow no longer exists. */
  orphaned: boolean;
  /** D12: the workflow exists, but its endpoint is switched off. */
  endpointOff: boolean;
}

/** D14: the canonical names. */
export const scopes = [
  'workflows:read',
  'workflows:write',
  'workflows:execute',
  'runs:read',
  'connections:read',
  'connections:write',
  'configs:read',
  'configs:write',
  'keys:read',
  'keys:write',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

/** W18; `null` is Never. */
export type ExpiresInDays = 30 | 60 | 90 | 180 | 365 | null;
export const expirationChoices: readonly ExpiresInDays[] = [null, 30, 60, 90, 180, 365];
/** W19. */
export const defaultExpiresInDays = 90;
/** W13, D24: code points after trimming. */
export const maxDescriptionLength = 32;
/** D24: an API key's name, counted the same way. */
export const maxKeyNameLength = 100;
/** API keys live for any whole number of days up to this, or for ever. */
export const maxExpiresInDays = 3650;
/** For so many days a rotated key and its successor are both valid. */
export const maxOverlapDays = 30;
export const defaultOverlapDays = 7;
/** C12, D32: how the editor shows a secret. */
export const secretMask = '••••••';
/** D32: how HTTP and the command line show a secret. */
export const secretPlaceholder = '[SECRET]';
/** D36. */
export const configNamePattern = /^[A-Za-z0-9_.-]{1,255}$/;

export interface CreateKeyParams {
  description: string;
  global: boolean;
  /** Required when not global, ignored when it is (W16). */
  workflowId?: string;
  /** Left out: 90 days (D22). */
  expiresInDays?: ExpiresInDays;
  organizationId?: string;
}

export interface CreateApiKeyParams {
  /** F17. */
  name: string;
  /** In either vocabulary; at least one (D14, A16). */
  scopes: string[];
  /** Left out: all workflows (F19). */
  workflowIds?: string[];
  /** 1–3650, or `null` for never. Left out: 90 days (D22, F30). */
  expiresInDays?: number | null;
  organizationId?: string;
}

/** The only answer that ever holds a key (W20, W21). */
export interface CreatedKey {
  row: KeyRow;
  key: string;
  curl: string;
}

/** A4. */
export const sampleLanguages = ['curl', 'javascript', 'typescript', 'python'] as const;
export type SampleLanguage = (typeof sampleLanguages)[number];

/** A program that makes one request; the key comes from its environment (A13, A22). */
export interface SampleRow {
  language: SampleLanguage;
  /** A name for it, e.g. `sample.py`. */
  file: string;
  code: string;
  /** A public workflow's needs none (D13). */
  needsKey: boolean;
}

export type ConfigTypeName = 'string' | 'int' | 'bool' | 'json' | 'secret';

/** D29: where the value of a secret is when it is not stored. */
export type ReferenceKind = 'env' | 'file' | 'command';

export interface ConfigRow {
  name: string;
  type: ConfigTypeName;
  /** A secret that refers to a value elsewhere; to what exactly is not shown. */
  reference?: ReferenceKind;
  /** Absent: the global scope. */
  organizationId?: string;
  /** The value; `[SECRET]` for a secret; `null` when a value is needed (D32, D37). */
  value: unknown;
  needsValue: boolean;
  description?: string;
  updatedAt: Timestamp;
  updatedBy: string;
}

export type CredentialAuth = 'api-key' | 'bearer' | 'basic' | 'client-credentials' | 'refresh-token';

/** A credential for outgoing calls as it may be shown: never its value (D17). */
export interface CredentialRow {
  id: string;
  /** What workflow code asks for. */
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  /** Id of a service of `workflowKeys/credentials/services`. */
  service: string;
  auth: CredentialAuth;
  /** Always `[SECRET]` (D32). */
  value: string;
  /** Where the value goes: a header, with `prefix` before it if there is one, or a query parameter. */
  header?: string;
  prefix?: string;
  queryParameter?: string;
  /** Where it may be sent, e.g. `api.stripe.com`, `*.atlassian.net`, `http://10.0.0.5:8080`. */
  hosts: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  oauthScope?: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  updatedBy: string;
}

/** What is left out is the service's own. */
export interface AddCredentialParams {
  name: string;
  service: string;
  auth?: CredentialAuth;
  /** The key or token; `user:password` for `basic`; the client secret or the refresh token for OAuth. */
  value: string;
  /** Of `refresh-token`, where the client has one. */
  clientSecret?: string;
  organizationId?: string;
  header?: string;
  /** Empty: the value stands alone. */
  prefix?: string;
  /** The value goes here instead of into a header (F8). */
  queryParameter?: string;
  hosts?: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  oauthScope?: string;
}

/** D42; never holds the value. */
export interface CredentialTest {
  outcome: 'good' | 'bad' | 'inconclusive';
  /** Of the service's answer. */
  status?: number;
  message: string;
}

/** A service that credentials are for (F3, F4). */
export interface ServiceRow {
  id: string;
  name: string;
  /** Where its credentials may be sent; empty: the user says. */
  hosts: string[];
  /** What it supports, the usual first, and where the value goes. */
  auth: { auth: CredentialAuth; header: string; prefix: string }[];
  testUrl?: string;
  tokenUrl?: string;
  oauthScope?: string;
}

/** What a rotation of the secret key would do (D7). */
export interface SecretKeyCheck {
  /** Where the present key is from: `BIFROST_SECRET_KEY`, or a file of the data directory. */
  source: 'environment' | 'file';
  secrets: number;
  credentials: number;
  /** What does not open with the present key, by name and scope; a rotation is refused as long as there is any. */
  unreadable: string[];
}

export interface RotatedSecretKey {
  secrets: number;
  credentials: number;
  /** Everything was sealed with that key before. */
  alreadyDone: boolean;
  /** Where the next start of the daemon finds the new key. */
  keptIn: 'environment' | 'file';
}

/** How far a long piece of work is. */
export interface WorkProgress {
  done: number;
  total: number;
}

/** A backup that was written. */
export interface MadeBackup {
  /** Absolute. */
  path: string;
  /** Of the state. */
  revision: number;
  /** Where the key of its secrets is, which is not in it. */
  keySource: 'environment' | 'file';
}

export interface OrganizationRow {
  id: string;
  name: string;
  createdAt: Timestamp;
}

/** How much belongs to an organization, and goes with it. */
export interface OrganizationContents {
  /** Not revoked yet. */
  keys: number;
  configs: number;
  credentials: number;
  /** Those that run for it (D28); without it they are refused. */
  workflows: number;
}

/** Zero-based, as in LSP. */
export interface SourceRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

export interface WorkflowRow {
  /** The name (D45). */
  id: string;
  functionName: string;
  folder: string;
  /** Absolute path. */
  file: string;
  range: SourceRange;
  description?: string;
  category?: string;
  tags: string[];
  endpointEnabled: boolean;
  publicEndpoint: boolean;
  disableGlobalKey: boolean;
  allowedMethods: string[];
  executionMode: 'sync' | 'async';
  timeoutSeconds: number;
  /** For whom it runs where its key says nothing (D28). */
  organizationId?: string;
  parameters: { name: string; annotation?: string; required: boolean }[];
  /** The function has `**kwargs`: any further input is passed on. */
  acceptsExtra: boolean;
  /** D45: two workflows have this name; neither runs. */
  duplicate: boolean;
  url: string;
}

export const runStatuses = [
  'Pending',
  'Running',
  'Success',
  'Failed',
  'Timeout',
  'Cancelled',
  'Interrupted',
] as const;
export type RunStatusName = (typeof runStatuses)[number];

export interface RunRow {
  id: string;
  workflowId: string;
  status: RunStatusName;
  triggeredBy: string;
  organizationId?: string;
  createdAt: Timestamp;
  durationMs: number | null;
  /** The run that this one repeats (A11). */
  retryOf?: string;
}

export interface RunLogLine {
  at: Timestamp;
  /** `INFO` and its like from logging; `stdout` or `stderr`. */
  level: string;
  message: string;
}

/** Everything in it is scrubbed. */
export interface RunDetail extends RunRow {
  input: unknown;
  result: unknown;
  error: { type: string; message: string; traceback?: string } | null;
  logs: RunLogLine[];
  droppedLogBytes: number;
}

export interface AuditWishParams {
  /** `secret.read`, or a noun such as `secret` for all of its actions. */
  action?: string;
  target?: string;
}

export interface AuditVerification {
  /** How many were found good, from the first on. */
  records: number;
  firstBad: { seq: number; reason: string } | null;
  /** Since this line a key seals the log; `null`: the key is not known. */
  sealedFrom: number | null;
  /** Lines that were written while the secret key was another one; absent where there are none. */
  unsealed?: { from: number; to: number }[];
}

export interface AuditRow {
  seq: number;
  at: Timestamp;
  actor: string;
  action: string;
  target: string;
  outcome: string;
  organizationId?: string;
  requestId?: string;
  runId?: string;
  detail?: Record<string, string | number | boolean>;
}

/** A portable bundle (C21), and what is not in it. */
export interface ExportedBundle {
  /** YAML; the same state gives the same text. */
  text: string;
  organizations: number;
  configs: number;
  credentials: number;
  workflows: number;
  leftOut: {
    secretValues: number;
    credentialValues: number;
    /** Of credentials, where they may hold more than an address. */
    testAddresses: number;
    keys: number;
    folders: number;
  };
  /** Plain values that are in the text under the names of secrets. */
  suspects: string[];
}

/** What an import does with one row of a bundle. */
export interface BundleItem {
  kind: 'organization' | 'config' | 'credential' | 'workflow';
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  /** Of a config. */
  type?: ConfigTypeName;
  /** A refused row keeps the whole bundle out. */
  change: 'new' | 'changed' | 'unchanged' | 'refused';
  /** It is without its value after the import (D37). */
  needsValue: boolean;
  /** What changes, or why not; never what a secret holds. */
  detail?: string;
}

export interface BundlePreview {
  /** Of exactly these changes, for `approved`. */
  id: string;
  items: BundleItem[];
}

/** What is to be typed after an import (C22); a credential is made with its value. */
export type NeededValue =
  | { kind: 'config'; name: string; organizationId?: string; type: ConfigTypeName; description?: string }
  | ({ kind: 'credential' } & Omit<AddCredentialParams, 'value' | 'clientSecret'> &
      Required<Pick<AddCredentialParams, 'auth' | 'hosts'>>);

export interface ImportedBundle {
  items: BundleItem[];
  needed: NeededValue[];
}

/** Why a request was refused: what the caller was not told. */
export interface ExplainedRequest {
  requestId: string;
  at: Timestamp;
  status: number;
  /** One stable word, e.g. `expired`. */
  reason: string;
  /** The reason as a sentence that says what to do. */
  explanation: string;
  /** `key:<id>`, or an address. */
  actor: string;
  /** Method and address. */
  target: string;
  organizationId?: string;
  detail: Record<string, string | number | boolean>;
}

/** 1-based, files relative to the folder, as `lint --format json` prints them. */
export interface LintRow {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  code: string;
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
}

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
