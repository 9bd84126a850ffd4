/** Runs as the protocol shows them. */

import type { RunDetail, RunLogLine, RunRow } from '../protocol/runs.ts';
import type { LogLine, RunRecord, RunSummary } from '../store/contracts/runs.ts';

export function runRow(run: RunSummary): RunRow {
  return {
    id: run.id,
    workflowId: run.workflowId,
    status: run.status,
    triggeredBy: run.triggeredBy,
    ...(run.organizationId !== undefined && { organizationId: run.organizationId }),
    createdAt: new Date(run.createdAt).toISOString(),
    durationMs: runDurationMs(run),
    ...(run.retryOf !== undefined && { retryOf: run.retryOf }),
  };
}

export function runDetail(run: RunRecord): RunDetail {
  const isFinished = run.finishedAt !== undefined;
  return {
    ...runRow(run),
    // Until a run has finished, its input is stored as given; what is shown of it is scrubbed only after that.
    input: isFinished ? run.input : null,
    result: run.result ?? null,
    error: run.error ?? null,
    logs: run.logs.map(logRow),
    droppedLogBytes: run.droppedLogBytes,
  };
}

export function logRow({ at, level, message }: LogLine): RunLogLine {
  return { at: new Date(at).toISOString(), level, message };
}

/** Milliseconds from the run's beginning to its end; `null` until then. */
export function runDurationMs(run: RunSummary): number | null {
  return run.finishedAt === undefined ? null : run.finishedAt - (run.startedAt ?? run.createdAt);
}
