/** A run as a row of SQLite and back; it does not know the database. */

import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';

import type { RunRecord, RunSummary } from './contracts.ts';

/** Those of a summary. The large ones stand after them, so that lists need not read past them. */
export const summaryColumns = [
  'id',
  'workflow_id',
  'folder',
  'organization_id',
  'triggered_by',
  'mode',
  'status',
  'created_at',
  'started_at',
  'finished_at',
  'dropped_log_bytes',
  'retry_of',
  'input_scrubbed',
] as const;

/** In the order of `runToRow`; the id stands first. */
export const runColumns = [
  ...summaryColumns,
  'idempotency_key',
  'body_hash',
  'input',
  'result',
  'error',
  'logs',
] as const;

type SummaryRow = Record<(typeof summaryColumns)[number], SQLOutputValue>;
type RunRow = Record<(typeof runColumns)[number], SQLOutputValue>;

/** NULL is absent; a result of `null` is the text `null`. Throws a TypeError for what JSON cannot hold. */
export function runToRow(run: RunRecord): SQLInputValue[] {
  return [
    run.id,
    run.workflowId,
    run.folder,
    run.organizationId ?? null,
    run.triggeredBy,
    run.mode,
    run.status,
    run.createdAt,
    run.startedAt ?? null,
    run.finishedAt ?? null,
    run.droppedLogBytes,
    run.retryOf ?? null,
    run.inputScrubbed ? 1 : 0,
    run.once?.key ?? null,
    run.once?.bodyHash ?? null,
    JSON.stringify(run.input),
    run.result === undefined ? null : JSON.stringify(run.result),
    run.error === undefined ? null : JSON.stringify(run.error),
    run.logs.length === 0 ? null : JSON.stringify(run.logs),
  ];
}

/** `row` holds all of `runColumns`. Throws a SyntaxError when it was damaged. */
export function runFromRow(row: Record<string, SQLOutputValue>): RunRecord {
  const columns = row as RunRow;
  const { idempotency_key: idempotencyKey, body_hash: bodyHash } = columns;
  return {
    ...summaryFromRow(row),
    input: JSON.parse(String(columns.input)),
    ...(columns.result !== null && { result: JSON.parse(String(columns.result)) }),
    ...(columns.error !== null && { error: JSON.parse(String(columns.error)) }),
    logs: columns.logs === null ? [] : JSON.parse(String(columns.logs)),
    ...(idempotencyKey !== null && {
      once: { key: String(idempotencyKey), bodyHash: String(bodyHash) },
    }),
  };
}

/** `row` holds all of `summaryColumns`. */
export function summaryFromRow(row: Record<string, SQLOutputValue>): RunSummary {
  const columns = row as SummaryRow;
  return {
    id: String(columns.id),
    workflowId: String(columns.workflow_id),
    folder: String(columns.folder),
    ...(columns.organization_id !== null && { organizationId: String(columns.organization_id) }),
    triggeredBy: String(columns.triggered_by),
    mode: columns.mode as RunRecord['mode'],
    status: columns.status as RunRecord['status'],
    createdAt: Number(columns.created_at),
    ...(columns.started_at !== null && { startedAt: Number(columns.started_at) }),
    ...(columns.finished_at !== null && { finishedAt: Number(columns.finished_at) }),
    droppedLogBytes: Number(columns.dropped_log_bytes),
    ...(columns.retry_of !== null && { retryOf: String(columns.retry_of) }),
    ...(Number(columns.input_scrubbed) === 1 && { inputScrubbed: true }),
  };
}
