/** What a run's process is told to do; it holds no key, no socket and no secret. */

import type { RunRequest } from './contracts.ts';

/** The frame that starts the one run of a process, see `python/bifrost/_host/run.py`. */
export function makeOrder(
  { workflow, organization, input, principal, publicUrl }: RunRequest,
  runId: string,
  { maxLogBytes, maxResultBytes }: { maxLogBytes: number; maxResultBytes: number },
): object {
  return {
    file: workflow.file,
    functionName: workflow.functionName,
    workflowId: workflow.id,
    input,
    maxLogBytes,
    maxResultBytes,
    context: {
      userId: principal.userId,
      name: principal.name,
      email: principal.email,
      organization: organization ? { id: organization.id, name: organization.name } : null,
      executionId: runId,
      workflowName: workflow.id,
      isFunctionKey: principal.isFunctionKey,
      publicUrl,
    },
  };
}
