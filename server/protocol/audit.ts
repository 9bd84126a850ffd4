/** Lines of the audit log, its verification, and why a request was refused. */

import type { Timestamp } from './time.ts';

export interface AuditWishParams {
  /** `secret.read`, or a noun such as `secret` for all of its actions. */
  action?: string;
  target?: string;
}

export interface AuditVerification {
  /** How many were found good, from the first on. */
  records: number;
  /** The first line that was edited, moved or taken away, as far as can be told. */
  firstBad: { seq: number; reason: string } | null;
  /**
   * Since this line a key seals the log, so that whatever was changed after it is seen.
   * `null`: the key is not known, and who can write the log's file could have made all of it anew.
   */
  sealedFrom: number | null;
  /** Written while the secret key was another one, so that their writer cannot be told; absent where there are none. */
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
