/** Whose run it is (D28); it knows neither keys nor where the organizations are kept. */

import { Failure } from '../errors.ts';
import type { OrganizationRecord } from '../store/contracts/records.ts';
import { unknownOrganization } from '../unknownOrganization.ts';
import type { Workflow } from '../workflows/workflow.ts';

/**
 * The organization that a run of this workflow is for: that of whoever triggers it (`chosenId`, of a key, say), else
 * the workflow's own, else none, which is the global scope.
 *
 * Invariant: an organization that is gone is a refusal. Without it the run would read, and change, what is global.
 *
 * @throws Failure `not-found` for a chosen one, `conflict` for the workflow's.
 */
export type RunOrganization = (
  workflow: Pick<Workflow, 'id' | 'organizationId'>,
  chosenId: string | undefined,
) => Promise<OrganizationRecord | undefined>;

export function openRunOrganization(
  find: (id: string) => Promise<OrganizationRecord | undefined>,
): RunOrganization {
  return async (workflow, chosenId) => {
    const id = chosenId ?? workflow.organizationId;
    if (id === undefined) return undefined;
    const organization = await find(id);
    if (organization) return organization;
    if (chosenId !== undefined) throw unknownOrganization(id);
    throw new Failure(
      'conflict',
      `"${workflow.id}" runs for the organization "${id}", which was removed; choose another one for it, or none.`,
    );
  };
}
