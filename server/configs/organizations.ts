/** Organizations as rows of the state, and what belongs to each; it never looks into a value. */

import { Failure } from '../errors.ts';
import { bury } from '../keys/keyRecords.ts';
import {
  type OrganizationContents,
  type OrganizationRow,
  organizationIdPattern,
} from '../protocol/organizations.ts';
import type {
  ApiKeyRecord,
  ConfigRecord,
  CredentialRecord,
  OrganizationRecord,
  WorkflowSettingsRecord,
} from '../store/contracts/records.ts';
import type { StateReader, StateTransaction } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { unknownOrganization } from '../unknownOrganization.ts';

export async function list(reader: StateReader): Promise<OrganizationRow[]> {
  return (await reader.list('organizations')).map(rowOf);
}

/** @throws Failure `not-found` that names the organization. */
export async function checkKnown(reader: StateReader, id: string): Promise<void> {
  if (!(await find(reader, id))) throw unknownOrganization(id);
}

/** The name as it is stored, trimmed. @throws Failure `bad-input` for a bad id or name. */
export function checkOrganization({ id, name = id }: { id: string; name?: string }): string {
  if (typeof id !== 'string' || !organizationIdPattern.test(id)) {
    throw new Failure(
      'bad-input',
      'The id of an organization has 1 to 64 letters, digits, "_", "." and "-", begins with a letter or digit, ' +
        'and is not "global".',
    );
  }
  return checkName(id, name);
}

/**
 * @param source `newestRunAt`: when the newest run under this id was made, be it of a former organization.
 * @throws Failure `bad-input` for a bad id or name, `conflict` when the id is taken.
 */
export async function add(
  tx: StateTransaction,
  params: { id: string; name?: string },
  { actor, now, newestRunAt }: { actor: string; now: Millis; newestRunAt: Millis | undefined },
): Promise<OrganizationRow> {
  const { id } = params;
  const name = checkOrganization(params);
  if (await tx.get('organizations', id)) {
    throw new Failure('conflict', `There is an organization "${id}" already.`);
  }
  // Later also where the clock was set back: what ran before it was another's, see `ownsRun`.
  const createdAt = newestRunAt === undefined ? now : Math.max(now, newestRunAt + 1);
  const record: OrganizationRecord = { id, name, createdAt };
  tx.put('organizations', record);
  tx.audit({ actor, action: 'organization.added', target: id, outcome: 'ok', organizationId: id });
  return rowOf(record);
}

/** Another name for people; the id stays. @throws Failure `not-found`, or `bad-input` for a bad name. */
export async function rename(
  tx: StateTransaction,
  { id, name }: { id: string; name: string },
  actor: string,
): Promise<OrganizationRow> {
  const stored = await findOwn(tx, id);
  const record: OrganizationRecord = { ...stored, name: checkName(id, name) };
  tx.put('organizations', record);
  tx.audit({ actor, action: 'organization.renamed', target: id, outcome: 'ok', organizationId: id });
  return rowOf(record);
}

/** What an organization has: its live keys, expired ones too, configs, credentials, and the workflows that run for it. */
export interface Belongings {
  keys: ApiKeyRecord[];
  configs: ConfigRecord[];
  credentials: CredentialRecord[];
  workflows: WorkflowSettingsRecord[];
}

/** @throws Failure `not-found` that names the organization. */
export async function belongings(reader: StateReader, id: string): Promise<Belongings> {
  await findOwn(reader, id);
  const isOwn = (record: { id: string; organizationId?: string }) => record.organizationId === id;
  return {
    keys: (await reader.list('keys')).filter((key) => isOwn(key) && key.revokedAt === undefined),
    configs: (await reader.list('configs')).filter(isOwn),
    credentials: (await reader.list('credentials')).filter(isOwn),
    workflows: (await reader.list('workflowSettings')).filter(isOwn),
  };
}

export function countOf({ keys, configs, credentials, workflows }: Belongings): OrganizationContents {
  return {
    keys: keys.length,
    configs: configs.length,
    credentials: credentials.length,
    workflows: workflows.length,
  };
}

/**
 * Removes the organization and revokes its keys; its configs and credentials are the caller's to remove.
 *
 * Invariant: what was an organization's never becomes global. So no key of it lives on, and the workflows that ran for
 * it still name it, and are refused until they are given another one.
 */
export function remove(
  tx: StateTransaction,
  id: string,
  owned: Belongings,
  { actor, now }: { actor: string; now: Millis },
): void {
  for (const key of owned.keys) bury(tx, key, actor, now);
  tx.remove('organizations', id);
  const detail = { ...countOf(owned) };
  tx.audit({ actor, action: 'organization.removed', target: id, outcome: 'ok', organizationId: id, detail });
}

/**
 * Whether a run is this organization's own.
 *
 * Invariant: one that is added under the id of a removed one has nothing of it, its past runs no more than its values.
 */
export function ownsRun(
  { id, createdAt }: Pick<OrganizationRecord, 'id' | 'createdAt'>,
  run: { organizationId?: string; createdAt: Millis },
): boolean {
  return run.organizationId === id && run.createdAt >= createdAt;
}

/** Whether it is there still, and not another one under its id. */
export async function isPresent(
  reader: StateReader,
  { id, createdAt }: Pick<OrganizationRecord, 'id' | 'createdAt'>,
): Promise<boolean> {
  return (await reader.get('organizations', id))?.createdAt === createdAt;
}

/** For a run that outlasts its organization. */
export function removedMessage(id: string): string {
  return `Organization "${id}" was removed while this run went on, so the run has no configs and credentials any more.`;
}

const longestName = 100;

async function find(reader: StateReader, id: string): Promise<OrganizationRecord | undefined> {
  return typeof id === 'string' ? await reader.get('organizations', id) : undefined;
}

/** The one that is to be changed itself: adding it would be no help. */
async function findOwn(reader: StateReader, id: string): Promise<OrganizationRecord> {
  const record = await find(reader, id);
  if (record) return record;
  throw new Failure('not-found', `There is no organization "${id}"; choose one that there is.`);
}

/** Trimmed. */
function checkName(id: string, name: unknown): string {
  const shown = typeof name === 'string' ? name.trim() : '';
  if (shown !== '' && shown.length <= longestName && !/[\p{Cc}\p{Cs}]/u.test(shown)) return shown;
  throw new Failure(
    'bad-input',
    `The name of organization "${id}" is 1 to ${longestName} characters of text.`,
  );
}

function rowOf(record: OrganizationRecord): OrganizationRow {
  return { id: record.id, name: record.name, createdAt: new Date(record.createdAt).toISOString() };
}
