/** What every store engine must do: state (small, in memory, transactional) and history (grows, paged). */

/** Milliseconds since the epoch. */
export type Millis = number;

export interface OrganizationRecord {
  /** Stable id, e.g. `acme`. */
  id: string;
  name: string;
  createdAt: Millis;
}

export interface ApiKeyRecord {
  id: string;
  /** D3: workflow keys hold a workflow's slot, API keys have scopes. */
  kind: 'workflow' | 'api';
  /** `bk_live_`, `wfk_`, or what an administrator chose (D2). */
  prefix: string;
  /** SHA-256 of the whole key in hex; absent once revoked (D25). */
  hash?: string;
  lastFour: string;
  /** W12–W14 for workflow keys, the name for API keys. */
  description: string;
  /** The one workflow of a workflow-specific key; absent for a global key and for API keys. */
  workflowId?: string;
  /** API keys: canonical scopes (D14). */
  scopes?: string[];
  /** API keys: allow-list of workflow ids; absent means all. */
  workflowIds?: string[];
  organizationId?: string;
  createdAt: Millis;
  createdBy: string;
  /** Absent means never. */
  expiresAt?: Millis;
  /** Once it was rotated: the end of its overlap, never later than `expiresAt`. */
  endsAt?: Millis;
  /** Ids of the key before it and of the one after it. */
  rotatedFrom?: string;
  replacedBy?: string;
  revokedAt?: Millis;
}

export type ConfigType = 'string' | 'int' | 'bool' | 'json' | 'secret';

export interface ConfigRecord {
  id: string;
  /** D36. */
  name: string;
  /** Absent means the global scope. */
  organizationId?: string;
  type: ConfigType;
  /** The plain value, or the Fernet token of a secret; absent when the row needs a value (D37). */
  value?: unknown;
  /** Of a secret whose token holds a reference (D29): its kind, to be shown. Which it is only the token says. */
  reference?: 'env' | 'file' | 'command';
  description?: string;
  updatedAt: Millis;
  updatedBy: string;
}

/** What a credential is for and where it goes: all of it but its value. */
export interface CredentialShape {
  /** As configs are named (D36); what workflow code asks for. */
  name: string;
  /** Absent means the global scope. */
  organizationId?: string;
  /** Id of a service in `connections/services.ts`. */
  service: string;
  auth: 'api-key' | 'bearer' | 'basic' | 'client-credentials' | 'refresh-token';
  /** Where the value goes: a header, with the scheme before it if there is one, or a query parameter (D43, F8). */
  header?: string;
  prefix?: string;
  queryParameter?: string;
  /** Where it may be sent, as `hosts.ts` reads it. */
  hosts: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  oauthScope?: string;
}

/** D17: what an outgoing call is made with. */
export interface CredentialRecord extends CredentialShape {
  id: string;
  /** The Fernet token of the value, and of the client secret of `refresh-token`. */
  value: string;
  clientSecret?: string;
  createdAt: Millis;
  updatedAt: Millis;
  updatedBy: string;
}

export interface FolderRecord {
  /** The folder's absolute path is its id. */
  id: string;
  /** Interpreter chosen for this folder; absent means the daemon's default. */
  python?: string;
  registeredAt: Millis;
}

/** What of a workflow's decorator is overridden (A6); absent members are the decorator's. */
export interface EndpointSettings {
  endpointEnabled?: boolean;
  publicEndpoint?: boolean;
  disableGlobalKey?: boolean;
  allowedMethods?: string[];
  executionMode?: 'sync' | 'async';
  timeoutSeconds?: number;
  /** Whose runs these are where the key says nothing (D28); no decorator says it. */
  organizationId?: string;
}

export interface WorkflowSettingsRecord extends EndpointSettings {
  /** The workflow's id. */
  id: string;
  updatedAt: Millis;
  updatedBy: string;
}

export interface MetaRecord {
  id: string;
  value: string;
}

/** The collections of the state. Every record has an `id`. */
export interface Collections {
  organizations: OrganizationRecord;
  keys: ApiKeyRecord;
  configs: ConfigRecord;
  credentials: CredentialRecord;
  workflowSettings: WorkflowSettingsRecord;
  folders: FolderRecord;
  /** Small facts about the store itself, e.g. the key-check value of the vault (D6). */
  meta: MetaRecord;
}
export type CollectionName = keyof Collections;

