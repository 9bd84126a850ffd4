/** Runs that did not come to an end of their own: why, and what their records say of it. */

import type { RunStatusName } from '../protocol/runs.ts';
import type { RunRecord } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';

/** Why a run was ended from outside. */
export type EndedStatus = Extract<RunStatusName, 'Timeout' | 'Cancelled' | 'Interrupted'>;

export function describeEnd(
  status: EndedStatus,
  timeoutSeconds: number,
): { type: EndedStatus; message: string } {
  switch (status) {
    case 'Timeout':
      return {
        type: status,
        message: `The run was ended after its limit of ${timeoutSeconds} s; raise timeout_seconds in its decorator if it needs more.`,
      };
    case 'Cancelled':
      return { type: status, message: 'The run was cancelled.' };
    case 'Interrupted':
      return {
        type: status,
        message: 'The daemon stopped before the run had ended; start it again if it is needed.',
      };
  }
}

/** The last record of a run that an earlier daemon has left; `workflowGone`: it would have begun now. */
export function interrupted(record: RunRecord, workflowGone: boolean, now: Millis): RunRecord {
  const error = describeEnd('Interrupted', 0);
  if (workflowGone) {
    error.message = `The daemon stopped before the run began, and workflow ${record.workflowId} is not there any more.`;
  }
  return { ...record, status: 'Interrupted', finishedAt: now, error };
}
