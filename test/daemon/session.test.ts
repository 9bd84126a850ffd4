/** An editor's connection: diagnostics follow what is typed and what is set, in every window. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type DaemonProcess, runCommand, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { connectEditor } from '../support/lspClient.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const folder = temporaryFolder();
const workspace = join(folder.path, 'workspace');
const file = join(workspace, 'flows.py');
const uri = pathToFileURL(file).href;
let daemon: DaemonProcess;

const source = `from bifrost import ExecutionContext, config, workflow

@workflow(name="pays", endpoint_enabled=True)
async def pays(context: ExecutionContext):
    return await config.get("api_token")
`;

before(async () => {
  mkdirSync(workspace);
  writeFileSync(file, source);
  daemon = await startDaemonProcess({ data: join(folder.path, 'data'), folders: [workspace] });
});
after(async () => {
  await daemon?.end();
  folder.remove();
});

test('a missing name is marked on exactly its string, and clean in every window once it is set', async () => {
  const one = await connectEditor(daemon.data);
  const other = await connectEditor(daemon.data);
  try {
    for (const window of [one, other]) await window.show(uri, source);
    const [found, ...more] = await one.diagnose(uri);
    assert.equal(more.length, 0);
    assert.equal(found?.code, 'config/missing');
    assert.match(found.message, /api_token/);
    const line = source.split('\n')[found.range.start.line] ?? '';
    assert.equal(line.slice(found.range.start.character, found.range.end.character), '"api_token"');
    assert.equal((await other.diagnose(uri)).length, 1);

    const refreshed = Promise.all([one.nextRefresh(), other.nextRefresh()]);
    await runJson(daemon.data, ['config', 'set', 'api_token', '--type', 'secret'], 'test-api-token');
    await refreshed;
    assert.deepEqual(await one.diagnose(uri), []);
    assert.deepEqual(await other.diagnose(uri), []);

    const again = one.nextRefresh();
    await runCommand(daemon.data, ['config', 'unset', 'api_token']);
    await again;
    assert.equal((await one.diagnose(uri)).length, 1);
  } finally {
    one.leave();
    other.leave();
  }
});

test('the quick fix of a missing name asks to set it', async () => {
  const editor = await connectEditor(daemon.data);
  try {
    await editor.show(uri, source);
    const [diagnostic] = await editor.diagnose(uri);
    assert.ok(diagnostic);
    const actions = await editor.connection.sendRequest<
      { title: string; command?: { command: string; arguments?: unknown[] } }[]
    >('textDocument/codeAction', {
      textDocument: { uri },
      range: diagnostic.range,
      context: { diagnostics: [diagnostic] },
    });
    const set = actions.find(({ title }) => title.startsWith("Set 'api_token'"));
    assert.equal(set?.command?.command, 'workflowKeys.configs.set');
    assert.deepEqual(set.command.arguments, [{ name: 'api_token' }]);
  } finally {
    editor.leave();
  }
});

test('typing is followed by increments', async () => {
  const editor = await connectEditor(daemon.data);
  try {
    await editor.show(uri, source);
    const line = source.split('\n').findIndex((text) => text.includes('config.get'));
    const character = (source.split('\n')[line] ?? '').indexOf('_token');
    for (const [index, letter] of [...'_new'].entries()) {
      const position = { line, character: character + index };
      await editor.connection.sendNotification('textDocument/didChange', {
        textDocument: { uri, version: 100 + index },
        contentChanges: [{ range: { start: position, end: position }, text: letter }],
      });
    }
    const [found] = await editor.diagnose(uri);
    assert.match(found?.message ?? '', /api_new_token/);
  } finally {
    editor.leave();
  }
});

test('completion offers stored names with their type and never a value', async () => {
  await runJson(daemon.data, ['config', 'set', 'report_title', 'A title of the tests']);
  const editor = await connectEditor(daemon.data);
  try {
    await editor.show(uri, source);
    const line = source.split('\n').findIndex((text) => text.includes('config.get'));
    const character = (source.split('\n')[line] ?? '').indexOf('api_token') + 3;
    const answer = await editor.connection.sendRequest('textDocument/completion', {
      textDocument: { uri },
      position: { line, character },
    });
    const text = JSON.stringify(answer);
    assert.match(text, /report_title/);
    assert.doesNotMatch(text, /A title of the tests/);
  } finally {
    editor.leave();
  }
});

test('a saved workflow is known, and its endpoint answers, within the watch time', async () => {
  const editor = await connectEditor(daemon.data);
  try {
    const known = new Promise<void>((resolve) => {
      editor.connection.onNotification('workflowKeys/changed', async () => {
        const rows = await editor.request('workflowKeys/workflows/list', null);
        if (rows.some(({ id }) => id === 'saved_later')) resolve();
      });
    });
    writeFileSync(
      join(workspace, 'later.py'),
      'from bifrost import workflow\n\n@workflow(name="saved_later", endpoint_enabled=True)\ndef later(context):\n    return 1\n',
    );
    await known;
    const detail = await runJson<{ result: unknown }>(daemon.data, ['run', 'saved_later']);
    assert.equal(detail.result, 1);
  } finally {
    editor.leave();
  }
});

test('who saves a workflow and runs it at once, runs what was saved', async () => {
  const editor = await connectEditor(daemon.data);
  const saved = join(workspace, 'at_once.py');
  const text = (value: number) =>
    `from bifrost import workflow\n\n@workflow(name="at_once")\ndef at_once(context):\n    return ${value}\n`;
  try {
    for (const value of [1, 22, 333]) {
      writeFileSync(saved, text(value));
      await editor.connection.sendNotification('textDocument/didSave', {
        textDocument: { uri: pathToFileURL(saved).href },
      });
      const { result } = await editor.request('workflowKeys/runs/start', {
        workflowId: 'at_once',
        input: {},
      });
      assert.equal(result, value);
    }
  } finally {
    editor.leave();
  }
});

test('lint prints what the editor marks, 1-based, and exits 1 (design: command line)', async () => {
  const { code, stdout } = await runCommand(daemon.data, ['lint', workspace, '--format', 'json']);
  assert.equal(code, 1);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Record<string, unknown>[] };
  assert.equal(diagnostics.length, 1);
  const { message, ...place } = diagnostics[0] ?? {};
  assert.match(String(message), /api_token/);
  assert.deepEqual(place, {
    file: 'flows.py',
    line: 5,
    column: 29,
    endLine: 5,
    endColumn: 40,
    code: 'config/missing',
    severity: 'warning',
  });
});

test('a thousand changes at once are a few messages, and the last one comes after all of them', async () => {
  const editor = await connectEditor(daemon.data);
  try {
    const script = await connectEditor(daemon.data);
    let told = 0;
    const { promise: toldOfAll, resolve } = Promise.withResolvers<void>();
    editor.connection.onNotification('workflowKeys/changed', ({ nouns }: { nouns: string[] }) => {
      if (!nouns.includes('configs')) return;
      told += 1;
      // Whoever is told reads again, and must then see the last change.
      void editor
        .request('workflowKeys/configs/list', {})
        .then((rows) => rows.some(({ value }) => value === 999) && resolve());
    });
    await Promise.all(
      Array.from({ length: 1000 }, (_, value) =>
        script.request('workflowKeys/configs/set', { name: `flood_${value % 50}`, type: 'int', value }),
      ),
    );
    await toldOfAll;
    assert.ok(told < 500, `${told} messages`);
    script.leave();
  } finally {
    editor.leave();
  }
});
