/** The page of cards and the samples, in a real VS Code: opened, read, pressed, with the mouse and the keyboard. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { request } from 'undici';
import { runJson } from '../support/daemonProcess.ts';
import { Editor } from './editor.ts';
import type { Window } from './window.ts';

describe('the page of cards', { timeout: 240_000 }, () => {
  let editor: Editor;
  let window: Window;
  let apiKey = '';

  before(async () => {
    editor = await Editor.start({ trust: true });
    window = await editor.open('cards');
    await window.openContainer('Workflow Keys');
  });

  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await window.shoot('0-failed');
  });

  after(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  test('a command opens it, and where there is no key it says what a key is for', async () => {
    await window.command('Workflow Keys: Open Keys Page');
    await window.webview.getByText('run your workflows by HTTP').waitFor();
    await window.shoot('1-empty');
  });

  test('"+" at the top right makes a key, whose card tells all of it (W5–W11)', async () => {
    await window.webview.locator('header').getByRole('button', { name: 'Create Key', exact: true }).click();
    await window.answer('What is it for?', 'CI pipeline trigger');
    await window.choose('What may it run?', 'hello');
    await window.choose('When does it expire?', '90 days');
    await window.dialog.getByText('bk_live_').first().waitFor();
    await window.pressDialogButton('Copy key');
    await window.dialog.getByText('The key is in the clipboard').waitFor();
    apiKey = await window.clipboard();
    await window.pressDialogButton('Copy sample…');
    await window.choose('In which language?', 'Python');
    await window.dialog.getByText('The Python sample is in the clipboard').waitFor();
    assert.match(await window.clipboard(), /urllib\.request[\s\S]*\/api\/endpoints\/hello/);
    await window.pressDialogButton('Close');
    await window.dialog.waitFor({ state: 'detached' });

    const card = window.webview.getByRole('listitem', { name: /^hello, CI pipeline trigger/ });
    for (const text of [
      ...['hello', 'CI pipeline trigger', `bk_live_••••${apiKey.slice(-4)}`],
      ...['Expires in 90 days', 'Never used', 'Created now'],
    ]) {
      await card.getByText(text, { exact: true }).waitFor();
    }
    await window.shoot('2-card');
  });

  test('a sample that needs the key warns while .gitignore does not cover .env, and one click covers it (A22)', async () => {
    const warning = window.notification('which .gitignore does not cover');
    await warning.waitFor();
    await window.shoot('3-gitignore');
    const gitignore = join(editor.folder, '.gitignore');
    assert.ok(!existsSync(gitignore));
    await warning.getByRole('button', { name: 'Add .env to .gitignore' }).click();
    await window.statusItem('.gitignore covers .env').waitFor();
    assert.equal(readFileSync(gitignore, 'utf8'), '.env\n');
  });

  test('a use of the key shows on its card at once', async () => {
    const { statusCode, body } = await request(`http://127.0.0.1:${editor.port}/api/endpoints/hello`, {
      method: 'POST',
      headers: { 'x-bifrost-key': apiKey },
    });
    await body.dump();
    assert.equal(statusCode, 200);
    await window.webview.getByText('Used now').waitFor();
  });

  test('cards stand in order, global first, and an orphaned one is last, red, and says what to do (W31, W32)', async () => {
    const make = (...args: string[]) => runJson(editor.dataDirectory, ['keys', 'create', ...args]);
    await make('--workflow', 'echo', '--description', 'Nightly echo', '--expires', 'never');
    await make(
      '--name',
      'Deploy pipeline',
      '--scopes',
      'workflows:execute,runs:read',
      '--workflows',
      'hello',
    );
    await make('--global', '--description', 'All workflows');
    editor.renameWorkflow('echo', 'repeat');
    await window.webview.getByText('Orphaned').waitFor();
    const titles = await window.webview.locator('h2').allTextContents();
    assert.equal(titles[0], 'All workflows');
    assert.equal(titles.at(-1), 'Nightly echo');
    assert.equal(titles.length, 4);
    const card = window.webview.getByRole('listitem', { name: /Nightly echo/ });
    await card.getByText('Its workflow no longer exists').waitFor();
    await card.getByText('Never expires').waitFor();
    await window.shoot('4-cards');
  });

  test('with the keyboard alone a key is bound to its workflow’s new name', async () => {
    const card = window.webview.getByRole('listitem', { name: /Nightly echo/ });
    await card.getByRole('button', { name: 'Rebind Key' }).focus();
    await window.page.keyboard.press('Enter');
    await window.choose('Which workflow is “Nightly echo” to run?', 'repeat');
    await window.webview.getByText('Orphaned').waitFor({ state: 'detached' });
  });

  test('the trash icon and a confirmation revoke the key, and its card is gone (W28)', async () => {
    const card = window.webview.getByRole('listitem', { name: /CI pipeline trigger/ });
    await card.getByRole('button', { name: 'Revoke Key' }).click();
    await window.dialog.getByText('This cannot be undone').waitFor();
    await window.shoot('5-revoke');
    await window.pressDialogButton('Revoke');
    await card.waitFor({ state: 'detached' });
  });

  test('the page comes back with the window', async () => {
    await window.reload();
    await window.webview.getByText('Deploy pipeline').waitFor();
  });

  test('the address that ends in /settings/workflow-keys opens it (W4, D38)', async () => {
    await window.closeEditors();
    await window.command('Developer: Open URL');
    await window.quickInput
      .locator('input')
      .fill('code-oss://workflow-keys.workflow-keys/settings/workflow-keys');
    await window.page.keyboard.press('Enter');
    await window.pressDialogButton('Open');
    await window.webview.getByText('Deploy pipeline').waitFor();
  });

  test('a sample is copied from a workflow’s row and from a key’s menu, and opened beside', async () => {
    await window.openContainer('Workflow Keys');
    await window.clickRowAction(window.row('Workflows', 'hello'), 'Copy Sample');
    await window.choose('In which language?', 'TypeScript');
    await window.notification('The TypeScript sample is in the clipboard').waitFor();
    await window.shoot('6-copied');
    await window
      .notification('The TypeScript sample')
      .getByRole('button', { name: 'Open in Editor' })
      .click();
    await window.page.locator('.editor-instance').getByText('interface Answer').waitFor();
    await window.shoot('7-sample');
    assert.match(await window.clipboard(), /process\.env/);
    // Only rows that fit into the view are in the page.
    for (const view of ['Configuration', 'Workflows']) await window.collapseView(view);
    await window.chooseFromMenu(window.row('Keys', 'Deploy pipeline'), 'Copy Sample…');
    await window.choose('In which language?', 'curl');
    await window.notification('The curl sample').waitFor();
    assert.match(await window.clipboard(), /api\/v1\/workflows\/hello\/run\?wait=true/);
  });

  test('the lens above a workflow copies its sample', async () => {
    await window.clearNotifications();
    await window.openFile('hello.py');
    await window.page
      .locator('.editor-instance .codelens-decoration')
      .getByText('Copy sample')
      .first()
      .click();
    await window.choose('In which language?', 'JavaScript');
    await window.notification('The JavaScript sample is in the clipboard').waitFor();
    assert.match(await window.clipboard(), /api\/endpoints\/hello/);
  });

  test('without the daemon it says so, and starts one', async () => {
    await window.command('Workflow Keys: Open Keys Page');
    await window.webview.locator('header').click();
    await window.command('Workflow Keys: Stop Daemon');
    await window.webview.getByText('The daemon is not running').waitFor();
    await window.shoot('8-stopped');
    await window.webview.getByRole('button', { name: 'Start Daemon' }).click();
    await window.webview.getByText('Deploy pipeline').waitFor();
  });

  test('cards that are too many to be looked over are folded in the side bar, with their lines beside them', async () => {
    const scopes = ['--scopes', 'keys:write,runs:read'];
    const { key } = await runJson<{ key: string }>(editor.dataDirectory, [
      ...['keys', 'create', '--name', 'Maker', ...scopes],
    ]);
    for (let count = 1; count <= 51; count += 1) {
      const { statusCode, body } = await request(`http://127.0.0.1:${editor.port}/api/v1/auth/api-keys`, {
        method: 'POST',
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `Consumer ${count}`, scopes: ['runs:read'] }),
      });
      await body.dump();
      assert.equal(statusCode, 201);
    }
    const row = window.row('Keys', 'Consumer 51');
    await row.getByText(/^wfk_••••.{4} · runs:read · Expires in 90 days · Never used/).waitFor();
    assert.equal(await row.getAttribute('aria-expanded'), 'false');
    await window.shoot('9-folded');
  });
});
