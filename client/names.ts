/** What may be a name; pure. */

import { configNamePattern } from '../server/protocol/configs.ts';
import { organizationIdPattern } from '../server/protocol/organizations.ts';

/** D36. */
export function isConfigName(name: string): boolean {
  return configNamePattern.test(name);
}

/** The daemon's own rule, so that nobody answers further questions in vain. */
export function isOrganizationId(id: string): boolean {
  return organizationIdPattern.test(id);
}
