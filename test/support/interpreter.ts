/** Programs that some tests drive the product with: where they are, and that CI must have them. */

import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

/** A Python that has these modules: the one that `WORKFLOW_KEYS_TEST_PYTHON` names, or the first on the path. */
export function findPython(modules: string): string | undefined {
  const named = process.env.WORKFLOW_KEYS_TEST_PYTHON;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  const candidates = named !== undefined ? [named] : folders.map((folder) => join(folder, 'python3'));
  return candidates.find((candidate) => answers(candidate, ['-c', `import ${modules}`]));
}

/** Whether the program is there and ends well. */
export function answers(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Where what is missing is a failure and not a reason to test less. */
export const isCi = process.env.CI !== undefined && process.env.CI !== '';
