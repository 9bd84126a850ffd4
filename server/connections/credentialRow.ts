/** How a credential is shown: everything but its value, sealed or not. */

import { secretPlaceholder } from '../protocol/configs.ts';
import type { CredentialRow } from '../protocol/credentials.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import { compareTexts } from '../textOrder.ts';

/** D17, D32. */
export function credentialRow(record: CredentialRecord): CredentialRow {
  const { clientSecret: _, hosts, createdAt, updatedAt, ...shown } = record;
  return {
    ...shown,
    value: secretPlaceholder,
    hosts: [...hosts],
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

/** By name, the global one before those of organizations. */
export function byName(one: CredentialRecord, other: CredentialRecord): number {
  return (
    compareTexts(one.name, other.name) ||
    compareTexts(one.organizationId ?? '', other.organizationId ?? '') ||
    compareTexts(one.id, other.id)
  );
}
