/** Workflows as their source declares them, and where. */

/** Zero-based, as in LSP. */
export interface SourceRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

/** The methods that an endpoint can allow. */
export const endpointMethods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export interface WorkflowRow {
  /** `name=` of the decorator, else the function's name (D45). */
  id: string;
  functionName: string;
  /** Absolute path of the registered folder. */
  folder: string;
  /** Absolute path. */
  file: string;
  /** The workflow's name in the decorator, else the function's name. */
  range: SourceRange;
  description?: string;
  category?: string;
  tags: string[];
  endpointEnabled: boolean;
  publicEndpoint: boolean;
  disableGlobalKey: boolean;
  allowedMethods: string[];
  executionMode: 'sync' | 'async';
  /** 0 is none (D46). */
  timeoutSeconds: number;
  /** For whom it runs where its key says nothing (D28); the source cannot say it. */
  organizationId?: string;
  /** `annotation` is its source text, e.g. `int`, `list[str] | None`. */
  parameters: { name: string; annotation?: string; required: boolean }[];
  /** The function has `**kwargs`: input that names no parameter is passed on, else it is ignored. */
  acceptsExtra: boolean;
  /** Another workflow has the same name; neither endpoint runs (D45). */
  duplicate: boolean;
  /** Where it is triggered. */
  url: string;
}
