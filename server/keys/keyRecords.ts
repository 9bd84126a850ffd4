/** What is done with keys inside a transaction: found, made, buried, each with its audit record (W39, W40, D34). */

import { Failure } from '../errors.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { StateReader, StateTransaction } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { isExpired } from './keyRow.ts';

const shortestIdStart = 6;

/**
 * @param id the whole id, or what it begins with: at least 6 characters that fit one live key only.
 * @throws Failure `not-found`, `conflict` when it is revoked already, `bad-input` when several keys fit.
 */
export async function findLive(reader: StateReader, id: string): Promise<ApiKeyRecord> {
  const exact = await reader.get('keys', id);
  const fitting = exact
    ? [exact]
    : id.length < shortestIdStart
      ? []
      : (await reader.list('keys')).filter((record) => record.id.startsWith(id));
  const [live, second] = fitting.filter((record) => record.revokedAt === undefined);
  if (second) throw new Failure('bad-input', `Several keys begin with "${id}"; give more of the id.`);
  if (live) return live;
  if (fitting.length > 0) throw new Failure('conflict', `Key ${id} is revoked already; nothing was changed.`);
  throw new Failure('not-found', `There is no key ${id}; list the keys to see their ids.`);
}

/** The live key before or after another one, if there is one. */
export async function findLinked(
  reader: StateReader,
  id: string | undefined,
): Promise<ApiKeyRecord | undefined> {
  const linked = id === undefined ? undefined : await reader.get('keys', id);
  return linked?.revokedAt === undefined ? linked : undefined;
}

/**
 * A key that asks was valid when its request began, which may be a while ago: the body is read after that.
 *
 * @throws Failure `forbidden` when it is not any more.
 */
export async function checkValid(reader: StateReader, asking: ApiKeyRecord, now: Millis): Promise<void> {
  const record = await reader.get('keys', asking.id);
  if (record?.revokedAt === undefined && !isExpired(record ?? asking, now)) return;
  throw new Failure('forbidden', 'A key that is not valid any more changes no keys.');
}

/** Puts the record as it is now, and says so in the audit log. */
export function putAudited(
  tx: StateTransaction,
  record: ApiKeyRecord,
  { actor, action, detail }: { actor: string; action: string; detail?: AuditEntry['detail'] },
): ApiKeyRecord {
  const { id, kind, workflowId, scopes, workflowIds, organizationId } = record;
  tx.put('keys', record);
  tx.audit({
    actor,
    action,
    target: id,
    outcome: 'ok',
    ...(organizationId !== undefined && { organizationId }),
    detail: {
      kind,
      ...(workflowId !== undefined && { workflowId }),
      ...(scopes && { scopes: scopes.join(' ') }),
      ...(workflowIds && { workflowIds: workflowIds.join(' ') }),
      ...detail,
    },
  });
  return record;
}

/** Removes the hash and keeps a tombstone (D25, F26). */
export function bury(tx: StateTransaction, record: ApiKeyRecord, actor: string, now: Millis): ApiKeyRecord {
  const { hash: _, ...rest } = record;
  return putAudited(tx, { ...rest, revokedAt: now }, { actor, action: 'key.revoked' });
}