/** Fields that engines keep an index for, so that `findBy` costs the same at 100 and 100,000 records. */
export const indexedFields = {
  keys: ['hash', 'workflowId'],
  configs: ['name'],
  credentials: ['name'],
} as const satisfies { [C in CollectionName]?: readonly (keyof Collections[C])[] };
export type IndexedField<C extends CollectionName> = C extends keyof typeof indexedFields
  ? (typeof indexedFields)[C][number]
  : never;

export interface StateReader {
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>;
  /** All records, in order of insertion. The array is the caller's; the records must not be changed. */
  list<C extends CollectionName>(collection: C): Promise<Collections[C][]>;
  findBy<C extends CollectionName>(
    collection: C,
    field: IndexedField<C>,
    value: string,
  ): Promise<Collections[C][]>;
}

export interface StateTransaction extends StateReader {
  put<C extends CollectionName>(collection: C, record: Collections[C]): void;
  remove(collection: CollectionName, id: string): void;
  /** The audit record of this change; a transaction that writes without one is refused (D34). */
  audit(entry: AuditEntry): void;
}

/**
 * Organizations, keys, configs, folders.
 *
 * Guarantees: transactions are serialised; one that resolves is durable; one that rejects changed nothing;
 * readers see only whole, durable transactions; the audit records of a transaction are durable before its change.
 */
export interface State extends StateReader {
  /** Number of the newest durable transaction. */
  readonly revision: number;
  transact<T>(change: (tx: StateTransaction) => Promise<T>): Promise<T>;
  /**
   * The whole state as one document, and what `meanwhile` gives: while that runs nothing changes, and the audit records
   * of all changes up to this revision are written, and of none after it. Brief, since every change waits for it.
   */
  freeze<T>(meanwhile: () => Promise<T>): Promise<FrozenState & { meanwhile: T }>;
  close(): Promise<void>;
}

export interface FrozenState {
  revision: number;
  /** As the engine reads it again. */
  document: Uint8Array;
}

/** Makes audit records durable, before the change that leads to `revision`; rejects when it cannot (D34). */
export type AuditWriter = (entries: { entry: AuditEntry; revision: number }[]) => Promise<void>;

/** What the caller says of something that happened. Invariant: no value, secret or key in any field. */
export interface AuditEntry {
  /** Who: `editor`, `cli`, `key:<id>`, `run:<id>`, `daemon`, or an address for a refused request. */
  actor: string;
  /** Noun and verb, e.g. `key.created`, `key.revoked`, `secret.read`, `request.refused`. */
  action: string;
  /** The thing involved, e.g. a key's id or a config's name. */
  target: string;
  outcome: 'ok' | 'refused' | 'failed' | 'aborted';
  organizationId?: string;
  requestId?: string;
  runId?: string;
  /** The true reason of a refusal (D9), a workflow id, and the like. */
  detail?: Record<string, string | number | boolean>;
}

/** A line of the chained audit log. */
export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3, … without gaps. */
  seq: number;
  at: Millis;
  /**
   * Revision of the state that this change leads to; absent when the state does not change.
   * In a `change.aborted` record: the revision that never came.
   */
  revision?: number;
  previousHash: string;
  /** Hex SHA-256 over the previous hash and this record. */
  hash: string;
}

export type RunStatus =
  | 'Pending'
  | 'Running'
  | 'Success'
  | 'Failed'
  | 'Timeout'
  | 'Cancelled'
  | 'Interrupted';

export interface LogLine {
  at: Millis;
  /** `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL` from logging; `stdout`, `stderr` from print and writes. */
  level: string;
  message: string;
}

export interface RunError {
  /** Python class name, or one of the daemon's own: `Timeout`, `Cancelled`, `Crashed`. */
  type: string;
  message: string;
  traceback?: string;
}

export interface RunRecord {
  id: string;
  workflowId: string;
  folder: string;
  organizationId?: string;
  /** Who started it: `key:<id>`, `editor`, `cli`, `public`. */
  triggeredBy: string;
  mode: 'sync' | 'async';
  status: RunStatus;
  createdAt: Millis;
  startedAt?: Millis;
  finishedAt?: Millis;
  /** As given until the run has finished (an accepted run must survive a crash), scrubbed after it. */
  input: Record<string, unknown>;
  result?: unknown;
  error?: RunError;
  logs: LogLine[];
  /** Log bytes that were dropped over the limit. */
  droppedLogBytes: number;
  /** The run that this one repeats (A11). */
  retryOf?: string;
  /** A secret was taken out of `input`, which is no longer what the run was given. */
  inputScrubbed?: true;
  /** By which a caller's second request is recognised as the first one. */
  once?: OnceMark;
}

