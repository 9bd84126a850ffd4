/** The workflows of all registered folders, as their saved files say; nothing here runs Python. */

import { Failure } from '../errors.ts';
import type { PythonParser } from '../language/parser.ts';
import type { SourceRange } from '../protocol/workflows.ts';
import type { WorkflowSettingsRecord } from '../store/contracts/records.ts';
import { compareTexts } from '../textOrder.ts';
import { discoverBytes } from './discovery.ts';
import { listPythonFiles, type Reading, readPythonFiles, stampFiles } from './sourceFiles.ts';
import type { Workflow } from './workflow.ts';

/** A file whose workflows are not, or no longer, what its text says. */
export interface FileProblem {
  folder: string;
  /** Relative to the folder, with forward slashes. */
  file: string;
  /** Absent when the file could not be read. */
  range?: SourceRange;
  message: string;
}

interface SourceFile {
  /** Differs when the file does. */
  stamp: string;
  /** The last good ones. */
  workflows: Workflow[];
  problem?: FileProblem;
}

interface Folder {
  path: string;
  files: Map<string, SourceFile>;
  revision: number;
}

/**
 * Invariant: a file that does not parse keeps its last good workflows, so that saving a half-written line
 * takes no endpoint down.
 */
export class WorkflowRegistry {
  readonly #parser: PythonParser;
  readonly #folders = new Map<string, Folder>();
  readonly #listeners = new Set<() => void>();
  #overrides: ReadonlyMap<string, WorkflowSettingsRecord> = new Map();
  /** Id → workflows that have it; rebuilt after each change. */
  #byId = new Map<string, Workflow[]>();
  /** Readings wait for each other, so that an older one never replaces a newer. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ parser }: { parser: PythonParser }) {
    this.#parser = parser;
  }

  /** In order of folder, file and place in the file. Those that share a name are flagged (D45). */
  list(): Workflow[] {
    return [...this.#byId.values()].flat().sort(byPlace);
  }

  /** One that shares its name is given too, flagged. */
  get(id: string): Workflow | undefined {
    return this.#byId.get(id)?.[0];
  }

  /** Files of a folder that hold workflows, relative to it with forward slashes, sorted. */
  filesOf(folder: string): string[] {
    const files = this.#folders.get(folder)?.files ?? new Map<string, SourceFile>();
    return [...files].flatMap(([file, { workflows }]) => (workflows.length > 0 ? [file] : [])).sort();
  }

  /** Files that do not parse or cannot be read. */
  problems(): FileProblem[] {
    return [...this.#folders.values()].flatMap(({ files }) =>
      [...files.values()].flatMap(({ problem }) => (problem ? [problem] : [])),
    );
  }

  /** Another text whenever any `.py` file of the folder is another; modules import each other. */
  revisionOf(folder: string): string {
    return String(this.#folders.get(folder)?.revision ?? 0);
  }

  /**
   * Reads a folder, given by its absolute path, and keeps its workflows from now on.
   *
   * @throws Failure `bad-input` when it is missing or cannot be read.
   */
  async addFolder(path: string): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#folders.has(path)) return;
      const folder: Folder = { path, files: new Map(), revision: 1 };
      await this.#read(folder, await listPythonFiles(path));
      this.#folders.set(path, folder);
      if ([...folder.files.values()].some(({ workflows, problem }) => workflows.length > 0 || problem)) {
        this.#announce();
      }
    });
  }

  removeFolder(path: string): void {
    const folder = this.#folders.get(path);
    if (!folder) return;
    this.#folders.delete(path);
    this.#announce();
  }

  /**
   * Reads files again that have changed, come or gone; `files` are relative to the folder.
   *
   * @returns whether any of them is another than before, so that what was imported of the folder is stale.
   */
  async refresh(path: string, files: readonly string[]): Promise<boolean> {
    return this.#inTurn(async () => {
      const folder = this.#folders.get(path);
      return folder !== undefined && this.#update(folder, files);
    });
  }

  /** Looks for changes that nobody told of, by the files' stamps; returns as `refresh` does. */
  async rescan(path: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const folder = this.#folders.get(path);
      if (!folder) return false;
      const stamps = await stampFiles(
        path,
        await listPythonFiles(path).catch((thrown: unknown) => {
          if (thrown instanceof Failure) return [];
          throw thrown;
        }),
      );
      const gone = [...folder.files.keys()].filter((file) => !stamps.has(file));
      const changed = [...stamps].flatMap(([file, stamp]) =>
        folder.files.get(file)?.stamp === stamp ? [] : [file],
      );
      return this.#update(folder, [...gone, ...changed]);
    });
  }

  /** From now on these stand above the decorators of the workflows that they name. */
  override(settings: readonly WorkflowSettingsRecord[]): void {
    this.#overrides = new Map(settings.map((record) => [record.id, record]));
    this.#announce();
  }

  /** Called after each change of `list()` or `problems()`; returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #update(folder: Folder, files: readonly string[]): Promise<boolean> {
    if (files.length === 0) return false;
    const outcome = await this.#read(folder, files);
    if (this.#folders.get(folder.path) !== folder || !outcome.isStale) return false;
    folder.revision++;
    if (outcome.isAnnounced) this.#announce();
    return true;
  }

  /** @returns whether a file is another than before, and whether that shows in what the registry tells. */
  async #read(folder: Folder, files: readonly string[]): Promise<{ isStale: boolean; isAnnounced: boolean }> {
    let isStale = false;
    let isAnnounced = false;
    await readPythonFiles(folder.path, files, (reading) => {
      const before = folder.files.get(reading.file);
      const after = this.#fileOf(folder.path, reading, before);
      if (after) folder.files.set(reading.file, after);
      else folder.files.delete(reading.file);
      isStale ||= before?.stamp !== after?.stamp;
      isAnnounced ||= told(before) !== told(after);
    });
    return { isStale, isAnnounced };
  }

  #fileOf(folder: string, reading: Reading, before: SourceFile | undefined): SourceFile | undefined {
    const { kind, file } = reading;
    if (kind === 'gone') return undefined;
    const kept = before?.workflows ?? [];
    if (kind === 'unreadable') {
      const message = `"${file}" cannot be read: ${reading.reason}.`;
      return { stamp: '', workflows: kept, problem: { folder, file, message } };
    }
    const facts = discoverBytes(reading.bytes, this.#parser);
    const error = facts?.syntaxProblem;
    // Text that only mentions us is not ours to judge.
    if (error && (facts.importsBifrost || kept.length > 0)) {
      const message = `"${file}" does not parse (line ${error.range.start.line + 1}); ${
        kept.length > 0 ? 'its workflows stay as they were before' : 'its workflows are not known'
      }. Correct the line and save.`;
      return {
        stamp: reading.stamp,
        workflows: kept,
        problem: { folder, file, range: error.range, message },
      };
    }
    return {
      stamp: reading.stamp,
      workflows: (facts?.workflows ?? []).map(({ workflow }) => ({
        ...workflow,
        folder,
        file,
        duplicate: false,
      })),
    };
  }

  #announce(): void {
    this.#byId = new Map();
    for (const { files } of this.#folders.values()) {
      for (const { workflows } of files.values()) {
        for (const workflow of workflows) {
          const same = this.#byId.get(workflow.id);
          if (same) same.push(workflow);
          else this.#byId.set(workflow.id, [workflow]);
        }
      }
    }
    for (const [id, same] of this.#byId) {
      const duplicate = same.length > 1;
      this.#byId.set(
        id,
        same.map((workflow) => ({ ...overridden(workflow, this.#overrides.get(id)), duplicate })),
      );
    }
    for (const listener of this.#listeners) listener();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function overridden(workflow: Workflow, settings: WorkflowSettingsRecord | undefined): Workflow {
  if (!settings) return workflow;
  const { id: _, updatedAt: __, updatedBy: ___, ...changed } = settings;
  return { ...workflow, ...changed };
}

/** What of a file shows outside. */
function told(file: SourceFile | undefined): string {
  return JSON.stringify([file?.workflows ?? [], file?.problem]);
}

function byPlace(one: Workflow, other: Workflow): number {
  return (
    compareTexts(one.folder, other.folder) ||
    compareTexts(one.file, other.file) ||
    one.range.start.line - other.range.start.line ||
    one.range.start.character - other.range.start.character
  );
}
