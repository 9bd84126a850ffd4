/** Export, import and backup in a real editor: what a file brings, what it leaves open, and what it never holds. */

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Editor } from './editor.ts';
import type { Window } from './window.ts';

const source = `"""Reads what a file brings without its value."""

from bifrost import ExecutionContext, config, workflow


@workflow(name="lookup", endpoint_enabled=True)
async def lookup(context: ExecutionContext):
    token = await config.get("example_token")
    return {"length": len(token)}
`;

const bundle = `format: workflow-keys
version: 1
organizations:
  - {id: acme, name: Acme}
configs:
  - {key: base_url, config_type: string, value: "https://example.com"}
  - {key: example_token, config_type: secret, value: null, description: From the dashboard of Example}
  - {key: example_token, organization: acme, config_type: secret, value: null}
  - {key: retries, config_type: int, value: null}
credentials:
  - {name: billing, service: stripe}
`;

const secret = 'example-secret-of-the-import';

describe('bundles and backups', { timeout: 240_000 }, () => {
  let editor: Editor;
  let window: Window;
  const inFolder = (name: string) => join(editor.folder, name);
  /** The line above the boxes for missing values: how far one is. */
  const step = (text: string) => window.quickInput.getByText(`Values That Are Missing (${text})`).waitFor();

  before(async () => {
    editor = await Editor.start({ trust: true });
    writeFileSync(inFolder(join('workflows', 'lookup.py')), source);
    writeFileSync(inFolder('incoming.yaml'), bundle);
    writeFileSync(inFolder('bad.yaml'), bundle.replace('config_type: int', 'config_type: integer'));
    window = await editor.open('bundles');
    await window.openContainer('Workflow Keys');
    await window.row('Workflows', 'lookup').waitFor();
    await window.openFile('lookup.py');
    await window.waitForMarked('"example_token"');
  });

  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await window.shoot('0-failed');
  });

  after(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  test('a file that is no bundle is one clear line with the place of what is wrong, and nothing is changed', async () => {
    await window.command('Workflow Keys: Import Configuration…');
    await window.chooseFile('Import Configuration', 'bad.yaml');
    const refusal = window.notification('Line 9 of the bundle: Config "retries" needs a config_type');
    await refusal.waitFor();
    await window.shoot('1-bad');
    await refusal.getByRole('button', { name: 'Open File' }).click();
    await window.page.locator('.tab[data-resource-name="bad.yaml"].active').waitFor();
    await window.openFile('lookup.py');
    await window.view('Configuration').getByText('Values that workflows read').waitFor();
  });

  test('an import shows what would change, and changes nothing when it is left', async () => {
    await window.command('Workflow Keys: Import Configuration…');
    await window.chooseFile('Import Configuration', 'incoming.yaml');
    await window.dialog.getByText('New: base_url (string, Global)').waitFor();
    await window.dialog.getByText('New: example_token (secret, acme) – needs its value').waitFor();
    await window.shoot('2-preview');
    await window.pressDialogButton('Cancel');
    await window.dialog.waitFor({ state: 'detached' });
    await window.view('Configuration').getByText('Values that workflows read').waitFor();
  });

  test('after it the missing values are asked for, hidden where they are secret, with a way back and past', async () => {
    await window.command('Workflow Keys: Import Configuration…');
    await window.chooseFile('Import Configuration', 'incoming.yaml');
    await window.dialog.getByText('Import this configuration?').waitFor();
    await window.pressDialogButton('Import');
    await window.row('Configuration', 'https://example.com').waitFor();

    await step('1/4');
    await window.quickInput.getByText('From the dashboard of Example').waitFor();
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.shoot('3-secret');
    await window.pressInputButton('Skip');
    await step('2/4');
    await window.pressInputButton('Back');
    await step('1/4');
    await window.waitForMarked('"example_token"');
    await window.answer('From the dashboard of Example', secret);
    await window.squiggles('warning').waitFor({ state: 'detached' });
    await step('2/4');
    await window.pressInputButton('Skip');
    await step('3/4');
    await window.answer('retries', 'several');
    await window.quickInput.getByText('Type a whole number').waitFor();
    await window.pressInputButton('Skip');
    await step('4/4');
    await window.quickInput.locator('input[type=password]').waitFor();
    await window.quickInput.getByText('it is sent to api.stripe.com').waitFor();
    await window.shoot('4-credential');
    await window.answer('Value of the credential “billing”', 'sk_test_example_of_the_import');
    await window.quickInput.waitFor({ state: 'detached' });
    await window.expandView('Credentials');
    await window.row('Credentials', 'billing').waitFor();
    await window.shoot('5-imported');
  });

  test('"Enter Missing Values…" asks for what was skipped, and says when nothing is missing', async () => {
    await window.command('Workflow Keys: Enter Missing Values…');
    await step('1/2');
    await window.shoot('6-missing');
    await window.answer(/example_token.*acme/, 'example-secret-of-acme');
    await step('2/2');
    await window.answer('retries', '3');
    await window.row('Configuration', /retries.*3/).waitFor();
    await window.command('Workflow Keys: Enter Missing Values…');
    await window.notification('No value is missing').waitFor();
    await window.clearNotifications();
  });

  test('an export is a file without values of secrets, and the same file has nothing to import', async () => {
    await window.command('Workflow Keys: Export Portable Configuration…');
    await window.acceptFile('Export Portable Configuration', inFolder('workflow-keys.yaml'));
    const told = window.notification('Left out: values of secrets (2) and of credentials (1)');
    await told.waitFor();
    await window.shoot('7-exported');
    const text = readFileSync(inFolder('workflow-keys.yaml'), 'utf8');
    assert.match(text, /key: "retries"\n {4}config_type: int\n {4}value: 3\n/);
    for (const hidden of [secret, 'example-secret-of-acme', 'sk_test_'])
      assert.ok(!text.includes(hidden), 'no value of a secret is in the file');
    await told.getByRole('button', { name: 'Open' }).click();
    await window.page.locator('.tab[data-resource-name="workflow-keys.yaml"].active').waitFor();
    await window.closeEditors();
    await window.command('Workflow Keys: Import Configuration…');
    await window.chooseFile('Import Configuration', 'workflow-keys.yaml');
    await window.notification('there is nothing to import').waitFor();
    await window.shoot('8-unchanged');
  });

  test('a backup is a file that only its owner reads, and it says which key it needs', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const file = join(editor.home, `workflow-keys-${day}.backup`);
    await window.command('Workflow Keys: Back Up…');
    await window.acceptFile('Back Up', file);
    await window.dialog.getByText('need the file secret.key of the data directory').waitFor();
    await window.shoot('9-backup');
    await window.page.keyboard.press('Escape');
    await window.dialog.waitFor({ state: 'detached' });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const bytes = readFileSync(file);
    assert.ok(bytes.length > 0 && !bytes.includes(secret), 'secrets stay encrypted');
  });
});
