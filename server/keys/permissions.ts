/** What a verified key may do; it knows neither the store nor the request. */

import type { Scope } from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { Workflow } from '../workflows/workflow.ts';

export type RunVerdict =
  | 'yes'
  | 'other-workflow'
  | 'global-disabled'
  | 'not-in-allow-list'
  | 'missing-scope'
  | 'no-endpoint';

/**
 * Whether a verified key may run the workflow of this id. `no-endpoint` is answered as an unknown id (404, D11),
 * everything else that is not `yes` with 403 (W26, W27, W37, D8).
 */
export function mayRun(record: ApiKeyRecord, workflowId: string, workflow: Workflow | undefined): RunVerdict {
  if (record.kind === 'api') {
    if (!mayUse(record, 'workflows:execute')) return 'missing-scope';
    if (record.workflowIds && !record.workflowIds.includes(workflowId)) return 'not-in-allow-list';
  } else if (record.workflowId !== undefined && record.workflowId !== workflowId) {
    return 'other-workflow';
  }
  if (!workflow?.endpointEnabled) return 'no-endpoint';
  const isGlobal = record.kind === 'workflow' && record.workflowId === undefined;
  return isGlobal && workflow.disableGlobalKey ? 'global-disabled' : 'yes';
}

/** Whether a verified key has the scope. A workflow key has none: it triggers workflows and nothing else (D16). */
export function mayUse(record: ApiKeyRecord, scope: Scope): boolean {
  return record.kind === 'api' && (record.scopes?.includes(scope) ?? false);
}

/**
 * Whether a key may end another: itself, or an API key that has no scope, no workflow and no organization beyond its
 * own (D15 the other way round). What a leaked key can do ends with what it has.
 */
export function mayRevoke(record: ApiKeyRecord, other: ApiKeyRecord): boolean {
  if (record.id === other.id) return true;
  const { scopes = [], workflowIds, organizationId } = record;
  return (
    other.kind === 'api' &&
    (other.scopes ?? []).every((scope) => scopes.includes(scope)) &&
    (!workflowIds || (other.workflowIds?.every((id) => workflowIds.includes(id)) ?? false)) &&
    (organizationId === undefined || other.organizationId === organizationId)
  );
}
