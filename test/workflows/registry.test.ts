/** The registry over real folders: what it finds, what it leaves out, and what it keeps. */

import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { WorkflowRegistry } from '../../server/workflows/registry.ts';
import { parser } from '../language/check.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const source = (name: string) =>
  `from bifrost import workflow\n\n@workflow(name="${name}")\nasync def f(): ...\n`;

async function write(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
}

const idsOf = (registry: WorkflowRegistry) => registry.list().map(({ id }) => id);

test('workflows of all files are listed, in order of file and place', async () => {
  using folder = temporaryFolder();
  await write(folder.path, {
    'b.py': source('second'),
    'a/deep/er.py': `${source('first')}${source('third').replace('f()', 'g()')}`,
    'plain.py': 'import os\n',
    'notes.txt': source('not python'),
  });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  assert.deepEqual(idsOf(registry), ['first', 'third', 'second']);
  assert.deepEqual(registry.filesOf(folder.path), ['a/deep/er.py', 'b.py']);
  const first = registry.get('first');
  assert.equal(first?.folder, folder.path);
  assert.equal(first.file, 'a/deep/er.py');
  assert.equal(first.functionName, 'f');
  assert.equal(registry.get('plain'), undefined);
});

test('hidden folders, installed packages, environments and links are left out', async () => {
  using folder = temporaryFolder();
  using outside = temporaryFolder();
  await write(outside.path, { 'far.py': source('far') });
  await write(folder.path, {
    'here.py': source('here'),
    '.hidden/a.py': source('hidden folder'),
    '.b.py': source('hidden file'),
    'node_modules/c.py': source('node_modules'),
    'lib/site-packages/d.py': source('site-packages'),
    '__pycache__/e.py': source('__pycache__'),
    'environment/pyvenv.cfg': '',
    'environment/f.py': source('environment'),
  });
  await symlink(outside.path, join(folder.path, 'linked'));
  await symlink(join(outside.path, 'far.py'), join(folder.path, 'linked.py'));
  await symlink(folder.path, join(folder.path, 'circle'));
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  assert.deepEqual(idsOf(registry), ['here']);
});

test('a missing folder, or a file in its place, is refused by its name', async () => {
  using folder = temporaryFolder();
  const registry = new WorkflowRegistry({ parser });
  const missing = join(folder.path, 'missing');
  await assert.rejects(registry.addFolder(missing), {
    code: 'bad-input',
    message: `The folder "${missing}" cannot be read: it does not exist.`,
  });
  await write(folder.path, { file: '' });
  await assert.rejects(registry.addFolder(join(folder.path, 'file')), { code: 'bad-input' });
  assert.deepEqual(registry.list(), []);
});

