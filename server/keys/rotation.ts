/** How a key hands over to its successor (A15); it does not know how keys are minted. */

import { Failure } from '../errors.ts';
import { maxOverlapDays } from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { StateTransaction } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { bury, findLinked, findLive, putAudited } from './keyRecords.ts';
import { endOf, isExpired } from './keyRow.ts';
import { dayMs, type KeyWish } from './wish.ts';

/** @throws Failure `bad-input` unless it is a whole number of days from 0 to 30. */
export function checkOverlap(overlapDays: unknown): Millis {
  if (Number.isInteger(overlapDays) && Number(overlapDays) >= 0 && Number(overlapDays) <= maxOverlapDays) {
    return Number(overlapDays) * dayMs;
  }
  throw new Failure('bad-input', `Choose an overlap of 0 to ${maxOverlapDays} whole days.`);
}

/**
 * Puts a successor that `make` makes of what it inherits: all that was wished of the old key, also its expiration.
 * The old key ends by itself after the overlap, and never later than it would have.
 *
 * @throws Failure as `findLive`, or `conflict` when the key is expired or was rotated already.
 */
export async function rotateKey(
  tx: StateTransaction,
  id: string,
  {
    overlapMs,
    now,
    actor,
    make,
  }: { overlapMs: Millis; now: Millis; actor: string; make(wish: KeyWish): ApiKeyRecord },
): Promise<{ successor: ApiKeyRecord; replaced: ApiKeyRecord }> {
  const found = await findLive(tx, id);
  // First, since a key whose overlap is over has its successor all the same.
  const newer = await findLinked(tx, found.replacedBy);
  if (newer) {
    throw new Failure('conflict', `Key ${found.id} was rotated already; rotate ${newer.id} instead.`);
  }
  refuseExpired(found, now);
  // The list holds two generations: the one before them goes, once it has ended.
  const older = await findLinked(tx, found.rotatedFrom);
  if (older && isExpired(older, now)) bury(tx, older, actor, now);
  const successor: ApiKeyRecord = { ...make(inheritance(found)), rotatedFrom: found.id };
  const endsAt = Math.min(now + overlapMs, endOf(found) ?? Number.POSITIVE_INFINITY);
  const replaced: ApiKeyRecord = { ...found, endsAt, replacedBy: successor.id };
  putAudited(tx, successor, { actor, action: 'key.created', detail: { rotatedFrom: found.id } });
  putAudited(tx, replaced, { actor, action: 'key.rotated', detail: { replacedBy: successor.id } });
  return { successor, replaced };
}

/** @throws Failure `conflict`: a key that is refused is not brought back to life by a change. */
export function refuseExpired(record: ApiKeyRecord, now: Millis): void {
  if (!isExpired(record, now)) return;
  throw new Failure('conflict', `Key ${record.id} has expired; make a new one instead.`);
}

function inheritance(record: ApiKeyRecord): KeyWish {
  const { kind, description, workflowId, scopes, workflowIds, organizationId, expiresAt } = record;
  return {
    kind,
    description,
    ...(workflowId !== undefined && { workflowId }),
    ...(scopes && { scopes }),
    ...(workflowIds && { workflowIds }),
    ...(organizationId !== undefined && { organizationId }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
