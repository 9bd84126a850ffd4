/** A watched folder: real saves on a real disk are known by the registry without being told. */

import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { WorkflowRegistry } from '../../server/workflows/registry.ts';
import { watchFolder } from '../../server/workflows/watch.ts';
import { parser } from '../language/check.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const source = (name: string) =>
  `from bifrost import workflow\n\n@workflow(name="${name}")\nasync def f(): ...\n`;

/** A watched folder that holds `a.py`, and a way to wait for what the registry says of it. */
async function watched() {
  const folder = temporaryFolder();
  await writeFile(join(folder.path, 'a.py'), source('a'));
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  let changes = 0;
  const waiting = new Set<() => void>();
  const watch = await watchFolder(folder.path, registry, () => {
    changes++;
    for (const look of waiting) look();
  });
  return {
    path: folder.path,
    registry,
    watch,
    changes: () => changes,
    /** Resolves once the ids are these, or the condition holds, after a change of source. */
    async until(condition: string[] | (() => boolean)): Promise<void> {
      const holds = Array.isArray(condition)
        ? () =>
            registry
              .list()
              .map(({ id }) => id)
              .join() === condition.join()
        : condition;
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => holds() && resolve();
      waiting.add(look);
      look();
      await promise;
      waiting.delete(look);
    },
    async [Symbol.asyncDispose]() {
      await watch.close();
      await folder.remove();
    },
  };
}

const timeout = 120_000;

test('a file that is created, saved, renamed or deleted is known', { timeout }, async () => {
  await using folder = await watched();
  await writeFile(join(folder.path, 'b.py'), source('b'));
  await folder.until(['a', 'b']);
  await writeFile(join(folder.path, 'b.py'), source('changed'));
  await folder.until(['a', 'changed']);
  await rename(join(folder.path, 'b.py'), join(folder.path, 'c.py'));
  await folder.until(() => folder.registry.get('changed')?.file === 'c.py');
  await rm(join(folder.path, 'a.py'));
  await folder.until(['changed']);
});

test('a save that writes another file and renames it is known, again and again', { timeout }, async () => {
  await using folder = await watched();
  for (const name of ['one', 'two', 'three']) {
    await writeFile(join(folder.path, 'a.py.tmp'), source(name));
    await rename(join(folder.path, 'a.py.tmp'), join(folder.path, 'a.py'));
    await folder.until([name]);
  }
});

test('folders that come and go are followed', { timeout }, async () => {
  await using folder = await watched();
  await mkdir(join(folder.path, 'new/deep'), { recursive: true });
  await writeFile(join(folder.path, 'new/deep/b.py'), source('b'));
  await folder.until(['a', 'b']);
  await rename(join(folder.path, 'new'), join(folder.path, 'moved'));
  await folder.until(() => folder.registry.get('b')?.file === 'moved/deep/b.py');
  await rm(join(folder.path, 'moved'), { recursive: true });
  await folder.until(['a']);
});

test('many files at once are one change or a few, and none is missed', { timeout }, async () => {
  await using folder = await watched();
  const names = Array.from({ length: 60 }, (_, index) => `n${String(index).padStart(2, '0')}`);
  await Promise.all(names.map((name) => writeFile(join(folder.path, `${name}.py`), source(name))));
  await folder.until(['a', ...names]);
  assert.ok(folder.changes() < names.length, `${folder.changes()} changes`);
});

test('a module without workflows is a change of source too', { timeout }, async () => {
  await using folder = await watched();
  const before = folder.registry.revisionOf(folder.path);
  await writeFile(join(folder.path, 'shared.py'), 'x = 1\n');
  await folder.until(() => folder.registry.revisionOf(folder.path) !== before);
});

test('what changed between the first reading and the watch is known when the watch begins', {
  timeout,
}, async () => {
  using folder = temporaryFolder();
  await writeFile(join(folder.path, 'a.py'), source('a'));
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  await writeFile(join(folder.path, 'b.py'), source('b'));
  let changes = 0;
  const watch = await watchFolder(folder.path, registry, () => changes++);
  assert.deepEqual(
    registry.list().map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(changes, 1);
  await watch.close();
});

test('nothing is reported once the watch is closed, and what is left out is not watched', {
  timeout,
}, async () => {
  await using folder = await watched();
  await mkdir(join(folder.path, 'node_modules'));
  await writeFile(join(folder.path, 'node_modules/b.py'), source('b'));
  await writeFile(join(folder.path, 'c.py'), source('c'));
  await folder.until(['a', 'c']);
  await folder.watch.close();
  const before = folder.changes();

  // Another watch of the same folder tells when the system has reported the change.
  const { promise: reported, resolve } = Promise.withResolvers<void>();
  const other = new WorkflowRegistry({ parser });
  await other.addFolder(folder.path);
  const watch = await watchFolder(folder.path, other, resolve);
  await writeFile(join(folder.path, 'd.py'), source('d'));
  await reported;
  await watch.close();
  assert.equal(folder.changes(), before);
  assert.equal(folder.registry.get('d'), undefined);
});