export interface OnceMark {
  /** The idempotency key that the caller has chosen. */
  key: string;
  /** Hex SHA-256 of the request's body. */
  bodyHash: string;
}

/** A run as lists show it: without what may be large. */
export type RunSummary = Omit<RunRecord, 'input' | 'result' | 'error' | 'logs' | 'once'>;

export interface RunFilter {
  workflowId?: string;
  status?: RunStatus;
  organizationId?: string;
  triggeredBy?: string;
  /** Inclusive. */
  createdFrom?: Millis;
  /** Exclusive. */
  createdTo?: Millis;
  /** Only runs older than this run, for paging; none when there is no such run. */
  before?: string;
  limit: number;
}

export interface AuditHead {
  seq: number;
  hash: string;
  /** Over both of them, with a key that is not in the history; absent while that key was not known. */
  seal?: string;
}

/** Oldest first unless `newestFirst`; `after` and `before` are exclusive bounds of `seq`. */
export interface AuditFilter {
  after?: number;
  before?: number;
  limit: number;
  newestFirst?: boolean;
  /** Only records with a `revision`. */
  changesOnly?: boolean;
}

/**
 * Runs, the audit log and keys' last use.
 *
 * Guarantees: a promise that resolves is durable; waiting rows share one transaction; a failed write rejects
 * every row that shared it and leaves none of them behind.
 */
export interface History {
  /** With `inputScrubbed`, what an earlier record of the run had as its input is not left behind in any file. */
  putRun(run: RunRecord): Promise<void>;
  /**
   * Notes that a run goes on: seen by readers at once, written soon, and not at all when `putRun` of the same run
   * comes first. Nobody is told when it is written, or that it could not be.
   */
  noteRun(run: RunRecord): void;
  getRun(id: string): Promise<RunRecord | undefined>;
  /** Newest first, by creation and then by id. */
  listRuns(filter: RunFilter): Promise<RunSummary[]>;
  /** The newest run that this caller has started of this workflow with this key, unless it is older. */
  findOnce(wanted: {
    idempotencyKey: string;
    triggeredBy: string;
    workflowId: string;
    createdFrom: Millis;
  }): Promise<RunRecord | undefined>;
  /** Runs that were `Pending` or `Running` when the daemon last stopped, oldest first. */
  unfinishedRuns(): Promise<RunRecord[]>;

  /**
   * In the order of the calls; all or none. A `seq` that does not follow the newest is refused (`conflict`).
   * `seal` is of the head that the last record makes.
   */
  appendAudit(records: AuditRecord[], seal?: string): Promise<void>;
  lastAudit(): Promise<AuditRecord | undefined>;
  /**
   * Number and hash of the newest record, kept apart from the records and written together with them:
   * it still says how far the log went when its last records were removed.
   */
  auditHead(): Promise<AuditHead | undefined>;
  listAudit(filter: AuditFilter): Promise<AuditRecord[]>;
  /**
   * Oldest first, from the very first one unless `after` is given; rejects with `data-damaged` when one of them is
   * not byte for byte what was appended.
   */
  listAuditExactly(filter: { after?: number; limit: number }): Promise<AuditRecord[]>;
  findAuditByRequest(requestId: string): Promise<AuditRecord[]>;

  /** Last use of keys, by key id. Not acknowledged to anybody, so written without waiting for the disk. */
  saveLastUsed(lastUsed: ReadonlyMap<string, Millis>): Promise<void>;
  loadLastUsed(): Promise<Map<string, Millis>>;

  /** Holds on to all that was written up to now, while the history goes on. */
  pin(): Promise<PinnedHistory>;
  close(): Promise<void>;
}

/** A history as it was at one moment. To be closed, since until then nothing of it is given up. */
export interface PinnedHistory {
  /**
   * Copies it into the empty file at `path`, a part at a time, so that nobody waits for it.
   * Rejects with whatever the disk has to say.
   */
  copyTo(path: string, onProgress: (progress: CopyProgress) => void): Promise<void>;
  close(): void;
}

export interface CopyProgress {
  done: number;
  total: number;
}
