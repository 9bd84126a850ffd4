/** What a new key shall be, checked; it knows neither the other keys nor the workflows. */

import { Failure } from '../errors.ts';
import {
  type CreateKeyParams,
  defaultExpiresInDays,
  expirationChoices,
  maxDescriptionLength,
} from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { Millis } from '../store/contracts/time.ts';

/** What its maker decides about a key; the rest follows from how keys are made. */
export type KeyWish = Pick<
  ApiKeyRecord,
  'kind' | 'description' | 'workflowId' | 'scopes' | 'workflowIds' | 'organizationId' | 'expiresAt'
>;

export const dayMs: Millis = 86_400_000;

/**
 * Checks parameters as they came over the wire, whatever their type says (D24: enforced in the daemon).
 *
 * @throws Failure `bad-input`, one line for the first thing that is wrong (W12, W13, W16, W18, D22).
 */
export function checkWorkflowKey(params: CreateKeyParams, now: Millis): KeyWish {
  const { description, global, workflowId, expiresInDays = defaultExpiresInDays, organizationId } = params;
  if (typeof global !== 'boolean')
    throw new Failure('bad-input', 'Say whether the key is global: true or false.');
  if (!(expirationChoices as readonly unknown[]).includes(expiresInDays)) {
    throw new Failure('bad-input', 'Choose an expiration of 30, 60, 90, 180 or 365 days, or never.');
  }
  const wish: KeyWish = {
    kind: 'workflow',
    description: checkLine(description, 'description', maxDescriptionLength),
    ...checkOrganization(organizationId),
    ...(expiresInDays !== null && { expiresAt: now + expiresInDays * dayMs }),
  };
  if (global) return wish;
  if (typeof workflowId !== 'string' || workflowId === '') {
    throw new Failure('bad-input', 'Choose a workflow, or make the key global.');
  }
  return { ...wish, workflowId };
}

/** Whether there is such an organization is for the transaction that makes the key. */
export function checkOrganization(organizationId: unknown): Pick<KeyWish, 'organizationId'> {
  if (organizationId === undefined) return {};
  if (typeof organizationId === 'string') return { organizationId };
  throw new Failure('bad-input', 'Name the organization by its id.');
}

/** Free text of one line: trimmed, not blank, at most `limit` code points (W12–W14, F17, D24). */
export function checkLine(given: unknown, what: 'description' | 'name', limit: number): string {
  const text = typeof given === 'string' ? given.trim() : '';
  if (!/[^\p{C}\p{Z}]/u.test(text)) {
    throw new Failure('bad-input', `Give the key a ${what}, so that you can tell it from others later.`);
  }
  // It is printed in terminals, where a control character would be obeyed and not shown.
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) {
    throw new Failure('bad-input', `The ${what} is one line of text without control characters.`);
  }
  const { length } = [...text];
  if (length > limit) {
    throw new Failure('bad-input', `The ${what} has ${length} characters; at most ${limit} are allowed.`);
  }
  return text;
}
