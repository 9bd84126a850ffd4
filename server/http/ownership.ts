/** Whose things a key of an organization reaches, on every route; it knows none of the things. */

import type { Asker } from './resource.ts';

/**
 * Where a request reads and writes: a key of an organization for that one only, any other for whichever it names
 * (D28, S20). What is no name of one is left to be refused with the rest of the request.
 *
 * @throws Failure `forbidden` for another organization than the key's.
 */
export function placeFor(
  asker: Asker,
  { organizationId }: { organizationId?: unknown } = {},
): { organizationId?: string } {
  const own = asker.record.organizationId;
  const named = typeof organizationId === 'string' ? organizationId : undefined;
  if (own !== undefined && named !== undefined && named !== own) throw asker.forbid('other-organization');
  const chosen = own ?? named;
  return chosen === undefined ? {} : { organizationId: chosen };
}

/** @throws Failure `forbidden` for a key of an organization, where a thing is the whole workspace's (S20). */
export function checkWorkspace(asker: Asker): void {
  if (asker.record.organizationId !== undefined) throw asker.forbid('other-organization');
}
