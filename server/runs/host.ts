/** The run host of one folder: a Python process that forks the processes of runs; it knows no run. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Failure } from '../errors.ts';
import { parseObject } from '../jsonObject.ts';
import { killGroup } from '../processGroup.ts';
import { LineReader } from './frames.ts';
import { RunProcess } from './process.ts';
import type { Meeting, Rendezvous } from './rendezvous.ts';
import {
  type FailedModule,
  type ProcessSource,
  readFailedModules,
  type SourcePlan,
  unstartable,
} from './source.ts';

const controlLineLimitBytes = 16 * 1024 * 1024;
const keptErrorBytes = 4096;
const stopGraceMs = 3000;
/** How long a host that has ended may still be read. */
const lastWordsMs = 200;
/** So many processes in a row that end before they were used show that the folder cannot be run. */
const maxIdleDeaths = 20;

export class Host implements ProcessSource {
  readonly ready: Promise<FailedModule[]>;
  readonly gone: Promise<void>;
  readonly #plan: SourcePlan;
  readonly #rendezvous: Rendezvous;
  readonly #child: ChildProcess;
  readonly #idle: { token: string; process: RunProcess }[] = [];
  readonly #waiting: PromiseWithResolvers<RunProcess>[] = [];
  /** Every process that was asked for and has not been reported as ended. */
  readonly #processes = new Map<string, RunProcess | undefined>();
  #isReady = false;
  #retired = false;
  #hasGone = false;
  #forking = 0;
  #idleDeaths = 0;
  #lastWords = '';
  #limit: NodeJS.Timeout | undefined;
  /** What it has not done in time. */
  #lateness: string | undefined;

