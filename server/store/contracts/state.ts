/** What every engine of the state must do: it is small, in memory and transactional. */

import type { AuditEntry } from './audit.ts';
import type {
  ApiKeyRecord,
  ConfigRecord,
  CredentialRecord,
  FolderRecord,
  MetaRecord,
  OrganizationRecord,
  WorkflowSettingsRecord,
} from './records.ts';

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
