/** Keys as clients see and wish for them, and the limits of both kinds. */

import type { Timestamp } from './time.ts';

/** A key as it may be shown: never the key itself (W7, W22). */
export interface KeyRow {
  id: string;
  kind: 'workflow' | 'api';
  /** W5: a global key, or one workflow's. */
  global: boolean;
  workflowId?: string;
  description: string;
  /** D23, e.g. `bk_live_••••1a2b`. */
  masked: string;
  organizationId?: string;
  /** API keys: what it may do, in the canonical names (D14). */
  scopes?: string[];
  /** API keys: the only workflows that it may run; absent means all (F19). */
  workflowIds?: string[];
  createdAt: Timestamp;
  lastUsedAt: Timestamp | null;
  /** `null`: never (W10). */
  expiresAt: Timestamp | null;
  /** A key that was rotated is refused from here on, which is never after its expiration. */
  endsAt?: Timestamp;
  /** Past its expiration, or past `endsAt`. */
  expired: boolean;
  /** A15: older than 90 days, and neither expired nor replaced. */
  rotationDue: boolean;
  /** Ids of the key before it and of the one after it. */
  rotatedFrom?: string;
  replacedBy?: string;
  /** W31: the workflow no longer exists. */
  orphaned: boolean;
  /** D12: the workflow exists, but its endpoint is switched off. */
  endpointOff: boolean;
}

/** D14: the canonical names. */
export const scopes = [
  'workflows:read',
  'workflows:write',
  'workflows:execute',
  'runs:read',
  'connections:read',
  'connections:write',
  'configs:read',
  'configs:write',
  'keys:read',
  'keys:write',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

/** W18; `null` is Never. */
export type ExpiresInDays = 30 | 60 | 90 | 180 | 365 | null;
export const expirationChoices: readonly ExpiresInDays[] = [null, 30, 60, 90, 180, 365];
/** W19. */
export const defaultExpiresInDays = 90;
/** W13, D24: code points after trimming. */
export const maxDescriptionLength = 32;
/** D24: an API key's name, counted the same way. */
export const maxKeyNameLength = 100;
/** API keys live for any whole number of days up to this, or for ever. */
export const maxExpiresInDays = 3650;
/** For so many days a rotated key and its successor are both valid. */
export const maxOverlapDays = 30;
export const defaultOverlapDays = 7;

export interface CreateKeyParams {
  description: string;
  global: boolean;
  /** Required when not global, ignored when it is (W16). */
  workflowId?: string;
  /** Left out: 90 days (D22). */
  expiresInDays?: ExpiresInDays;
  organizationId?: string;
}

export interface CreateApiKeyParams {
  /** F17. */
  name: string;
  /** In either vocabulary; at least one (D14, A16). */
  scopes: string[];
  /** Left out: all workflows (F19). */
  workflowIds?: string[];
  /** 1–3650, or `null` for never. Left out: 90 days (D22, F30). */
  expiresInDays?: number | null;
  organizationId?: string;
}

/** The only answer that ever holds a key (W20, W21). */
export interface CreatedKey {
  row: KeyRow;
  key: string;
  curl: string;
}
