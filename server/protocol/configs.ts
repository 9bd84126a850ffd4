/** Configuration as clients see it: names and types, never what a secret holds. */

import type { Timestamp } from './time.ts';

/** C12, D32: how the editor shows a secret. */
export const secretMask = '••••••';
/** D32: how HTTP and the command line show a secret. */
export const secretPlaceholder = '[SECRET]';
/** D36. */
export const configNamePattern = /^[A-Za-z0-9_.-]{1,255}$/;

export const configTypes = ['string', 'int', 'bool', 'json', 'secret'] as const;
export type ConfigTypeName = (typeof configTypes)[number];

/** D29: where the value of a secret is when it is not stored. */
export const referenceKinds = ['env', 'file', 'command'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

export interface ConfigRow {
  name: string;
  type: ConfigTypeName;
  /** A secret that refers to a value elsewhere; to what exactly is not shown. */
  reference?: ReferenceKind;
  /** Absent: the global scope. */
  organizationId?: string;
  /** The value; `[SECRET]` for a secret; `null` when a value is needed (D32, D37). */
  value: unknown;
  needsValue: boolean;
  description?: string;
  updatedAt: Timestamp;
  updatedBy: string;
}
