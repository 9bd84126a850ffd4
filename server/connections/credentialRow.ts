/** How a credential is shown: everything but its value, sealed or not. */

import { secretPlaceholder } from '../protocol/configs.ts';
import type { CredentialRow } from '../protocol/credentials.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';

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

/** By name, the global one before those of organizations; by code units, so that it is the same on every machine. */
export function byName(one: CredentialRecord, other: CredentialRecord): number {
  return (
    compare(one.name, other.name) ||
    compare(one.organizationId ?? '', other.organizationId ?? '') ||
    compare(one.id, other.id)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