test('a name that is used twice is flagged in both places, across folders, until one goes', async () => {
  using one = temporaryFolder();
  using other = temporaryFolder();
  await write(one.path, { 'a.py': source('pay') });
  await write(other.path, { 'b.py': source('pay'), 'c.py': source('alone') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(one.path);
  assert.equal(registry.get('pay')?.duplicate, false);
  await registry.addFolder(other.path);
  assert.deepEqual(
    registry
      .list()
      .map(({ id, duplicate }) => `${id} ${duplicate}`)
      .sort(),
    ['alone false', 'pay true', 'pay true'],
  );
  registry.removeFolder(other.path);
  assert.equal(registry.get('pay')?.duplicate, false);
  assert.equal(registry.get('alone'), undefined);
});

test('a file that does not parse keeps its last good workflows and reports where', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('pay') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  await write(folder.path, { 'a.py': `${source('renamed')}\nvalue = = 1\n` });
  assert.equal(await registry.refresh(folder.path, ['a.py']), true);
  assert.deepEqual(idsOf(registry), ['pay']);
  const [problem] = registry.problems();
  assert.equal(problem?.range?.start.line, 5);
  assert.match(problem.message, /"a\.py" does not parse \(line 6\)/);

  await write(folder.path, { 'a.py': source('renamed') });
  await registry.refresh(folder.path, ['a.py']);
  assert.deepEqual(idsOf(registry), ['renamed']);
  assert.deepEqual(registry.problems(), []);
});

test('a file that never parsed has no workflows, and one that is none of ours is no problem', async () => {
  using folder = temporaryFolder();
  await write(folder.path, {
    'a.py': `${source('pay')}\nvalue = = 1\n`,
    'b.py': '# bifrost\nprint = = 1\n',
    'c.py': 'value = = 1\n',
  });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  assert.deepEqual(registry.list(), []);
  assert.deepEqual(
    registry.problems().map(({ file }) => file),
    ['a.py'],
  );
});

test('a file is read as Python reads it, with a byte order mark or with other line ends', async () => {
  using folder = temporaryFolder();
  await write(folder.path, {
    'mark.py': `\ufeff${source('mark')}`,
    'windows.py': source('windows').replaceAll('\n', '\r\n'),
    'latin.py': Buffer.concat([Buffer.from('# caf\xe9\n', 'latin1'), Buffer.from(source('latin'))]),
  });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  assert.deepEqual(idsOf(registry).sort(), ['latin', 'mark', 'windows']);
});

test('a file that has gone takes its workflows with it', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('pay') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  await rm(join(folder.path, 'a.py'));
  assert.equal(await registry.refresh(folder.path, ['a.py']), true);
  assert.deepEqual(registry.list(), []);
  assert.equal(await registry.refresh(folder.path, ['a.py']), false);
});

test('a rescan finds what nobody told of, and only that', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('a'), 'b.py': source('b') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  assert.equal(await registry.rescan(folder.path), false);
  await rename(join(folder.path, 'a.py'), join(folder.path, 'c.py'));
  await write(folder.path, { 'b.py': source('changed') });
  assert.equal(await registry.rescan(folder.path), true);
  assert.deepEqual(idsOf(registry), ['changed', 'a']);
  assert.deepEqual(registry.filesOf(folder.path), ['b.py', 'c.py']);
});

test('the revision changes with every Python file, listeners hear only what shows', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('a'), 'shared.py': 'x = 1\n' });
  const registry = new WorkflowRegistry({ parser });
  let heard = 0;
  const stop = registry.onChange(() => heard++);
  await registry.addFolder(folder.path);
  assert.equal(heard, 1);
  const before = registry.revisionOf(folder.path);
  await write(folder.path, { 'shared.py': 'x = 2\n' });
  await registry.refresh(folder.path, ['shared.py']);
  assert.notEqual(registry.revisionOf(folder.path), before);
  assert.equal(heard, 1);
  await write(folder.path, { 'a.py': source('b') });
  await registry.refresh(folder.path, ['a.py']);
  assert.equal(heard, 2);
  stop();
  registry.removeFolder(folder.path);
  assert.equal(heard, 2);
});

test('readings that overlap leave the newest', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('first') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  const readings: Promise<boolean>[] = [];
  for (const name of ['second', 'third', 'last']) {
    await write(folder.path, { 'a.py': source(name) });
    readings.push(registry.refresh(folder.path, ['a.py']));
  }
  await Promise.all(readings);
  assert.deepEqual(idsOf(registry), ['last']);
});

test('a file that cannot be read keeps its workflows and says why', async () => {
  using folder = temporaryFolder();
  await write(folder.path, { 'a.py': source('pay') });
  const registry = new WorkflowRegistry({ parser });
  await registry.addFolder(folder.path);
  // A size limit is met by every user; permissions are not met by an administrator.
  await write(folder.path, { 'a.py': Buffer.alloc(2 * 1024 * 1024 + 1, '#') });
  await registry.refresh(folder.path, ['a.py']);
  assert.deepEqual(idsOf(registry), ['pay']);
  assert.match(registry.problems()[0]?.message ?? '', /"a\.py" cannot be read: it is larger than 2 MiB\./);
});
