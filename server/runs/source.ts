/** What makes the processes of runs, whether it forks them or starts them; types, and what both ways share. */

import { existsSync } from 'node:fs';
import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import type { RunError } from '../store/contracts/runs.ts';
import { parseRunError } from './frames.ts';
import type { RunProcess } from './process.ts';

/** How the processes of one folder are made. */
export interface SourcePlan {
  /** The interpreter itself, no shim. */
  python: string;
  folder: string;
  /** Workflow files relative to the folder, with forward slashes. */
  files: string[];
  /** Where `bifrost`, `host.py` and `single.py` are. */
  pythonDirectory: string;
  environment: Record<string, string>;
  /** 0: none. */
  memoryLimitBytes: number;
  /** How many processes wait ahead of time. */
  poolSize: number;
  /** How long importing the modules may take. */
  startLimitMs: number;
}

/** A workflow file that raised when it was imported. */
export interface FailedModule {
  file: string;
  error: RunError;
}

export interface ProcessSource {
  /** Resolves once processes can be taken; rejects with a Failure when that will never be. */
  readonly ready: Promise<FailedModule[]>;
  /** Resolves once the source and all its processes have ended. */
  readonly gone: Promise<void>;
  /** Whether `take` would resolve at once. */
  readonly hasIdle: boolean;
  /** A process for one run of a workflow of `file`; rejects with a Failure. */
  take(file: string): Promise<RunProcess>;
  /** No more will be taken: ends by itself when those in flight have. */
  retire(): void;
  /** Ends now, with all that is in flight. */
  stop(): void;
}

/** The list of modules that the host reports; what does not fit is left out. */
export function readFailedModules(value: unknown): FailedModule[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (!isObject(entry)) return [];
    const error = parseRunError(entry.error);
    return typeof entry.file === 'string' && error !== undefined ? [{ file: entry.file, error }] : [];
  });
}

/** Why no process was started at all. The interpreter was there a moment ago. */
export function unstartable({ folder, python }: SourcePlan, cause: Error): Failure {
  return new Failure(
    'host-failed',
    existsSync(folder)
      ? `${python} could not be started in ${folder}.`
      : `${folder} is not there any more, so its workflows cannot run; put it back, or register it where it is now.`,
    { cause },
  );
}
