/** The whole product as its user meets it: packaged, installed in a real VS Code, clicked through in a browser. */

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { request } from 'undici';
import { nextFreePort } from '../../client/port.ts';
import { Editor } from './editor.ts';
import type { Window } from './window.ts';

/** A workflow file with a name that nobody has set. */
const missingName = `"""Reads a name that is not set yet."""

from bifrost import ExecutionContext, config, workflow


@workflow(name="lookup", endpoint_enabled=True)
async def lookup(context: ExecutionContext):
    token = await config.get("example_api_key")
    return {"length": len(token)}
`;

describe('a trusted folder', { timeout: 480_000 }, () => {
  let editor: Editor;
  let window: Window;
  let apiKey = '';

  const call = async (workflowId: string, body: unknown = {}) => {
    const response = await request(`http://127.0.0.1:${editor.port}/api/endpoints/${workflowId}`, {
      method: 'POST',
      headers: { 'x-bifrost-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.statusCode, body: (await response.body.json()) as Record<string, unknown> };
  };

  before(async () => {
    editor = await Editor.start({ trust: true });
    const workflows = join(editor.folder, 'workflows');
    writeFileSync(join(workflows, 'lookup.py'), missingName);
    writeFileSync(
      join(workflows, 'retry.py'),
      missingName.replace('example_api_key', 'retries').replace('"lookup"', '"retry"'),
    );
    window = await editor.open('first');
  });

  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await window.shoot('0-failed');
  });

  after(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  test('the side bar has a container with the view of keys, and the status item tells the port', async () => {
    await window.openContainer('Workflow Keys');
    await window.view('Keys').getByText('A key lets a script').waitFor();
    await window.row('Workflows', 'hello').waitFor();
    await window.statusItem(String(editor.port)).waitFor();
    await window.shoot('1-container');
  });

  test('"+" makes a key, and a modal shows it once with both copies', async () => {
    await window.clickTitleAction('Keys', 'Create Key');
    await window.answer('What is it for?', 'CI pipeline trigger');
    await window.shoot('2-scope');
    await window.choose('What may it run?', 'Global key');
    await window.quickInput.locator('.monaco-list-row.focused', { hasText: '90 days' }).waitFor();
    await window.shoot('3-expiration');
    await window.page.keyboard.press('Enter');
    await window.dialog.getByText('bk_live_').first().waitFor();
    await window.shoot('4-key');
    await window.pressDialogButton('Copy key');
    await window.dialog.getByText('The key is in the clipboard').waitFor();
    apiKey = await window.clipboard();
    assert.match(apiKey, /^bk_live_[0-9A-Za-z]{32}$/);
    await window.pressDialogButton('Copy curl');
    await window.dialog.getByText('The curl command is in the clipboard').waitFor();
    const curl = await window.clipboard();
    assert.ok(curl.startsWith('curl ') && curl.includes(apiKey) && curl.includes(`:${editor.port}/`));
    await window.pressDialogButton('Close');
    await window.dialog.waitFor({ state: 'detached' });
    await window.row('Keys', 'CI pipeline trigger').waitFor();
    for (const fact of [`bk_live_••••${apiKey.slice(-4)}`, 'Expires in 90 days', 'Never used', 'Created now'])
      await window.row('Keys', fact).waitFor();
    await window.shoot('5-keys');
    assert.equal(await window.page.getByText(apiKey).count(), 0, 'the key is shown once');
  });

  test('the key runs a workflow over HTTP, and the run stands in the view', async () => {
    const answer = await call('hello', { name: 'Ada' });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body.result, { greeting: 'Hello, Ada!' });
    await window.row('Keys', 'Used now').waitFor();
    await window.expandView('Runs');
    await window.row('Runs', 'hello').click();
    await window.page.locator('.editor-instance').getByText('Hello, Ada!').waitFor();
    await window.shoot('6-run');
  });

  test('a description that is blank or too long is refused before anything is made', async () => {
    await window.command('Workflow Keys: Create Key…');
    await window.answer('What is it for?', 'x'.repeat(33));
    await window.quickInput.getByText('Too long by 1').waitFor();
    await window.page.keyboard.press('Escape');
  });

  test('a missing name is marked on exactly that string, in two windows', async () => {
    const second = await editor.open('second');
    for (const each of [window, second]) {
      await each.openFile('lookup.py');
      await each.squiggles('warning').waitFor();
      // A lens moves the lines below it, so nothing is aimed at before it is there.
      await each.page.locator('.editor-instance .codelens-decoration').getByText('Run').waitFor();
    }
    await window.waitForMarked('"example_api_key"');
    await window.shoot('7-missing');

    const fixes = await window.openQuickFixes('example_api_key');
    await window.shoot('8-quick-fix');
    await fixes.locator('.monaco-list-row', { hasText: "Set 'example_api_key'" }).click();
    await window.choose('Which type?', 'Secret');
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.shoot('9-secret');
    await window.answer('The secret', 'example-secret-value');
    for (const each of [window, second]) await each.squiggles('warning').waitFor({ state: 'detached' });
    const row = window.row('Configuration', 'example_api_key');
    await row.getByText('••••••', { exact: true }).waitFor();
    await window.shoot('10-set');
    await second.page.context().close();
    assert.deepEqual((await call('lookup')).body.result, { length: 'example-secret-value'.length });
  });

  test('"Set Secret…" stores a secret that is typed in a password box', async () => {
    await window.command('Workflow Keys: Set Secret…');
    await window.answer('The name that workflows read', 'webhook_secret');
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.answer('The secret', 'example-webhook-secret');
    await window.row('Configuration', 'webhook_secret').getByText('••••••', { exact: true }).waitFor();
  });

  test('"Add Config…" never makes a stored secret plain, and says that it is replaced', async () => {
    await window.command('Workflow Keys: Add Config…');
    await window.answer('The name that workflows read', 'webhook_secret');
    await window.quickInput.locator('.quick-input-message', { hasText: 'replaces the one' }).waitFor();
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'detached' });
  });

  test('a secret refers to a file instead, and its row says so (D29)', async () => {
    const path = join(editor.folder, 'kept-elsewhere.txt');
    writeFileSync(path, 'example-kept-secret\n');
    await window.command('Workflow Keys: Set Secret…');
    await window.answer('The name that workflows read', 'kept_secret');
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.quickInput.getByRole('button', { name: 'Refer to an environment variable' }).click();
    await window.choose('Where is the secret?', 'File');
    await window.shoot('10-reference');
    await window.answer('The absolute path of the file', path);
    await window.row('Configuration', 'kept_secret').getByText('•••••• from a file').waitFor();
    assert.equal(
      await window.page.getByText('kept-elsewhere').count(),
      0,
      'what it refers to is shown nowhere',
    );
  });

  test('a workflow is run from the view, with its parameters asked one by one', async () => {
    await window.clickRowAction(window.row('Workflows', 'hello'), 'Run Workflow');
    await window.answer('name', 'Grace');
    await window.page.locator('.editor-instance').getByText('Hello, Grace!').waitFor();
  });

  test('"New Workflow…" writes a file that runs as it stands, and overwrites none', async () => {
    await window.command('Workflow Keys: New Workflow…');
    await window.answer('The name of the workflow', 'hello');
    await window.notification('workflows/hello.py could not be written').waitFor();
    await window.waitForAnswer('The name of the workflow', 'hello');
    await window.answer('The name of the workflow', 'send_invoice');
    await window.page.locator('.tab[data-resource-name="send_invoice.py"].active').waitFor();
    await window.shoot('10-new-workflow');
    await window.clearNotifications();
    // Only rows that fit into the view are in the page.
    await window.collapseView('Runs');
    await window.chooseFromMenu(window.row('Workflows', 'send_invoice'), 'Run Workflow…');
    await window.answer('who: str', 'Ada');
    await window.page.locator('.editor-instance').getByText('Hello, Ada!').waitFor();
    rmSync(join(editor.folder, 'workflows', 'send_invoice.py'));
    await window.row('Workflows', 'send_invoice').waitFor({ state: 'detached' });
    await window.expandView('Runs');
  });

  test('a key whose workflow was renamed is red, says so and stands last', async () => {
    await window.clickTitleAction('Keys', 'Create Key');
    await window.answer('What is it for?', 'Nightly lookup');
    await window.choose('What may it run?', 'lookup');
    await window.choose('When does it expire?', 'Never');
    await window.pressDialogButton('Close');
    await window.row('Keys', 'Never expires').waitFor();
    const file = join(editor.folder, 'workflows', 'lookup.py');
    writeFileSync(file, missingName.replace('name="lookup"', 'name="find"'));
    await window.row('Keys', 'Nightly lookup').getByText('Orphaned').waitFor();
    await window.row('Workflows', 'find').waitFor();
    await window.shoot('11-orphaned');
    const cards = await window.rowTexts('Keys');
    const position = (text: string) => cards.findIndex((card) => card.includes(text));
    assert.ok(position('Nightly lookup') > position('CI pipeline trigger'));
  });

  test('an orphaned key is bound to the new name of its workflow', async () => {
    await window.clickRowAction(window.row('Keys', 'Nightly lookup'), 'Rebind Key');
    await window.choose('Which workflow is “Nightly lookup” to run?', 'find');
    await window.row('Keys', 'find').getByText('Nightly lookup').waitFor();
    await window.row('Keys', 'Orphaned').waitFor({ state: 'detached' });
  });

  test('the key icon makes an API key, whose card says what it may do and where', async () => {
    // Only rows that fit into the view are in the page.
    for (const view of ['Configuration', 'Workflows', 'Runs']) await window.collapseView(view);
    await window.clickTitleAction('Keys', 'Create API Key');
    await window.answer('Who uses it?', 'Deploy pipeline');
    await window.chooseSeveral('What may it do?', ['workflows:execute', 'runs:read']);
    await window.choose('Which workflows may it run?', 'Only some');
    await window.chooseSeveral('Which ones?', ['hello']);
    await window.choose('When does it expire?', 'Another number of days');
    await window.answer('After how many days', '45');
    await window.dialog.getByText('wfk_').first().waitFor();
    await window.shoot('11-api-key');
    await window.pressDialogButton('Copy key');
    await window.dialog.getByText('The key is in the clipboard').waitFor();
    assert.match(await window.clipboard(), /^wfk_[0-9A-Za-z]{32}$/);
    await window.pressDialogButton('Close');
    await window.row('Keys', 'workflows:execute, runs:read on hello').waitFor();
    await window.row('Keys', 'Expires in 45 days').waitFor();
  });

  test('a rotated key stands beside its successor and says when it ends', async () => {
    await window.clickRowAction(window.row('Keys', 'Deploy pipeline'), 'Rotate Key');
    await window.choose('How long is the old key “Deploy pipeline” still valid?', '14 days');
    await window.dialog.getByText('is valid until').waitFor();
    await window.pressDialogButton('Close');
    await window.row('Keys', 'Deploy pipeline').getByText('Replaced').waitFor();
    await window.row('Keys', 'Ends in 14 days').waitFor();
    assert.equal(await window.row('Keys', 'Deploy pipeline').count(), 2);
    await window.shoot('11-rotated');
    for (const view of ['Configuration', 'Workflows', 'Runs']) await window.expandView(view);
  });

  test('an organization has its own values, and diagnostics follow the one that is chosen', async () => {
    await window.command('Workflow Keys: Add Organization…');
    await window.answer('Its id', 'acme');
    await window.answer('Its name', 'Acme Corporation');
    await window.row('Configuration', 'Acme Corporation').waitFor();
    await window.clickRowAction(window.row('Configuration', 'Acme Corporation'), 'Add Config');
    await window.answer('The name that workflows read', 'retries');
    await window.choose('Which type?', 'Whole number');
    await window.answer('The value', '3');
    await window.row('Configuration', 'retries').getByText('3', { exact: true }).waitFor();
    await window.shoot('12-organization');
    await window.openFile('retry.py');
    await window.waitForMarked('"retries"');
    await window.command('Workflow Keys: Choose Organization…');
    await window.choose('For which organization', 'Acme Corporation');
    await window.squiggles('warning').waitFor({ state: 'detached' });
  });

  test('what is refused is asked for again, and no answer is lost', async () => {
    await window.command('Workflow Keys: Add Organization…');
    await window.answer('Its id', 'acme');
    await window.answer('Its name', 'Another company');
    await window.notification('There is an organization "acme" already').waitFor();
    await window.waitForAnswer('Its name', 'Another company');
    await window.pressInputButton('Back');
    await window.waitForAnswer('Its id', 'acme');
    await window.page.keyboard.press('Escape');
    await window.quickInput.waitFor({ state: 'detached' });
    await window.clearNotifications();
  });

  test('the audit log is shown, grows while it is looked at, and is verified', async () => {
    await window.command('Workflow Keys: Show Audit Log');
    await window.page.locator('.editor-instance').getByText('key.created').first().waitFor();
    const read = window.page.locator('.editor-instance').getByText('config.removed');
    assert.equal(await read.count(), 0);
    await window.command('Workflow Keys: Remove Config…');
    await window.choose('Which value?', 'retries');
    await window.pressDialogButton('Remove');
    await read.first().waitFor();
    await window.shoot('13-audit');
    await window.command('Workflow Keys: Verify Audit Log');
    await window.notification('of the audit log are intact').waitFor();
  });

  test('a daemon that is killed comes back by itself, with everything that was acknowledged', async () => {
    const pid = editor.daemon()?.pid;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await window.statusItem('Workflow Keys').waitFor();
    await window.shoot('14-lost');
    await window.statusItem(String(editor.port)).waitFor();
    assert.notEqual(editor.daemon()?.pid, pid);
    await window.row('Keys', 'CI pipeline trigger').waitFor();
    await window.row('Workflows', 'hello').waitFor();
    assert.equal((await call('hello')).status, 200);
  });

  test('a daemon of an older version is stopped and replaced', async () => {
    const older = editor.daemon();
    assert.ok(older);
    const file = join(editor.dataDirectory, 'daemon.json');
    writeFileSync(file, JSON.stringify({ ...older, version: '0.0.1' }));
    await window.reload();
    await window.statusItem(String(editor.port)).waitFor();
    await window.row('Keys', 'CI pipeline trigger').waitFor();
    assert.notEqual(editor.daemon()?.pid, older.pid);
    assert.equal((await call('hello')).status, 200);
  });

  test('the trash icon and a confirmation revoke the key, and the next request is 401', async () => {
    await window.clickRowAction(window.row('Keys', 'CI pipeline trigger'), 'Revoke Key');
    await window.dialog.getByText('This cannot be undone').waitFor();
    await window.shoot('15-revoke');
    await window.pressDialogButton('Revoke');
    await window.row('Keys', 'CI pipeline trigger').waitFor({ state: 'detached' });
    assert.equal((await call('hello')).status, 401);
  });

  test('a stop is a stop, and a port that was taken meanwhile is changed with one click', async () => {
    await window.command('Workflow Keys: Stop Daemon');
    await window.view('Keys').getByText('The daemon is not running').waitFor();
    await window.shoot('16-stopped');
    const squatter = createServer().listen(editor.port, '127.0.0.1');
    try {
      await window.view('Keys').getByText('Start Daemon').click();
      const next = await nextFreePort('127.0.0.1', editor.port);
      await window.notification('is taken').getByText('Use Another Port').click();
      await window.statusItem(String(next)).waitFor();
      await window.shoot('17-another-port');
    } finally {
      squatter.close();
    }
  });
});

describe('a folder that is not trusted', { timeout: 120_000 }, () => {
  test('shows the limited welcome and runs nothing, until trust is granted', async () => {
    await using editor = await Editor.start({ trust: false });
    const window = await editor.open('untrusted');
    await window.openContainer('Workflow Keys');
    await window.view('Keys').getByText('restricted mode').waitFor();
    await window.view('Workflows').getByText('once the workspace is trusted').waitFor();
    await window.shoot('1-welcome');
    await window.statusItem(String(editor.port)).waitFor();
    const response = await request(`http://127.0.0.1:${editor.port}/api/v1/webhooks/hello`, {
      method: 'POST',
    });
    await response.body.dump();
    assert.notEqual(response.statusCode, 200);
    assert.deepEqual(await window.rowTexts('Workflows'), []);

    await window.view('Workflows').getByText('Manage Workspace Trust').click();
    await window.page.getByRole('button', { name: 'Trust', exact: true }).click();
    await window.row('Workflows', 'hello').waitFor();
    await window.shoot('2-trusted');
  });
});
