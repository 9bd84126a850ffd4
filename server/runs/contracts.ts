/** What the runs room needs from the others, and what it gives; types only. */

import type { OrganizationRecord } from '../store/contracts/records.ts';
import type { LogLine, OnceMark, RunRecord } from '../store/contracts/runs.ts';
import type { Workflow } from '../workflows/workflow.ts';

/** Which run asks. Fixed by the daemon when the run starts, never by the run's process. */
export interface RunScope {
  runId: string;
  workflowId: string;
  /** By the time of its making too: another one under its id is another organization. */
  organization?: Pick<OrganizationRecord, 'id' | 'createdAt'>;
}

/** `scope` as workflow code gave it (D5): absent is the run's own, `null` or `"global"` the global one. */
export interface ConfigAddress {
  name: string;
  scope?: string | null;
}

export type ConfigAnswer =
  | { found: true; value: unknown; secret: boolean }
  /** `message` is the text of the `KeyError` (S21, C27, D37). */
  | { found: false; message: string };

/** An outgoing call as workflow code wants it; nothing of it is checked but its types. */
export interface CallWish {
  method: string;
  url: string;
  headers: [string, string][];
  /** Base64. */
  body?: string;
  /** Name of the credential that the daemon adds (F11). */
  credential?: string;
  timeoutSeconds: number;
}

export interface CallAnswer {
  status: number;
  headers: [string, string][];
  /** Base64. */
  body: string;
  url: string;
}

/** Calls and credentials. `secrets` are kept out of the run's output: what was sent can come back. */
export interface CallServices {
  call(
    run: RunScope,
    wish: CallWish,
    signal: AbortSignal,
  ): Promise<{ answer: CallAnswer; secrets: string[] }>;
  credentialHeaders(
    run: RunScope,
    name: string,
  ): Promise<{ headers: Record<string, string>; secrets: string[] }>;
}

/** What a run's process may ask of the daemon. Failures become Python exceptions with the Failure's message. */
export interface RunServices extends ConfigServices, CallServices {}

export interface ConfigServices {
  getConfig(run: RunScope, address: ConfigAddress): Promise<ConfigAnswer>;
  /**
   * `isSecret` absent: as stored before (D30).
   * The answer says how it is stored now, so that the value is kept out of the run's output (C10).
   */
  setConfig(
    run: RunScope,
    address: ConfigAddress & { value: unknown; isSecret?: boolean },
  ): Promise<{ secret: boolean }>;
  deleteConfig(run: RunScope, address: ConfigAddress): Promise<boolean>;
  /** Name → value, secrets as `[SECRET]`. */
  listConfigs(run: RunScope, scope?: string | null): Promise<Record<string, unknown>>;
}

export interface RunRequest {
  workflow: Workflow;
  /** Already checked against the workflow's parameters (`workflows/input.ts`). */
  input: Record<string, unknown>;
  organization?: OrganizationRecord;
  triggeredBy: string;
  mode: 'sync' | 'async';
  /** D41, D47: what the run's `ExecutionContext` says of its principal. */
  principal: { userId: string; name: string; email: string; isFunctionKey: boolean };
  publicUrl: string;
  /** The run that this one repeats (A11). */
  retryOf?: string;
  /** Given: the acceptance is durable, in sync mode too, and a second request is recognised by it. */
  once?: OnceMark;
}

export interface StartedRun {
  id: string;
  /** Resolves, never rejects, with the finished, scrubbed record once that is durable in the history. */
  finished: Promise<RunRecord>;
}

/** What somebody who follows a run is told; everything in it is scrubbed. */
export type RunEvent =
  /** Lines number `after + 1` and on, counted over the whole run, as in the logs of its record. */
  | { kind: 'lines'; after: number; lines: LogLine[] }
  /** The last one. A run that has not begun when the daemon stops is told as it is, `Pending`. */
  | { kind: 'end'; run: RunRecord };
