/** How a key is shown, and in which order; never the key itself (W7, W22). */

import type { KeyRow } from '../protocol.ts';
import type { ApiKeyRecord, Millis } from '../store/contracts.ts';
import type { Workflow } from '../workflows/workflow.ts';

/** D22: expired from the very millisecond on. */
export function isExpired(record: ApiKeyRecord, now: Millis): boolean {
  return record.expiresAt !== undefined && now >= record.expiresAt;
}

/** W5–W10, W31, W33, D12, D23. `workflow` is what is known now of the one that the key is bound to, if anything. */
export function rowOf(
  record: ApiKeyRecord,
  known: { workflow: Workflow | undefined; lastUsedAt: Millis | undefined; now: Millis },
): KeyRow {
  const { workflowId, organizationId } = record;
  const { workflow } = known;
  return {
    id: record.id,
    kind: record.kind,
    global: record.kind === 'workflow' && workflowId === undefined,
    ...(workflowId !== undefined && { workflowId }),
    description: record.description,
    masked: `${record.prefix}••••${record.lastFour}`,
    ...(organizationId !== undefined && { organizationId }),
    createdAt: new Date(record.createdAt).toISOString(),
    lastUsedAt: timestamp(known.lastUsedAt),
    expiresAt: timestamp(record.expiresAt),
    expired: isExpired(record, known.now),
    orphaned: workflowId !== undefined && !workflow,
    endpointOff: workflow !== undefined && !workflow.endpointEnabled,
  };
}

/** D39, given rows in the order in which the keys were made; that order decides between equal times. */
export function inShownOrder(rows: readonly KeyRow[]): KeyRow[] {
  return rows
    .toReversed()
    .sort((one, other) => rank(one) - rank(other) || Date.parse(other.createdAt) - Date.parse(one.createdAt));
}

/** Global, then workflow-specific, then API keys, orphaned last. */
function rank(row: KeyRow): number {
  if (row.orphaned) return 3;
  if (row.global) return 0;
  return row.kind === 'workflow' ? 1 : 2;
}

function timestamp(time: Millis | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
