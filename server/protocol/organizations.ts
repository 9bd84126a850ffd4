/** Organizations, and what is theirs. */

import type { Timestamp } from './time.ts';

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
