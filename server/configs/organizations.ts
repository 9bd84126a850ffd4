/** Organizations as rows of the state; it knows of configs and keys only whether some stand in the way. */

import { Failure } from '../errors.ts';
import type { OrganizationRow } from '../protocol.ts';
import type { Millis, OrganizationRecord, StateReader, StateTransaction } from '../store/contracts.ts';

export async function list(reader: StateReader): Promise<OrganizationRow[]> {
  return (await reader.list('organizations')).map(rowOf);
}

/** @throws Failure `not-found` that names the organization. */
export async function checkKnown(reader: StateReader, id: string): Promise<void> {
  if (typeof id === 'string' && (await reader.get('organizations', id))) return;
  throw new Failure('not-found', `There is no organization "${id}"; add it first.`);
}

/** The name as it is stored, trimmed. @throws Failure `bad-input` for a bad id or name. */
export function checkOrganization({ id, name = id }: { id: string; name?: string }): string {
  // In workflow code `scope="global"` is the global scope (D5), so no organization may be called so.
  if (typeof id !== 'string' || !idPattern.test(id) || id.toLowerCase() === 'global') {
    throw new Failure(
      'bad-input',
      'The id of an organization has 1 to 64 letters, digits, "_", "." and "-", begins with a letter or digit, ' +
        'and is not "global".',
    );
  }
  const shown = typeof name === 'string' ? name.trim() : '';
  if (shown === '' || shown.length > longestName || /\p{Cc}/u.test(shown)) {
    throw new Failure(
      'bad-input',
      `The name of organization "${id}" is 1 to ${longestName} characters of text.`,
    );
  }
  return shown;
}

/** @throws Failure `bad-input` for a bad id or name, `conflict` when the id is taken. */
export async function add(
  tx: StateTransaction,
  params: { id: string; name?: string },
  { actor, now }: { actor: string; now: Millis },
): Promise<OrganizationRow> {
  const { id } = params;
  const name = checkOrganization(params);
  if (await tx.get('organizations', id)) {
    throw new Failure('conflict', `There is an organization "${id}" already.`);
  }
  const record: OrganizationRecord = { id, name, createdAt: now };
  tx.put('organizations', record);
  tx.audit({ actor, action: 'organization.added', target: id, outcome: 'ok', organizationId: id });
  return rowOf(record);
}

/** @throws Failure `not-found`, or `conflict` while keys of it are not revoked: they would run as nobody. */
export async function checkRemovable(tx: StateTransaction, id: string): Promise<void> {
  await checkKnown(tx, id);
  const keys = await tx.list('keys');
  const live = keys.filter((record) => record.organizationId === id && record.revokedAt === undefined).length;
  if (live === 0) return;
  const what = live === 1 ? '1 key that is not revoked' : `${live} keys that are not revoked`;
  throw new Failure('conflict', `Organization "${id}" has ${what}; revoke first, then remove it.`);
}

export function remove(
  tx: StateTransaction,
  id: string,
  { actor, removedConfigs }: { actor: string; removedConfigs: number },
): void {
  tx.remove('organizations', id);
  const detail = { removedConfigs };
  tx.audit({ actor, action: 'organization.removed', target: id, outcome: 'ok', organizationId: id, detail });
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const longestName = 100;

function rowOf(record: OrganizationRecord): OrganizationRow {
  return { id: record.id, name: record.name, createdAt: new Date(record.createdAt).toISOString() };
}
