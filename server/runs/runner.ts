/** Runs workflows: accepts, queues, hands to processes, records; it knows neither HTTP nor what a key is. */

import { join } from 'node:path';
import { Failure } from '../errors.ts';
import { Slots } from '../slots.ts';
import type { History } from '../store/contracts/history.ts';
import type { OnceMark, RunRecord } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { RunEvent, RunRequest, RunServices, StartedRun } from './contracts.ts';
import { interrupted } from './ended.ts';
import { selectEnvironment } from './environment.ts';
import { Folder, type FolderChoice } from './folder.ts';
import { Host } from './host.ts';
import { resolvePython } from './interpreter.ts';
import { tellFinished } from './liveLogs.ts';
import { Once } from './once.ts';
import type { Rebuild } from './rebuild.ts';
import { Rendezvous } from './rendezvous.ts';
import { type Acceptance, Run, type RunLog } from './run.ts';
import type { ProcessSource, SourcePlan } from './source.ts';
import { Spawner } from './spawner.ts';

export interface RunSettings {
  /** Interpreter for folders that choose none; left out: the one on the PATH. */
  python?: string;
  /** Processes that wait ahead of time, for each folder. */
  poolSize: number;
  maxConcurrent: number;
  /** Runs that wait for their turn; one more is refused with `busy`. */
  maxQueued: number;
  maxLogBytes: number;
  maxResultBytes: number;
  /** Address space of a run's process; 0: none. */
  memoryLimitMb: number;
  /** How long a folder's modules may take to import. */
  startLimitMs: number;
  /** Off where the system has no `fork`: a process is started for each run. */
  forking: boolean;
}

export const defaultRunSettings: RunSettings = {
  poolSize: 6,
  maxConcurrent: 32,
  maxQueued: 1000,
  maxLogBytes: 1024 * 1024,
  maxResultBytes: 10 * 1024 * 1024,
  memoryLimitMb: 0,
  startLimitMs: 30_000,
  forking: process.platform !== 'win32',
};

export interface RunsParts {
  history: History;
  services: RunServices;
  /** Where `bifrost` and the host are. */
  pythonDirectory: string;
  /** A folder that only this user can enter; short, because a socket's path may have 103 bytes. */
  socketDirectory: string;
  /** The daemon's own environment, of which runs see an allow-list. */
  environment: NodeJS.ProcessEnv;
  log: RunLog;
  clock: () => Millis;
  newId: () => string;
  settings: RunSettings;
  /** For runs that the last daemon had accepted, and for those that are retried. */
  rebuild: Rebuild;
  /** Told whenever the record of a run was written. */
  onChange?: () => void;
}

/** Opens the room. Rejects when the socket cannot be made. */
export async function openRuns(parts: RunsParts): Promise<Runs> {
  const rendezvous = parts.settings.forking
    ? await Rendezvous.open(join(parts.socketDirectory, 'runs.sock'))
    : undefined;
  return new Runs(parts, rendezvous);
}

export class Runs {
  readonly #parts: RunsParts;
  readonly #rendezvous: Rendezvous | undefined;
  readonly #slots: Slots;
  readonly #folders = new Map<string, Folder>();
  readonly #dropping = new Set<Folder>();
  readonly #active = new Map<string, { run: Run; performed: Promise<void> }>();
  readonly #once: Once;
  #closing: Promise<void> | undefined;

