/** Finds the Python that runs workflows; it knows nothing of workflows. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Failure } from '../errors.ts';

export interface Interpreter {
  /** The program itself, not a version manager's shim in front of it. */
  executable: string;
  /** E.g. `3.11.7`. */
  version: string;
}

const oldest = [3, 9] as const;
const answerLimitMs = 10_000;
const question = 'import sys; print(sys.executable); print(*sys.version_info[:3], sep=".")';
const found = new Map<string, Interpreter>();

/**
 * The interpreter to use: `choice` (a path or a command), else `python3`, `python` or `py -3`, whichever is there.
 * It is asked once for its own path and version, because a shim costs 90 ms at each start.
 * Fails with `python-unavailable` when there is none, or none that is new enough.
 */
export async function resolvePython(
  choice: string | undefined,
  environment: Record<string, string>,
): Promise<Interpreter> {
  const known = found.get(`${choice ?? ''}\n${environment.PATH ?? ''}`);
  if (known !== undefined && existsSync(known.executable)) return known;
  const candidates: string[][] =
    choice !== undefined
      ? [[choice]]
      : process.platform === 'win32'
        ? [['python3'], ['python'], ['py', '-3']]
        : [['python3'], ['python']];
  let tooOld: Interpreter | undefined;
  for (const [command = '', ...first] of candidates) {
    const interpreter = await ask(command, first, environment);
    if (interpreter === undefined) continue;
    if (isNewEnough(interpreter.version)) {
      found.set(`${choice ?? ''}\n${environment.PATH ?? ''}`, interpreter);
      return interpreter;
    }
    tooOld ??= interpreter;
  }
  const wanted = `Python ${oldest.join('.')} or newer`;
  const remedy = 'choose another in the setting workflowKeys.python.interpreter';
  if (tooOld !== undefined) {
    throw new Failure(
      'python-unavailable',
      `Workflows need ${wanted}; ${tooOld.executable} is Python ${tooOld.version}. Install a newer one, or ${remedy}.`,
    );
  }
  throw new Failure(
    'python-unavailable',
    choice === undefined
      ? `Workflows need ${wanted}, and no python3 was found on the PATH. Install one, or ${remedy}.`
      : `Workflows need ${wanted}, and ${choice} could not be started as one. Correct the path, or ${remedy}.`,
  );
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function ask(
  command: string,
  first: string[],
  environment: Record<string, string>,
): Promise<Interpreter | undefined> {
  return new Promise((resolve) => {
    const options = { env: environment, timeout: answerLimitMs, windowsHide: true };
    execFile(command, [...first, '-c', question], options, (error, stdout) => {
      const [executable = '', version = ''] = stdout.split(/\r?\n/);
      resolve(error === null && /^\d+\.\d+\.\d+$/.test(version) ? { executable, version } : undefined);
    });
  });
}
