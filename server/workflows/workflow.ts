/** What is known of a workflow from its source alone; types only. */

import type { WorkflowRow } from '../protocol/workflows.ts';

/** A parameter of a workflow function, without the one that takes the `ExecutionContext`. */
export type Parameter = WorkflowRow['parameters'][number];

export interface Workflow extends Omit<WorkflowRow, 'file' | 'url'> {
  /** Path relative to the folder, with forward slashes. */
  file: string;
}
