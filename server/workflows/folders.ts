/** The folders whose workflows can run: remembered, watched, and handed to the registry and the run hosts. */

import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { isBelow } from '../containment.ts';
import { Failure } from '../errors.ts';
import type { Log } from '../log.ts';
import type { FolderRecord } from '../store/contracts/records.ts';
import type { State } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { WorkflowRegistry } from './registry.ts';
import { watchFolder } from './watch.ts';

export interface FoldersParts {
  state: State;
  registry: WorkflowRegistry;
  /** What runs a folder's workflows; it is told of every change of their source. */
  runs: {
    useFolder(folder: { path: string; python?: string; modules: string[] }): Promise<unknown>;
    dropFolder(path: string): Promise<void>;
  };
  clock: () => Millis;
  log: Log;
}

export interface Folders {
  /** Absolute paths. */
  list(): string[];
  /**
   * Registers a folder, or changes its interpreter. A folder inside a registered one is covered by it already.
   *
   * @returns how many workflows it holds.
   * @throws Failure `bad-input` when it is no readable folder, `conflict` when it contains a registered one.
   */
  register(folder: { path: string; python?: string }, actor: string): Promise<number>;
  /** Takes note of a file that was just saved, by its absolute path, sooner than the watch would tell. */
  noteSaved(file: string): void;
  /** Resolves when every file that was noted as saved has been read; never rejects. */
  settled(): Promise<void>;
  /** @throws Failure `not-found`. */
  unregister(path: string, actor: string): Promise<void>;
  /** Reads files of a registered folder that were just written; runs from then on use them. */
  reread(path: string, files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Opens the room and registers the remembered folders; one that has gone is kept, logged, and left out. */
export async function openFolders(parts: FoldersParts): Promise<Folders> {
  const { state, registry, runs, clock, log } = parts;
  let turn: Promise<unknown> = Promise.resolve();
  let saving: Promise<void> = Promise.resolve();
  const watches = new Map<string, { python?: string; close(): Promise<void> }>();

  /**
   * Tells the run host which files hold workflows; it replaces itself when it has to.
   * Nobody waits for it: without a working interpreter the workflows are still listed, and a run says what is wrong.
   */
  const useSource = (path: string, python: string | undefined): void => {
    const folder = { path, modules: registry.filesOf(path), ...(python !== undefined && { python }) };
    runs
      .useFolder(folder)
      .catch((thrown: unknown) => log.warn({ err: thrown, folder: path }, 'the run host did not start'));
  };

  const open = async (path: string, python: string | undefined) => {
    await registry.addFolder(path);
    // Nobody waits for it: on its beginning it reads what has changed since.
    const watch = watchFolder(path, registry, () => useSource(path, watches.get(path)?.python));
    watch.catch((thrown: unknown) => log.warn({ err: thrown, folder: path }, 'a folder is not watched'));
    watches.set(path, {
      ...(python !== undefined && { python }),
      close: async () => (await watch).close(),
    });
    useSource(path, python);
  };

  const close = async (path: string) => {
    const watch = watches.get(path);
    watches.delete(path);
    await watch?.close();
    registry.removeFolder(path);
    await runs.dropFolder(path);
  };

  for (const { id, python } of await state.list('folders')) {
    await open(id, python).catch((thrown: unknown) =>
      log.warn({ err: thrown, folder: id }, 'a remembered folder was left out'),
    );
  }

  return {
    list: () => [...watches.keys()],

    register: (folder, actor) => inTurn(() => register(folder, actor)),
    noteSaved(file) {
      const path = [...watches.keys()].find((folder) => isBelow(file, folder));
      if (path === undefined) return;
      const inside = relative(path, file).split(sep).join('/');
      const read = registry.refresh(path, [inside]).then(
        (isStale) => {
          if (isStale) useSource(path, watches.get(path)?.python);
        },
        (thrown: unknown) => log.warn({ err: thrown, folder: path }, 'a saved file was not read'),
      );
      saving = Promise.all([saving, read]).then(() => undefined);
    },
    settled: () => saving,
    unregister: (path, actor) => inTurn(() => unregister(path, actor)),
    async reread(path, files) {
      if (await registry.refresh(path, files)) useSource(path, watches.get(path)?.python);
    },
    close: () =>
      inTurn(async () => {
        await Promise.all([...watches.values()].map((watch) => watch.close()));
        watches.clear();
      }),
  };

  /** Two windows may open one folder at the same moment; the second finds it registered. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function register({ path: given, python }: { path: string; python?: string }, actor: string) {
    const path = await checkedFolder(given);
    for (const registered of watches.keys()) {
      if (isBelow(path, registered)) return countIn(path);
      if (isBelow(registered, path)) {
        throw new Failure(
          'conflict',
          `"${path}" contains the registered folder "${registered}"; remove that one first.`,
        );
      }
    }
    // A folder that cannot be read is refused before it is remembered.
    const current = watches.get(path);
    if (!current) await open(path, python);
    else if (current.python !== python) {
      watches.set(path, { ...(python !== undefined && { python }), close: current.close });
      useSource(path, python);
    }
    const known = await state.get('folders', path);
    if (known === undefined || known.python !== python) {
      await state.transact(async (tx) => {
        const record: FolderRecord = {
          id: path,
          registeredAt: known?.registeredAt ?? clock(),
          ...(python !== undefined && { python }),
        };
        tx.put('folders', record);
        tx.audit({ actor, action: 'folder.registered', target: path, outcome: 'ok' });
      });
    }
    return countIn(path);
  }

  async function unregister(path: string, actor: string): Promise<void> {
    if (!(await state.get('folders', path))) {
      throw new Failure('not-found', `"${path}" is not registered; see the status for those that are.`);
    }
    await state.transact(async (tx) => {
      tx.remove('folders', path);
      tx.audit({ actor, action: 'folder.unregistered', target: path, outcome: 'ok' });
    });
    await close(path);
  }

  function countIn(path: string): number {
    return registry.list().filter(({ folder }) => folder === path || isBelow(folder, path)).length;
  }
}

/** The folder's real path. @throws Failure `bad-input` that names it. */
async function checkedFolder(path: string): Promise<string> {
  if (!isAbsolute(path)) throw new Failure('bad-input', `Give the absolute path of the folder "${path}".`);
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (cause) {
    throw new Failure('bad-input', `The folder "${path}" does not exist or cannot be read.`, { cause });
  }
  throw new Failure('bad-input', `"${path}" is not a folder.`);
}
