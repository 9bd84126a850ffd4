/** Waiting for a run, but not for ever. */

import type { RunRecord } from '../store/contracts/runs.ts';
import type { StartedRun } from './contracts.ts';

/** The finished run, or undefined when the limit comes first; the run goes on. */
export async function finishedWithin(run: StartedRun, limitMs: number): Promise<RunRecord | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([run.finished, limit]);
  } finally {
    clearTimeout(timer);
  }
}
