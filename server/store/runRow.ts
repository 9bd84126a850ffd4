/** A run as a row of SQLite and back; it does not know the database. */

import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

import type { RunRecord, RunSummary } from './contracts/runs.ts';

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

/** The statement gives rows as arrays, which are read in half the time. */
export function withArrays(statement: StatementSync): StatementSync {
  statement.setReturnArrays(true);
  return statement;
}

/** `row` holds all of `runColumns`, as `withArrays` gives it. Throws a SyntaxError when it was damaged. */
export function runFromRow(row: object): RunRecord {
  const [key, bodyHash, input, result, error, logs] = (row as SQLOutputValue[]).slice(summaryColumns.length);
  const run: RunRecord = {
    ...summaryFromRow(row),
    input: JSON.parse(String(input)),
    logs: logs === null ? [] : JSON.parse(String(logs)),
  };
  if (result !== null) run.result = JSON.parse(String(result));
  if (error !== null) run.error = JSON.parse(String(error));
  if (key !== null) run.once = { key: String(key), bodyHash: String(bodyHash) };
  return run;
}

/** `row` holds at least `summaryColumns`, as `withArrays` gives it. */
export function summaryFromRow(row: object): RunSummary {
  const [id, workflowId, folder, organizationId, triggeredBy, mode, status, ...others] =
    row as SQLOutputValue[];
  const [createdAt, startedAt, finishedAt, droppedLogBytes, retryOf, inputScrubbed] = others;
  const run: RunSummary = {
    id: String(id),
    workflowId: String(workflowId),
    folder: String(folder),
    triggeredBy: String(triggeredBy),
    mode: mode as RunRecord['mode'],
    status: status as RunRecord['status'],
    createdAt: Number(createdAt),
    droppedLogBytes: Number(droppedLogBytes),
  };
  if (organizationId !== null) run.organizationId = String(organizationId);
  if (startedAt !== null) run.startedAt = Number(startedAt);
  if (finishedAt !== null) run.finishedAt = Number(finishedAt);
  if (retryOf !== null) run.retryOf = String(retryOf);
  if (Number(inputScrubbed) === 1) run.inputScrubbed = true;
  return run;
}
