/** Runs: their states, their rows, and everything about one. */

import type { Timestamp } from './time.ts';

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
