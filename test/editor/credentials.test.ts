/** Credentials, retried runs and explained requests in a real VS Code; the service that is called is a local one. */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { request } from 'undici';
import { Editor } from './editor.ts';
import type { Window } from './window.ts';

describe('credentials, runs and requests', { timeout: 240_000 }, () => {
  let editor: Editor;
  let window: Window;
  /** A service that takes one token at a time. */
  let service: Server;
  let token = 'example-token-one';

  before(async () => {
    service = createServer((incoming, answer) => {
      answer.statusCode = incoming.headers.authorization === `Bearer ${token}` ? 200 : 401;
      answer.end();
    }).listen(0, '127.0.0.1');
    editor = await Editor.start({ trust: true });
    window = await editor.open('credentials');
    await window.openContainer('Workflow Keys');
    await window.row('Workflows', 'hello').waitFor();
  });

  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await window.shoot('0-failed');
  });

  after(async () => {
    service?.closeAllConnections();
    service?.close();
    await editor?.[Symbol.asyncDispose]();
  });

  test('a credential is added step by step: what the service settles is filled in, and the value is hidden (F2–F10)', async () => {
    const address = `127.0.0.1:${(service.address() as AddressInfo).port}`;
    for (const view of ['Configuration', 'Workflows']) await window.collapseView(view);
    await window.expandView('Credentials');
    await window.view('Credentials').getByText('Keys of other services').waitFor();
    await window.shoot('1-empty');
    await window.clickTitleAction('Credentials', 'Add Credential');
    await window.quickInput.locator('.monaco-list-row', { hasText: 'Stripe' }).waitFor();
    await window.shoot('2-services');
    await window.choose('Which service is it for?', 'Another service');
    await window.choose('How does it authenticate?', 'Bearer token');
    await window.answer('The name that workflows use', 'billing');
    await window.shoot('3-header');
    await window.accept('The header that it goes into', 'Authorization');
    await window.accept('The word before the value', 'Bearer');
    await window.answer('The hosts that it may be sent to', address);
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.answer('The key or token', token);
    await window.answer('An address that a test of it can get', `http://${address}/me`);
    await window.row('Credentials', 'billing').waitFor();
    await window.notification('“billing” is stored').getByRole('button', { name: 'Test Connection' }).click();
    await window.notification('accepted credential "billing" (200)').waitFor();
    await window.shoot('4-good');
    assert.equal(await window.page.getByText(token).count(), 0, 'the value is shown nowhere');
  });

  test('a test tells a bad key from a good one, and after a rotation the new one counts (F9, F13, F14)', async () => {
    token = 'example-token-two';
    await window.clickRowAction(window.row('Credentials', 'billing'), 'Test Connection');
    await window.notification('refused credential "billing" (401)').waitFor();
    await window.shoot('5-bad');
    await window.clickRowAction(window.row('Credentials', 'billing'), 'Rotate Credential');
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.answer('The key or token', token);
    await window.notification('has its new value').getByRole('button', { name: 'Test Connection' }).click();
    await window.notification('accepted credential "billing" (200)').first().waitFor();
  });

  test('a credential is removed after a confirmation that says what breaks', async () => {
    await window.clearNotifications();
    await window.clickRowAction(window.row('Credentials', 'billing'), 'Remove Credential');
    await window.dialog.getByText('Workflows that call with it fail').waitFor();
    await window.shoot('6-remove');
    await window.pressDialogButton('Remove');
    await window.row('Credentials', 'billing').waitFor({ state: 'detached' });
    await window.view('Credentials').getByText('Keys of other services').waitFor();
  });

  test('a finished run is retried with the same input, and the new run is shown (A11)', async () => {
    await window.collapseView('Credentials');
    await window.expandView('Workflows');
    await window.expandView('Runs');
    await window.clickRowAction(window.row('Workflows', 'hello'), 'Run Workflow');
    await window.answer('name', 'Ada');
    await window.page.locator('.editor-instance').getByText('Hello, Ada!').waitFor();
    await window.chooseFromMenu(window.row('Runs', 'hello'), 'Retry Run');
    await window.page.locator('.editor-instance').getByText('repeats').waitFor();
    await window.page.locator('.editor-instance').getByText('Hello, Ada!').waitFor();
    await window.row('Runs', 'hello').nth(1).waitFor();
    await window.shoot('7-retried');
  });

  test('the true reason of a refused request is told by its id (D44)', async () => {
    const { statusCode, headers, body } = await request(
      `http://127.0.0.1:${editor.port}/api/endpoints/hello`,
      { method: 'POST', headers: { 'x-bifrost-key': `bk_live_${'0'.repeat(32)}` } },
    );
    await body.dump();
    assert.equal(statusCode, 401);
    await window.command('Workflow Keys: Explain Request…');
    await window.answer('The X-Request-Id of an answer', String(headers['x-request-id']));
    await window.dialog.getByText('401').waitFor();
    await window.shoot('8-explained');
    await window.page.keyboard.press('Escape');
    await window.dialog.waitFor({ state: 'detached' });
  });

  test('an id that nobody knows is one clear line', async () => {
    await window.command('Workflow Keys: Explain Request…');
    await window.answer('The X-Request-Id of an answer', 'example');
    await window.notification('No refused request with this id is known').waitFor();
    await window.shoot('9-unknown');
  });
});
