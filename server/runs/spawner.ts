/** Starts a whole Python process for each run, where the system cannot fork; it knows no run. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { killGroup } from '../processGroup.ts';
import { RunProcess } from './process.ts';
import { type FailedModule, type ProcessSource, type SourcePlan, unstartable } from './source.ts';

export class Spawner implements ProcessSource {
  readonly ready: Promise<FailedModule[]> = Promise.resolve([]);
  readonly gone: Promise<void>;
  readonly hasIdle = true;
  readonly #plan: SourcePlan;
  readonly #running = new Set<RunProcess>();
  readonly #gone = Promise.withResolvers<void>();
  #retired = false;

  constructor(plan: SourcePlan) {
    this.#plan = plan;
    this.gone = this.#gone.promise;
  }

  /** Starts a process. Rejects with `host-failed` when the interpreter cannot be started. */
  async take(file: string): Promise<RunProcess> {
    const { python, pythonDirectory, folder, environment, memoryLimitBytes } = this.#plan;
    const child = spawn(python, [join(pythonDirectory, 'single.py')], {
      cwd: folder,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const run = new RunProcess({
      frames: child.stdout,
      orders: child.stdin,
      output: child.stderr,
      kill: () => killGroup(child),
    });
    this.#running.add(run);
    child.on('exit', (code, signal) => {
      // What it left in its group must not outlive it.
      killGroup(child);
      run.reportExit({ code, signal });
    });
    void run.left.then(() => {
      this.#running.delete(run);
      this.#endIfUnused();
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve).once('error', (cause) => {
        run.reportExit({ code: null, signal: null });
        reject(unstartable(this.#plan, cause));
      });
    });
    child.stdin.write(`${JSON.stringify({ folder, files: [file], memoryLimitBytes })}\n`);
    return run;
  }

  retire(): void {
    this.#retired = true;
    this.#endIfUnused();
  }

  stop(): void {
    this.retire();
    for (const run of this.#running) run.end();
  }

  #endIfUnused(): void {
    if (this.#retired && this.#running.size === 0) this.#gone.resolve();
  }
}
