/** The records of runs, and what they are looked for by. */

import type { RunStatusName } from '../../protocol/runs.ts';
import type { Millis } from './time.ts';

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
  status: RunStatusName;
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
  status?: RunStatusName;
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
