/** Workflows as their source declares them, and where. */

/** Zero-based, as in LSP. */
export interface SourceRange {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

/** The methods that an endpoint can allow. */
export const endpointMethods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export interface WorkflowRow {
  /** The name (D45). */
  id: string;
  functionName: string;
  folder: string;
  /** Absolute path. */
  file: string;
  range: SourceRange;
  description?: string;
  category?: string;
  tags: string[];
  endpointEnabled: boolean;
  publicEndpoint: boolean;
  disableGlobalKey: boolean;
  allowedMethods: string[];
  executionMode: 'sync' | 'async';
  timeoutSeconds: number;
  /** For whom it runs where its key says nothing (D28). */
  organizationId?: string;
  parameters: { name: string; annotation?: string; required: boolean }[];
  /** The function has `**kwargs`: any further input is passed on. */
  acceptsExtra: boolean;
  /** D45: two workflows have this name; neither runs. */
  duplicate: boolean;
  url: string;
}
