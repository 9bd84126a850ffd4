/** What a new key shall be, checked; it knows neither the other keys nor the workflows. */

import { Failure } from '../errors.ts';
import {
  type CreateKeyParams,
  defaultExpiresInDays,
  expirationChoices,
  maxDescriptionLength,
} from '../protocol.ts';
import type { Millis } from '../store/contracts.ts';

export interface KeyWish {
  description: string;
  /** Absent for a global key. */
  workflowId?: string;
  organizationId?: string;
  /** Absent means never. */
  lifetimeMs?: Millis;
}

/**
 * Checks parameters as they came over the wire, whatever their type says (D24: enforced in the daemon).
 *
 * @throws Failure `bad-input`, one line for the first thing that is wrong (W12, W13, W16, W18, D22).
 */
export function checkCreation(params: CreateKeyParams): KeyWish {
  const { description, global, workflowId, expiresInDays = defaultExpiresInDays, organizationId } = params;
  if (typeof global !== 'boolean')
    throw new Failure('bad-input', 'Say whether the key is global: true or false.');
  if (!(expirationChoices as readonly unknown[]).includes(expiresInDays)) {
    throw new Failure('bad-input', 'Choose an expiration of 30, 60, 90, 180 or 365 days, or never.');
  }
  if (organizationId !== undefined && typeof organizationId !== 'string') {
    throw new Failure('bad-input', 'Name the organization by its id.');
  }
  const wish: KeyWish = { description: checkDescription(description) };
  if (!global) {
    if (typeof workflowId !== 'string' || workflowId === '') {
      throw new Failure('bad-input', 'Choose a workflow, or make the key global.');
    }
    wish.workflowId = workflowId;
  }
  if (organizationId !== undefined) wish.organizationId = organizationId;
  if (expiresInDays !== null) wish.lifetimeMs = expiresInDays * 86_400_000;
  return wish;
}

/** Free text of one line: trimmed, not blank, at most 32 code points (W12–W14, D24). */
function checkDescription(description: unknown): string {
  const text = typeof description === 'string' ? description.trim() : '';
  if (!/[^\p{C}\p{Z}]/u.test(text)) {
    throw new Failure('bad-input', 'Give the key a description, so that you can tell it from others later.');
  }
  // It is printed in terminals, where a control character would be obeyed and not shown.
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) {
    throw new Failure('bad-input', 'The description is one line of text without control characters.');
  }
  const length = [...text].length;
  if (length > maxDescriptionLength) {
    throw new Failure(
      'bad-input',
      `The description has ${length} characters; at most ${maxDescriptionLength} are allowed.`,
    );
  }
  return text;
}
