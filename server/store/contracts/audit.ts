/** What the audit log keeps of an event, and how its lines hang together. */

import type { Millis } from './time.ts';

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
