/** The registered folder's source of processes: replaced when sources change, started again when it ends by itself. */

import { Failure } from '../errors.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { RunProcess } from './process.ts';
import type { RunLog } from './run.ts';
import type { ProcessSource } from './source.ts';

export interface FolderChoice {
  /** Absolute path. */
  path: string;
  /** Interpreter of this folder; left out: the daemon's default. */
  python?: string;
  /** Files that contain workflows, relative to the folder, with forward slashes. */
  modules: string[];
}

export interface FolderParts {
  /** Makes a source for the choice; rejects with a Failure. */
  open: (choice: FolderChoice) => Promise<ProcessSource>;
  clock: () => Millis;
  log: RunLog;
}

/** A source that ends again within this time is started by the next run, not by itself. */
const restartPauseMs = 1000;

export class Folder {
  readonly #parts: FolderParts;
  #choice: FolderChoice | undefined;
  #opening: Promise<ProcessSource> | undefined;
  #present: ProcessSource | undefined;
  readonly #sources = new Set<ProcessSource>();
  #openedAt: Millis = 0;
  #dropped = false;

  constructor(parts: FolderParts) {
    this.#parts = parts;
  }

  /** Whether a run would get its process at once. */
  get hasIdle(): boolean {
    return this.#present?.hasIdle ?? false;
  }

  /** Whether the source is there, or on its way. */
  get isOpen(): boolean {
    return this.#opening !== undefined;
  }

  /** Runs that start from now on see the sources as they are now; those in flight finish on the old source. */
  use(choice: FolderChoice): void {
    this.#choice = choice;
    this.#present?.retire();
    this.#present = undefined;
    this.#opening = undefined;
    this.open().catch(() => {});
  }

  /** The present source, once it is ready. Rejects with `python-unavailable` or `host-failed`. */
  open(): Promise<ProcessSource> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#start(this.#choice);
    this.#opening = opening;
    opening.catch((error: unknown) => {
      this.#parts.log.warn({ err: error, folder: this.#choice?.path }, 'a run host could not be started');
      // The next run tries again: an interpreter may have been installed by then.
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  /** A process for a run of `file`. One host that dies under it is replaced, a second one is a Failure. */
  async take(file: string): Promise<RunProcess> {
    let deaths = 0;
    for (let attempt = 1; ; attempt += 1) {
      const source = await this.open();
      // Sources changed while this one was starting, or it has ended meanwhile.
      if (source !== this.#present && attempt < 10) continue;
      try {
        return await source.take(file);
      } catch (error) {
        deaths += 1;
        if (deaths > 1 || !(error instanceof Failure)) throw error;
      }
    }
  }

  /** No new runs; resolves when those in flight have ended. */
  async drop(): Promise<void> {
    this.#dropped = true;
    this.#present?.retire();
    await this.#gone();
  }

  /** Ends the processes of all runs that are still in flight. */
  async stop(): Promise<void> {
    this.#dropped = true;
    for (const source of this.#sources) source.stop();
    await this.#gone();
  }

  async #start(choice: FolderChoice | undefined): Promise<ProcessSource> {
    if (choice === undefined) throw new Error('a folder was opened before it was used');
    this.#openedAt = this.#parts.clock();
    const source = await this.#parts.open(choice);
    this.#sources.add(source);
    void source.gone.then(() => {
      this.#sources.delete(source);
      if (this.#present === source) this.#recover(choice);
    });
    if (this.#dropped) source.stop();
    for (const { file, error } of await source.ready) {
      this.#parts.log.warn(
        { folder: choice.path, file, type: error.type },
        'a workflow file raised at import',
      );
    }
    if (this.#choice === choice && !this.#dropped) this.#present = source;
    else source.retire();
    return source;
  }

  #recover(choice: FolderChoice): void {
    this.#present = undefined;
    this.#opening = undefined;
    if (this.#dropped) return;
    this.#parts.log.warn({ folder: choice.path }, 'a run host ended by itself');
    if (this.#parts.clock() - this.#openedAt > restartPauseMs) this.open().catch(() => {});
  }

  async #gone(): Promise<void> {
    await Promise.all([...this.#sources].map((source) => source.gone));
  }
}
