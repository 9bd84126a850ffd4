/** Workflow source that comes from outside: checked, then written where only new or own files are (A6). */

import { link, lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Failure } from '../errors.ts';
import type { PythonParser } from '../language/parser.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import { discoverBytes } from './discovery.ts';
import type { Folders } from './folders.ts';
import type { WorkflowRegistry } from './registry.ts';
import type { Workflow } from './workflow.ts';

export interface AuthoringParts {
  registry: Pick<WorkflowRegistry, 'get' | 'list'>;
  folders: Pick<Folders, 'list' | 'reread'>;
  parser: PythonParser;
  /** Resolves when the record is durable; without it nothing is written (D34). */
  appendAudit(entry: AuditEntry): Promise<unknown>;
}

export interface Authoring {
  /**
   * Writes a new file into `workflows/` of the folder that was registered first. Nothing is ever overwritten.
   *
   * @param name the workflow's id and the file's name: letters, digits and `_`.
   * @throws Failure `bad-input` (the name; source that does not parse, or defines no such workflow) or `conflict`
   * (the name is taken; no folder is registered).
   */
  create(wish: { name: string; source: string }, actor: string): Promise<Workflow>;
  /**
   * Replaces the file that a workflow stands in; every workflow of that file must still be there.
   *
   * @throws Failure `bad-input` or `conflict`, as `create`.
   */
  replace(workflow: Workflow, source: string, actor: string): Promise<Workflow>;
}

const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

export function openAuthoring({ registry, folders, parser, appendAudit }: AuthoringParts): Authoring {
  /** The ids that the source defines. @throws Failure `bad-input` where it does not parse. */
  function idsIn(source: string): string[] {
    const facts = discoverBytes(Buffer.from(source), parser);
    if (facts?.syntaxProblem) {
      const line = facts.syntaxProblem.range.start.line + 1;
      throw new Failure('bad-input', `The source does not parse (line ${line}); nothing was written.`);
    }
    return (facts?.workflows ?? []).map(({ workflow }) => workflow.id);
  }

  async function written(folder: string, file: string, id: string): Promise<Workflow> {
    await folders.reread(folder, [file]);
    const workflow = registry.get(id);
    if (workflow) return workflow;
    throw new Failure(
      'conflict',
      `"${file}" was changed by somebody else meanwhile; look at it, then try again.`,
    );
  }

  const audited = async (
    actor: string,
    action: string,
    target: string,
    file: string,
    write: () => Promise<void>,
  ) => {
    const entry = { actor, action, target, detail: { file } };
    await appendAudit({ ...entry, outcome: 'ok' });
    try {
      await write();
    } catch (thrown) {
      await appendAudit({ ...entry, outcome: 'failed' });
      throw thrown;
    }
  };

  return {
    async create({ name, source }, actor) {
      if (!namePattern.test(name)) {
        throw new Failure(
          'bad-input',
          'The name must begin with a letter, followed by at most 63 letters, digits or "_".',
        );
      }
      const ids = idsIn(source);
      if (!ids.includes(name)) {
        throw new Failure('bad-input', `The source defines no workflow "${name}"; nothing was written.`);
      }
      const taken = ids.find((id, index) => registry.get(id) || ids.indexOf(id) !== index);
      if (taken !== undefined) {
        throw new Failure('conflict', `There is a workflow "${taken}" already; choose another name.`);
      }
      const [folder] = folders.list();
      if (folder === undefined) {
        throw new Failure(
          'conflict',
          'No folder is registered; register one first, so that there is a place.',
        );
      }
      const directory = await placeIn(folder);
      const file = `workflows/${name}.py`;
      await audited(actor, 'workflow.created', name, file, () =>
        writeBeside(directory, source, (temporary) =>
          linkNew(temporary, join(directory, `${name}.py`), file),
        ),
      );
      return written(folder, file, name);
    },

    async replace(workflow, source, actor) {
      const { id, folder, file } = workflow;
      const ids = idsIn(source);
      const missing = registry
        .list()
        .filter((one) => one.folder === folder && one.file === file)
        .find((one) => !ids.includes(one.id));
      if (missing) {
        throw new Failure(
          'bad-input',
          `The source defines no workflow "${missing.id}", which "${file}" holds.`,
        );
      }
      const taken = ids.find((one, index) => {
        const known = registry.get(one);
        return ids.indexOf(one) !== index || (known && (known.folder !== folder || known.file !== file));
      });
      if (taken !== undefined) {
        throw new Failure('conflict', `There is another workflow "${taken}"; choose another name.`);
      }
      const path = join(folder, ...file.split('/'));
      await checkOwn(folder, path, file);
      await audited(actor, 'workflow.replaced', id, file, () =>
        writeBeside(join(path, '..'), source, (temporary) => rename(temporary, path)),
      );
      return written(folder, file, id);
    },
  };
}

/** The folder's `workflows`, made when it is not there. @throws Failure `conflict` when it leads elsewhere. */
async function placeIn(folder: string): Promise<string> {
  const directory = join(folder, 'workflows');
  await mkdir(directory, { recursive: true });
  if ((await realpath(directory)) === join(await realpath(folder), 'workflows')) return directory;
  throw new Failure('conflict', 'The folder "workflows" is a link to another place; nothing was written.');
}

/** @throws Failure `conflict` for a file that is a link, or is reached through one. */
async function checkOwn(folder: string, path: string, file: string): Promise<void> {
  const isPlain = await lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isPlain && (await realpath(path)).startsWith(`${await realpath(folder)}${sep}`)) return;
  throw new Failure('conflict', `"${file}" is not a plain file of its folder; nothing was written.`);
}

/** Writes a hidden file beside the place, durable before `place` puts it there, so that no reader sees half of it. */
async function writeBeside(
  directory: string,
  source: string,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(directory, `.${process.pid}-${writes++}.new`);
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await handle.writeFile(source);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

let writes = 0;

/** Unlike a rename, a link never replaces what is there. */
async function linkNew(temporary: string, path: string, file: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new Failure('conflict', `There is a file "${file}" already; choose another name.`, { cause });
  }
}
