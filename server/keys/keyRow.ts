/** How a key is shown, and in which order; never the key itself (W7, W22). */

import type { KeyRow } from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { dayMs } from './wish.ts';

/** When the key is refused from: the end of its overlap if it was rotated, else its expiration; undefined is never. */
export function endOf(record: ApiKeyRecord): Millis | undefined {
  return record.endsAt ?? record.expiresAt;
}

/** D22: expired from the very millisecond on. */
export function isExpired(record: ApiKeyRecord, now: Millis): boolean {
  const end = endOf(record);
  return end !== undefined && now >= end;
}

/** W5–W10, W31, W33, D12, D23. `workflow` is what is known now of the one that the key is bound to, if anything. */
export function rowOf(
  record: ApiKeyRecord,
  known: { workflow: Workflow | undefined; lastUsedAt: Millis | undefined; now: Millis },
): KeyRow {
  const { workflowId, organizationId, scopes, workflowIds, endsAt, rotatedFrom, replacedBy } = record;
  const { workflow, now } = known;
  const expired = isExpired(record, now);
  return {
    id: record.id,
    kind: record.kind,
    global: record.kind === 'workflow' && workflowId === undefined,
    ...(workflowId !== undefined && { workflowId }),
    description: record.description,
    masked: `${record.prefix}••••${record.lastFour}`,
    ...(organizationId !== undefined && { organizationId }),
    ...(scopes && { scopes: [...scopes] }),
    ...(workflowIds && { workflowIds: [...workflowIds] }),
    createdAt: new Date(record.createdAt).toISOString(),
    lastUsedAt: timestamp(known.lastUsedAt),
    expiresAt: timestamp(record.expiresAt),
    ...(endsAt !== undefined && { endsAt: new Date(endsAt).toISOString() }),
    expired,
    rotationDue: !expired && endsAt === undefined && now - record.createdAt >= rotationAgeMs,
    ...(rotatedFrom !== undefined && { rotatedFrom }),
    ...(replacedBy !== undefined && { replacedBy }),
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

/** A15: a key is to be rotated every 90 days. */
const rotationAgeMs = 90 * dayMs;

/** Global, then workflow-specific, then API keys, orphaned last. */
function rank(row: KeyRow): number {
  if (row.orphaned) return 3;
  if (row.global) return 0;
  return row.kind === 'workflow' ? 1 : 2;
}

function timestamp(time: Millis | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
