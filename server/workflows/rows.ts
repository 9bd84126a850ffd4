/** Workflows as the protocol shows them. */

import { join } from 'node:path';
import type { WorkflowRow } from '../protocol/workflows.ts';
import type { Workflow } from './workflow.ts';

/** `url` is where the daemon is reached, without a slash at its end. */
export function workflowRow(workflow: Workflow, url: string): WorkflowRow {
  return {
    ...workflow,
    file: join(workflow.folder, workflow.file),
    url: `${url}/api/endpoints/${encodeURIComponent(workflow.id)}`,
  };
}
