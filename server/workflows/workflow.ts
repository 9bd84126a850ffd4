/** What is known of a workflow from its source alone; types only. */

import type { SourceRange } from '../protocol/workflows.ts';

/** A parameter of a workflow function, without the one that takes the `ExecutionContext`. */
export interface Parameter {
  name: string;
  /** The annotation's source text, e.g. `int`, `list[str] | None`. */
  annotation?: string;
  required: boolean;
}

export interface Workflow {
  /** `name=` of the decorator, else the function's name (D45). */
  id: string;
  functionName: string;
  /** Absolute path of the registered folder. */
  folder: string;
  /** Path relative to the folder, with forward slashes. */
  file: string;
  /** The workflow's name in the decorator, else the function's name. */
  range: SourceRange;
  description?: string;
  category?: string;
  tags: string[];
  endpointEnabled: boolean;
  allowedMethods: string[];
  publicEndpoint: boolean;
  disableGlobalKey: boolean;
  executionMode: 'sync' | 'async';
  /** 0 is none (D46). */
  timeoutSeconds: number;
  /** For whom it runs where its key says nothing (D28); the source cannot say it. */
  organizationId?: string;
  parameters: Parameter[];
  /** The function has `**kwargs`: input that names no parameter is passed on, else it is ignored. */
  acceptsExtra: boolean;
  /** Another workflow has the same name; neither endpoint runs (D45). */
  duplicate: boolean;
}