  constructor(plan: SourcePlan, rendezvous: Rendezvous) {
    this.#plan = plan;
    this.#rendezvous = rendezvous;
    const child = spawn(plan.python, [join(plan.pythonDirectory, 'host.py')], {
      cwd: plan.folder,
      env: plan.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its own group: Ctrl+C in the daemon's terminal is the daemon's business.
      detached: true,
    });
    this.#child = child;
    const ready = Promise.withResolvers<FailedModule[]>();
    const gone = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.gone = gone.promise;
    this.ready.catch(() => {});
    let notStarted: Error | undefined;
    this.#expectWithinLimit('was not ready');
    const reader = new LineReader(controlLineLimitBytes);
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = reader.push(chunk);
      if (lines === undefined) this.#kill();
      for (const line of lines ?? []) {
        const message = parseObject(line) ?? {};
        if (typeof message.exited === 'string') {
          this.#noteExit(message.exited, message);
        } else if ('ready' in message && !this.#isReady) {
          clearTimeout(this.#limit);
          this.#isReady = true;
          this.#fill();
          ready.resolve(readFailedModules(message.failed));
        }
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-keptErrorBytes);
    });
    child.on('error', (cause) => {
      if (child.pid === undefined) notStarted = cause;
    });
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#hasGone) return;
      clearTimeout(this.#limit);
      const how = `was ended ${signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`}`;
      const failure = notStarted
        ? unstartable(plan, notStarted)
        : hostFailed(plan.folder, this.#lateness ?? how, this.#lastWords);
      ready.reject(failure);
      this.#abandon(failure);
      gone.resolve();
    };
    // What its modules started holds its streams open, so they may stay open when it has ended.
    child.on('exit', (code, signal) => {
      // Its processes end with it, so none is given to a run any more; who asks for one waits for the end.
      this.#isReady = false;
      this.#idle.length = 0;
      setTimeout(end, lastWordsMs, code, signal).unref();
    });
    child.on('close', end);
    this.#order({
      folder: plan.folder,
      files: plan.files,
      socket: rendezvous.path,
      memoryLimitBytes: plan.memoryLimitBytes,
    });
  }

  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** A fresh process. Rejects with `host-failed` when the host ends before there is one. */
  take(): Promise<RunProcess> {
    this.#idleDeaths = 0;
    const next = this.#idle.shift();
    if (next !== undefined) {
      this.#fill();
      return Promise.resolve(next.process);
    }
    if (this.#hasGone) return Promise.reject(hostFailed(this.#plan.folder, 'has ended'));
    const waiting = Promise.withResolvers<RunProcess>();
    this.#waiting.push(waiting);
    this.#fill();
    return waiting.promise;
  }

  retire(): void {
    this.#retired = true;
    for (const { process } of this.#idle.splice(0)) process.end();
    this.#stopIfUnused();
  }

  stop(): void {
    this.#retired = true;
    this.#child.stdin?.end();
    const limit = setTimeout(() => this.#kill(), stopGraceMs);
    void this.gone.then(() => clearTimeout(limit));
  }

  /** Keeps as many processes ready as the plan says, and one for each that is waited for. */
  #fill(): void {
    if (!this.#isReady || this.#hasGone) return;
    const wanted = (this.#retired ? 0 : this.#plan.poolSize) + this.#waiting.length;
    while (this.#idle.length + this.#forking < wanted) this.#fork();
  }

  #fork(): void {
    const token = crypto.randomUUID();
    if (this.#forking === 0) this.#expectWithinLimit('gave no process');
    this.#forking += 1;
    this.#processes.set(token, undefined);
    this.#rendezvous.expect(token, (meeting) => this.#welcome(token, meeting));
    this.#order({ fork: token });
  }

  /** A process was made, or has ended before it was one. */
  #noteFork(): void {
    this.#forking -= 1;
    if (this.#forking > 0) this.#expectWithinLimit('gave no process');
    else clearTimeout(this.#limit);
  }

  /** A host that hangs, or was stopped by what it runs, is ended: another one may do better. */
  #expectWithinLimit(lateness: string): void {
    const { startLimitMs } = this.#plan;
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#lateness = `${lateness} within ${startLimitMs / 1000} s`;
      this.#kill();
    }, startLimitMs);
  }

  #welcome(token: string, { channel, output, pid }: Meeting): void {
    this.#noteFork();
    const process = new RunProcess({
      frames: channel,
      orders: channel,
      output,
      // Until the host has told of its end, its number stands for no other process.
      kill: (isOverdue) => (isOverdue || this.#hasGone ? killGroup({ pid }) : this.#order({ kill: token })),
    });
    this.#processes.set(token, process);
    // Its host ended while it was on its way: it ends like the others, and no run is given to it.
    if (!this.#isReady) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve(process);
    } else if (this.#retired) {
      process.end();
    } else {
      this.#idle.push({ token, process });
    }
  }

  #noteExit(token: string, report: Record<string, unknown>): void {
    if (!this.#processes.has(token)) return;
    const process = this.#processes.get(token);
    this.#processes.delete(token);
    if (process === undefined) {
      this.#noteFork();
      this.#rendezvous.forget(token);
    } else {
      const code = typeof report.code === 'number' ? report.code : null;
      const signal = typeof report.signal === 'string' ? report.signal : null;
      process.reportExit({ code, signal });
    }
    const position = this.#idle.findIndex((idle) => idle.token === token);
    if (position !== -1) this.#idle.splice(position, 1);
    if (position !== -1 || process === undefined) this.#idleDeaths += 1;
    if (this.#idleDeaths > maxIdleDeaths) this.#kill();
    else this.#fill();
    this.#stopIfUnused();
  }

  #stopIfUnused(): void {
    if (this.#retired && this.#processes.size === 0 && this.#waiting.length === 0) this.stop();
  }

  #order(order: object): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(`${JSON.stringify(order)}\n`);
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** The host has ended: the system ends its processes with it (Linux), and what it leaves is killed here. */
  #abandon(failure: Failure): void {
    this.#hasGone = true;
    killGroup(this.#child);
    for (const [token, process] of this.#processes) {
      this.#rendezvous.forget(token);
      process?.abandon();
    }
    this.#processes.clear();
    this.#idle.length = 0;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(failure);
  }
}

function hostFailed(folder: string, how: string, lastWords = ''): Failure {
  const last = lastWords.trim().split('\n').at(-1) ?? '';
  return new Failure(
    'host-failed',
    `The run host of ${folder} ${how}; look for what its workflow modules do when they are imported.`,
    last === '' ? {} : { cause: new Error(last) },
  );
}
