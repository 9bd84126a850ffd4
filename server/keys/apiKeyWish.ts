/** What a new API key shall be: checked, and held within what its maker has (D15); it knows no other key. */

import { Failure } from '../errors.ts';
import {
  type CreateApiKeyParams,
  defaultExpiresInDays,
  maxExpiresInDays,
  maxKeyNameLength,
} from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { Millis } from '../store/contracts/time.ts';
import { endOf } from './keyRow.ts';
import { mayUse } from './permissions.ts';
import { parseScopes } from './scopes.ts';
import { checkLine, checkOrganization, dayMs, type KeyWish } from './wish.ts';

/**
 * Checks parameters as they came over the wire. With a maker, what is left out is the maker's: its workflows, its
 * organization, and at most its remaining lifetime.
 *
 * @throws Failure `bad-input` for the first thing that is wrong (F17–F20, D14, D22, D24), `forbidden` for what the
 * maker does not have (D15).
 */
export function checkApiKey(
  params: CreateApiKeyParams,
  now: Millis,
  maker: ApiKeyRecord | undefined,
): KeyWish {
  const { name, scopes, workflowIds, expiresInDays, organizationId } = params;
  const wish: KeyWish = {
    kind: 'api',
    description: checkLine(name, 'name', maxKeyNameLength),
    scopes: parseScopes(scopes),
    ...inherited(maker),
    ...checkWorkflowIds(workflowIds),
    ...checkOrganization(organizationId),
    ...checkExpiration(expiresInDays, now, maker),
  };
  if (maker) checkWithin(wish, maker);
  return wish;
}

function inherited(maker: ApiKeyRecord | undefined): Pick<KeyWish, 'workflowIds' | 'organizationId'> {
  return {
    ...(maker?.workflowIds && { workflowIds: maker.workflowIds }),
    ...(maker?.organizationId !== undefined && { organizationId: maker.organizationId }),
  };
}

/** An empty list is refused: it reads like "all" and like "none". */
function checkWorkflowIds(given: unknown): Pick<KeyWish, 'workflowIds'> {
  if (given === undefined) return {};
  if (!Array.isArray(given) || given.length === 0 || !given.every((id) => typeof id === 'string' && id)) {
    throw new Failure('bad-input', 'List the ids of the workflows that the key may run, or none for all.');
  }
  return { workflowIds: [...new Set<string>(given)] };
}

function checkExpiration(
  expiresInDays: unknown,
  now: Millis,
  maker: ApiKeyRecord | undefined,
): Pick<KeyWish, 'expiresAt'> {
  if (expiresInDays === null) return {};
  if (expiresInDays === undefined) {
    return { expiresAt: Math.min(now + defaultExpiresInDays * dayMs, (maker && endOf(maker)) ?? Infinity) };
  }
  if (!isDays(expiresInDays)) {
    throw new Failure('bad-input', `Choose an expiration of 1 to ${maxExpiresInDays} days, or never.`);
  }
  return { expiresAt: now + expiresInDays * dayMs };
}

function isDays(given: unknown): given is number {
  return Number.isInteger(given) && Number(given) >= 1 && Number(given) <= maxExpiresInDays;
}

function checkWithin(wish: KeyWish, maker: ApiKeyRecord): void {
  if (!mayUse(maker, 'keys:write')) throw beyond('the scope "keys:write"');
  for (const scope of wish.scopes ?? []) {
    if (!maker.scopes?.includes(scope)) throw beyond(`the scope "${scope}"`);
  }
  const { workflowIds } = maker;
  const foreign = workflowIds && wish.workflowIds?.find((id) => !workflowIds.includes(id));
  if (foreign !== undefined) throw beyond(`the workflow "${foreign}"`);
  if (wish.organizationId !== maker.organizationId) throw beyond('another organization');
  const end = endOf(maker);
  if (end !== undefined && (wish.expiresAt ?? Infinity) > end) throw beyond('a longer life');
}

function beyond(what: string): Failure {
  return new Failure('forbidden', `A key cannot give what it does not have: ${what}.`);
}
