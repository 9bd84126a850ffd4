/** Starting a run by HTTP, for every dialect: whose it is, in which mode, and how long its caller waits. */

import { Failure } from '../errors.ts';
import type { RunRequest } from '../runs/contracts.ts';
import { finishedWithin } from '../runs/finished.ts';
import type { RunOrganization } from '../runs/organization.ts';
import { principalOf } from '../runs/principal.ts';
import type { Runs } from '../runs/runner.ts';
import type { Settings } from '../settings.ts';
import type { OnceMark, RunRecord } from '../store/contracts/runs.ts';
import { checkInput } from '../workflows/input.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { Caller } from './authentication.ts';

export interface StarterParts {
  runs: Pick<Runs, 'start' | 'startOnce'>;
  organizationOf: RunOrganization;
  settings: Pick<Settings, 'waitLimitSeconds'>;
  publicUrl(): string;
}

export interface Wish {
  workflow: Workflow;
  input: Readonly<Record<string, unknown>>;
  caller: Caller;
  mode: 'sync' | 'async';
  /** Whether the caller waits, for at most the wait limit; the run goes on after it. */
  wait: boolean;
  /** A second request with the same mark within 24 hours is the same run. */
  once?: OnceMark;
}

/** The run, with its record when it has finished while the caller waited. */
export interface Started {
  id: string;
  record: RunRecord | undefined;
}

export type Start = (wish: Wish) => Promise<Started>;

/** Rejects as `Runs.start` does, and with `bad-input` where a parameter does not fit (D47). */
export function openStart(parts: StarterParts): Start {
  return async ({ workflow, input, caller, mode, wait, once }) => {
    // D28: never from the request.
    const ownId = caller.kind === 'key' ? caller.record.organizationId : undefined;
    const organization = await parts.organizationOf(workflow, ownId);
    const triggeredBy = caller.kind === 'key' ? `key:${caller.record.id}` : 'public';
    const request: RunRequest = {
      workflow,
      input: checkInput(workflow, input),
      ...(organization && { organization }),
      triggeredBy,
      mode,
      principal: principalOf(triggeredBy),
      publicUrl: parts.publicUrl(),
    };
    const run = await (once ? parts.runs.startOnce(once, request) : parts.runs.start(request));
    const record = wait ? await finishedWithin(run, parts.settings.waitLimitSeconds * 1000) : undefined;
    if (record?.error?.type === 'InputError') throw new Failure('bad-input', record.error.message);
    return { id: run.id, record };
  };
}

/** @throws Failure `conflict` for a workflow that shares its name (D45). */
export function checkUnique(workflow: Workflow): void {
  if (!workflow.duplicate) return;
  throw new Failure(
    'conflict',
    `Two workflows are named "${workflow.id}"; neither runs until one is renamed.`,
  );
}
