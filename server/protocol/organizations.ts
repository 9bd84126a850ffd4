/** Organizations, and what is theirs. */

import type { Timestamp } from './time.ts';

/** In workflow code `scope="global"` is the global scope (D5), so no organization may be called so. */
export const organizationIdPattern = /^(?!global$)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/i;

export interface OrganizationRow {
  id: string;
  name: string;
  createdAt: Timestamp;
}

/** How much belongs to an organization, and goes with it. */
export interface OrganizationContents {
  /** Not revoked yet. */
  keys: number;
  configs: number;
  credentials: number;
  /** Those that run for it (D28); without it they are refused. */
  workflows: number;
}
