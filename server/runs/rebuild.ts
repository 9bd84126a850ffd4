/** What a stored run asks for when it is begun again: its workflow as it is now; it starts nothing. */

import { ownsRun } from '../configs/organizations.ts';
import type { OrganizationRecord } from '../store/contracts/records.ts';
import type { RunRecord } from '../store/contracts/runs.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { RunRequest } from './contracts.ts';
import { principalOf } from './principal.ts';

export interface RebuildParts {
  workflow: (id: string) => Workflow | undefined;
  organization: (id: string) => Promise<OrganizationRecord | undefined>;
  publicUrl: () => string;
}

/** Undefined where the run cannot begin again: its workflow has gone or is ambiguous (D45), or its organization has. */
export type Rebuild = (record: RunRecord) => Promise<RunRequest | undefined>;

export function openRebuild({
  workflow: find,
  organization: findOrganization,
  publicUrl,
}: RebuildParts): Rebuild {
  return async (record) => {
    const { workflowId, folder, organizationId, triggeredBy, input, mode } = record;
    const workflow = find(workflowId);
    if (!workflow || workflow.duplicate || workflow.folder !== folder) return undefined;
    const organization = organizationId === undefined ? undefined : await findOrganization(organizationId);
    if (organizationId !== undefined && !(organization && ownsRun(organization, record))) return undefined;
    return {
      workflow,
      input,
      triggeredBy,
      mode,
      ...(organization && { organization }),
      principal: principalOf(triggeredBy),
      publicUrl: publicUrl(),
    };
  };
}
