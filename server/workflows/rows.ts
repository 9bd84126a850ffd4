/** Workflows as the protocol shows them. */

import { join } from 'node:path';
import type { WorkflowRow } from '../protocol/workflows.ts';
import type { Workflow } from './workflow.ts';

/** `url` is where the daemon is reached, without a slash at its end. */
export function workflowRow(workflow: Workflow, url: string): WorkflowRow {
  const { file, parameters, ...shown } = workflow;
  return {
    ...shown,
    file: join(workflow.folder, file),
    parameters: parameters.map(({ name, annotation, required }) => ({
      name,
      required,
      ...(annotation !== undefined && { annotation }),
    })),
    url: `${url}/api/endpoints/${encodeURIComponent(workflow.id)}`,
  };
}
