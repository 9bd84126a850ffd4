/** Which row a name means for an organization: its own, else the global one (C17, D27); pure over what it is given. */

import type { ConfigRecord } from '../store/contracts/records.ts';
import type { StateReader } from '../store/contracts/state.ts';

/** One name in one scope: an organization's, or the global one when it is absent. */
export interface ConfigPlace {
  name: string;
  organizationId?: string;
}

/** How a scope is called in messages. */
export function scopeName({ organizationId }: { organizationId?: string }): string {
  return organizationId === undefined ? 'global' : `organization "${organizationId}"`;
}

/** Of the records that an organization sees: its own, and the global ones that it has none of its own for. */
export function visibleTo<R extends ConfigPlace>(organizationId: string | undefined, records: R[]): R[] {
  const own = new Set<string>();
  for (const record of records) if (record.organizationId === organizationId) own.add(record.name);
  return records.filter(
    (record) =>
      record.organizationId === organizationId ||
      (record.organizationId === undefined && !own.has(record.name)),
  );
}

/** The row of exactly this scope. */
export async function findAt(
  reader: StateReader,
  { name, organizationId }: ConfigPlace,
): Promise<ConfigRecord | undefined> {
  const named = await reader.findBy('configs', 'name', name);
  return named.find((record) => record.organizationId === organizationId);
}

/** The row that this scope sees. */
export async function resolveIn(
  reader: StateReader,
  { name, organizationId }: ConfigPlace,
): Promise<ConfigRecord | undefined> {
  return visibleTo(organizationId, await reader.findBy('configs', 'name', name))[0];
}

/** The place alone, of a record or of whatever else has one. */
export function placeOf({ name, organizationId }: ConfigPlace): ConfigPlace {
  return { name, ...(organizationId !== undefined && { organizationId }) };
}
