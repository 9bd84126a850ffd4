/** Which workflows can have a key of their own, and who holds that place (W17, D3); it changes nothing. */

import { Failure } from '../errors.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { StateReader } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { Workflow } from '../workflows/workflow.ts';

/** What the room needs of the registry of workflows. */
export interface KnownWorkflows {
  get(id: string): Workflow | undefined;
  list(): Workflow[];
}

/**
 * The live keys that hold the workflow's slot: none, one, or a rotated key with its successor, which hold it as one.
 * Orphaned and expired keys hold it until they are revoked (W35, W36); a rotated one until it ends.
 */
export async function slotHolders(
  reader: StateReader,
  workflowId: string,
  now: Millis,
): Promise<ApiKeyRecord[]> {
  const bound = await reader.findBy('keys', 'workflowId', workflowId);
  return bound.filter(
    ({ kind, revokedAt, endsAt }) =>
      kind === 'workflow' && revokedAt === undefined && (endsAt === undefined || now < endsAt),
  );
}

/** Endpoint on, not public, slot free (W17, W35). */
export async function isOffered(reader: StateReader, workflow: Workflow, now: Millis): Promise<boolean> {
  if (whyNoKey(workflow) !== undefined) return false;
  return (await slotHolders(reader, workflow.id, now)).length === 0;
}

/** @throws Failure `bad-input` when the workflow cannot have a key, `conflict` when it has one. */
export async function checkSlot(
  reader: StateReader,
  workflows: KnownWorkflows,
  workflowId: string,
  now: Millis,
): Promise<void> {
  const workflow = workflows.get(workflowId);
  const objection = workflow ? whyNoKey(workflow) : unknownWorkflow;
  if (objection !== undefined) throw new Failure('bad-input', `Workflow "${workflowId}" ${objection}.`);
  const holder = (await slotHolders(reader, workflowId, now)).at(-1);
  if (!holder) return;
  throw new Failure(
    'conflict',
    `Workflow "${workflowId}" has a key already: "${holder.description}" (${holder.id}); revoke it first.`,
  );
}

/** The end of a sentence about a workflow's id. */
export const unknownWorkflow = 'does not exist in any registered folder';

/** Why a workflow can have no key of its own, as the end of a sentence; undefined when it can (W17, D45). */
function whyNoKey(workflow: Workflow): string | undefined {
  if (workflow.duplicate) return 'exists twice; rename one of the two first';
  if (!workflow.endpointEnabled) return 'has its endpoint switched off; set endpoint_enabled=True first';
  if (workflow.publicEndpoint) return 'is public and needs no key';
  return undefined;
}
