/** The end of a process that was started in a group of its own, together with all that it has started. */

import { type ChildProcess, execFile } from 'node:child_process';

/** Kills what is left of the group, also of one whose first process has ended; it may be called again. */
export function killGroup({ pid, exitCode = null }: Partial<Pick<ChildProcess, 'pid' | 'exitCode'>>): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    // Windows has no groups, and may give the number of a process that has ended to another one.
    if (exitCode === null) execFile('taskkill', ['/pid', String(pid), '/t', '/f'], () => undefined);
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
