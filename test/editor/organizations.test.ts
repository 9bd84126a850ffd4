/** Organizations in a real editor: added, chosen, used by prompts, runs and diagnostics, and removed with all that is theirs. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Editor } from './editor.ts';
import type { Window } from './window.ts';

const source = `"""Says whose it is."""

from bifrost import ExecutionContext, config, workflow


@workflow(name="whose", endpoint_enabled=True)
async def whose(context: ExecutionContext):
    return {"place": await config.get("place"), "org": context.org_id}
`;

describe('organizations', { timeout: 300_000 }, () => {
  let editor: Editor;
  let window: Window;

  before(async () => {
    editor = await Editor.start({ trust: true });
    writeFileSync(join(editor.folder, 'workflows', 'whose.py'), source);
    window = await editor.open('organizations');
    await window.openContainer('Workflow Keys');
    await window.row('Workflows', 'whose').waitFor();
  });
  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await window.shoot('0-failed');
  });
  after(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  test('one is added and chosen: the status item, the view and the marks in the code follow', async () => {
    await window.command('Workflow Keys: Add Organization…');
    await window.answer('Its id', 'acme');
    await window.answer('Its name', 'Acme');
    await window.row('Configuration', 'Acme').waitFor();
    await window.openFile('whose.py');
    await window.waitForMarked('"place"');
    await window.statusItem(String(editor.port)).click();
    await window.choose('The daemon is running', 'Organization: Global');
    await window.choose('For which organization', 'Acme');
    await window.statusItem('acme').waitFor();
    await window.row('Configuration', /Acme.*current/).waitFor();
    await window.shoot('1-current');
  });

  test('a prompt offers the current one first, and a run from the editor is for it', async () => {
    await window.command('Workflow Keys: Add Config…');
    await window.answer('The name that workflows read', 'place');
    await window.quickInput.locator('.monaco-list-row.focused', { hasText: 'Acme' }).waitFor();
    await window.page.keyboard.press('Enter');
    await window.choose('Which type?', 'Text');
    await window.answer('The value', 'here at Acme');
    await window.row('Configuration', 'here at Acme').waitFor();
    await window.squiggles('warning').waitFor({ state: 'detached' });
    await window.clickRowAction(window.row('Workflows', 'whose'), 'Run Workflow');
    await window.page.locator('.editor-instance').getByText('"org": "acme"').waitFor();
    await window.closeEditors();
  });

  test('a workflow is given an organization, and its row says for whom it runs', async () => {
    await window.chooseFromMenu(window.row('Workflows', 'whose'), 'Set Organization of Workflow');
    await window.choose('For whom does', 'Acme');
    await window.row('Workflows', /whose.*for acme/).waitFor();
  });

  test('a name is changed in the view; a removal says what goes with it, and asks', async () => {
    await window.chooseFromMenu(window.row('Configuration', 'Acme').first(), 'Rename Organization');
    await window.answer('The name of “acme”', 'Acme Ltd.');
    await window.row('Configuration', 'Acme Ltd.').waitFor();
    await window.command('Workflow Keys: Remove Organization…');
    await window.choose('Which organization?', 'Acme Ltd.');
    await window.dialog.getByText('Configuration values that are removed: 1').waitFor();
    await window.shoot('2-removal');
    await window.pressDialogButton('Remove');
    await window.row('Configuration', 'Acme Ltd.').waitFor({ state: 'detached' });
    await window.statusItem('acme').waitFor({ state: 'detached' });
    assert.equal(await window.row('Configuration', 'here at Acme').count(), 0);
  });
});
