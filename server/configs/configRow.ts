/** How a config is shown, and in which order; never with the value of a secret, sealed or not. */

import { type ConfigRow, secretPlaceholder } from '../protocol/configs.ts';
import type { ConfigRecord } from '../store/contracts/records.ts';
import { compareTexts } from '../textOrder.ts';
import { placeOf } from './cascade.ts';

/** D32: a secret is `[SECRET]`, and `null` stands where a value is needed. */
export function rowOf(record: ConfigRecord): ConfigRow {
  const needsValue = record.value === undefined;
  return {
    ...placeOf(record),
    type: record.type,
    value: needsValue ? null : record.type === 'secret' ? secretPlaceholder : record.value,
    needsValue,
    ...(record.reference !== undefined && { reference: record.reference }),
    ...(record.description !== undefined && { description: record.description }),
    updatedAt: new Date(record.updatedAt).toISOString(),
    updatedBy: record.updatedBy,
  };
}

/** A global row before those of organizations. */
export function byName(one: ConfigRecord, other: ConfigRecord): number {
  return (
    compareTexts(one.name, other.name) || compareTexts(one.organizationId ?? '', other.organizationId ?? '')
  );
}

/** An organization's rows before the global ones. */
export function ownFirst(one: ConfigRecord, other: ConfigRecord): number {
  return (
    compareTexts(other.organizationId ?? '', one.organizationId ?? '') || compareTexts(one.name, other.name)
  );
}