  constructor(parts: RunsParts, rendezvous: Rendezvous | undefined) {
    this.#parts = parts;
    this.#rendezvous = rendezvous;
    this.#slots = new Slots(parts.settings.maxConcurrent, parts.settings.maxQueued);
    const { history, clock } = parts;
    this.#once = new Once({
      history,
      clock,
      start: (request) => this.start(request),
      find: (record) => this.#find(record),
    });
  }

  /**
   * Runs that start from now on use these modules, as their files are now; those in flight finish on the old ones.
   * The host starts in the background. A module that raises when imported, or an interpreter that is missing, is
   * logged, and is what the runs of its workflows fail with.
   */
  async useFolder(choice: FolderChoice): Promise<void> {
    if (this.#closing !== undefined) throw stopping();
    let folder = this.#folders.get(choice.path);
    if (folder === undefined) {
      folder = new Folder({
        open: (chosen) => this.#openSource(chosen),
        clock: this.#parts.clock,
        log: this.#parts.log,
      });
      this.#folders.set(choice.path, folder);
    }
    folder.use(choice);
  }

  /** No new runs of this folder; resolves when those in flight have ended. */
  async dropFolder(path: string): Promise<void> {
    const folder = this.#folders.get(path);
    if (folder === undefined) return;
    this.#folders.delete(path);
    this.#dropping.add(folder);
    await folder.drop();
    this.#dropping.delete(folder);
  }

  /**
   * Accepts a run. In async mode, and with an idempotency key, the acceptance is durable when this resolves.
   * Rejects with `stopping`, `busy`, `not-found` (a folder that is not in use), `python-unavailable`, `host-failed`,
   * or what the history rejects with.
   */
  async start(request: RunRequest): Promise<StartedRun> {
    if (this.#closing !== undefined) throw stopping();
    const folder = this.#folderOf(request);
    if (this.#slots.isFull) {
      throw new Failure('busy', 'Too many runs are waiting; try again in a moment.');
    }
    if (request.mode === 'sync' ? !folder.hasIdle : !folder.isOpen) await folder.open();
    const run = this.#makeRun(request, folder);
    if (request.mode === 'async' || request.once !== undefined) await run.accept();
    // The room may have been closed meanwhile: what was accepted is left to the next start.
    if (this.#closing !== undefined) {
      if (request.mode === 'sync') throw stopping();
      run.leave();
    } else {
      this.#begin(run);
    }
    return { id: run.id, finished: run.finished };
  }

  /**
   * Accepts a run, unless the same caller has started one of the same workflow with this idempotency key within the
   * last 24 hours: then it is that run, however far it is. Its record holds the key, so both are durable together.
   * Rejects with `conflict` when that run was started with another body, `bad-input` for a key that is not 1 to 255
   * printable ASCII characters, `busy` before `resume` has seen to that run, or as `start`.
   */
  startOnce(once: OnceMark, request: RunRequest): Promise<StartedRun> {
    return this.#once.start(once, request);
  }

  /**
   * Starts a run again, with the input that is stored of it; the new one names it in `retryOf` (A11).
   * Nobody need wait for it, so that it is asynchronous, and its acceptance durable, whatever the old one was.
   * Rejects with `not-found` (the run, its workflow or its organization is gone), with `conflict` (it still goes on, or
   * its input held a secret and is not what it was any more), or as `start`.
   */
  async retry(id: string, triggeredBy: string): Promise<StartedRun> {
    const record = await this.#read(id);
    if (record.finishedAt === undefined) {
      throw new Failure('conflict', `Run ${id} still goes on; wait for its end, or cancel it first.`);
    }
    const { workflowId } = record;
    if (record.inputScrubbed) {
      throw new Failure(
        'conflict',
        `The input of run ${id} held a secret, which is not stored; run ${workflowId} again with the whole input.`,
      );
    }
    const request = await this.#parts.rebuild({ ...record, triggeredBy });
    if (request === undefined) {
      throw new Failure(
        'not-found',
        `Run ${id} cannot be retried: its workflow ${workflowId}, or its organization, is not there any more.`,
      );
    }
    return this.start({ ...request, mode: 'async', retryOf: id });
  }

  /**
   * The log lines of a run after the first `after`, while it goes on, and then its end; until `signal` is aborted.
   * Lines are held back for a moment and scrubbed, see `LiveLogs`. Rejects with `not-found`.
   */
  async follow(
    id: string,
    { after = 0, signal }: { after?: number; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<RunEvent>> {
    const entry = this.#active.get(id);
    return entry === undefined ? tellFinished(await this.#read(id), after) : entry.run.follow(after, signal);
  }

  /** Ends a run with status Cancelled. Rejects with `not-found`, or `conflict` when it has finished already. */
  async cancel(id: string): Promise<RunRecord> {
    const entry = this.#active.get(id);
    if (entry === undefined) {
      await this.#read(id);
      throw new Failure('conflict', `Run ${id} has already finished.`);
    }
    entry.run.end('Cancelled');
    return entry.run.finished;
  }

  /** How many runs are waiting or running. */
  active(): number {
    return this.#active.size;
  }

  /**
   * To be called once, when the folders are in use: accepted asynchronous runs that had not begun begin, those that
   * had are marked `Interrupted`.
   */
  async resume(): Promise<void> {
    for (const record of await this.#parts.history.unfinishedRuns()) {
      if (this.#active.has(record.id)) continue;
      const waits = record.status === 'Pending' && record.mode === 'async';
      const request = waits ? await this.#parts.rebuild(record) : undefined;
      const folder = request === undefined ? undefined : this.#folders.get(request.workflow.folder);
      if (request !== undefined && folder !== undefined) {
        this.#begin(this.#makeRun(request, folder, record));
      } else {
        await this.#parts.history.putRun(interrupted(record, waits, this.#parts.clock()));
      }
    }
  }

  /**
   * Refuses new runs and waits for those in flight; after `graceMs` their processes are killed and they are
   * `Interrupted`. Accepted asynchronous runs that have not begun are left to the next start.
   */
  close(options: { graceMs: number }): Promise<void> {
    this.#closing ??= this.#close(options.graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    for (const { run } of this.#active.values()) {
      if (run.mode === 'async' && !run.hasBegun) run.leave();
    }
    const limit = setTimeout(() => {
      for (const { run } of this.#active.values()) run.end('Interrupted');
    }, graceMs);
    await Promise.all([...this.#active.values()].map(({ performed }) => performed));
    clearTimeout(limit);
    await Promise.all([...this.#folders.values(), ...this.#dropping].map((folder) => folder.stop()));
    this.#rendezvous?.close();
  }

  async #read(id: string): Promise<RunRecord> {
    const record = await this.#parts.history.getRun(id);
    if (record === undefined)
      throw new Failure('not-found', `There is no run ${id}; list the runs to see their ids.`);
    return record;
  }

  /** A run that goes on or has ended; undefined when it still waits for `resume`. */
  #find(record: RunRecord): StartedRun | undefined {
    const entry = this.#active.get(record.id);
    if (entry !== undefined) return { id: record.id, finished: entry.run.finished };
    return record.finishedAt === undefined ? undefined : { id: record.id, finished: Promise.resolve(record) };
  }

  #makeRun(request: RunRequest, folder: Folder, accepted?: Acceptance): Run {
    const { settings, onChange = () => {}, ...rest } = this.#parts;
    const { maxLogBytes, maxResultBytes } = settings;
    const limits = { maxLogBytes, maxResultBytes };
    return new Run(request, { ...rest, folder, slots: this.#slots, limits, onChange }, accepted);
  }

  #begin(run: Run): void {
    this.#active.set(run.id, { run, performed: run.perform() });
    void run.finished.then(() => this.#active.delete(run.id));
  }

  #folderOf(request: RunRequest): Folder {
    const folder = this.#folders.get(request.workflow.folder);
    if (folder === undefined) {
      throw new Failure(
        'not-found',
        `${request.workflow.folder} is not registered, so ${request.workflow.id} cannot run.`,
      );
    }
    return folder;
  }

  async #openSource(choice: FolderChoice): Promise<ProcessSource> {
    const { settings, pythonDirectory } = this.#parts;
    const environment = selectEnvironment(this.#parts.environment);
    const python = await resolvePython(choice.python ?? settings.python, environment);
    const plan: SourcePlan = {
      python: python.executable,
      folder: choice.path,
      files: choice.modules,
      pythonDirectory,
      environment,
      memoryLimitBytes: settings.memoryLimitMb * 1024 * 1024,
      poolSize: settings.poolSize,
      startLimitMs: settings.startLimitMs,
    };
    return this.#rendezvous === undefined ? new Spawner(plan) : new Host(plan, this.#rendezvous);
  }
}

function stopping(): Failure {
  return new Failure('stopping', 'The daemon is stopping and takes no new runs; start it again first.');
}
