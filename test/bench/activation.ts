/** How long the extension keeps a real VS Code from going on, as the editor's own report has it. */

import { Editor } from '../editor/editor.ts';

/** Milliseconds of `activate()` itself, and of loading the bundle before it. */
export async function measureActivation(): Promise<{ activateMs: number; loadMs: number }> {
  await using editor = await Editor.start({ trust: true });
  const window = await editor.open('bench');
  await window.openContainer('Workflow Keys');
  await window.statusItem(String(editor.port)).waitFor();
  await window.command('Developer: Startup Performance');
  const lines = window.page.locator('.editor-instance .view-lines');
  await lines.getByText('System Info').first().waitFor();
  await lines.first().click();
  // The report grows while the editor collects it; only its end has the extensions.
  for (;;) {
    await window.page.keyboard.press('ControlOrMeta+A');
    await window.page.keyboard.press('ControlOrMeta+C');
    const times = readTimes(await window.clipboard());
    if (times) return times;
  }
}

/** Of a row `| workflow-keys.workflow-keys | eager | load code | call activate | finish activate | event | by |`. */
function readTimes(report: string): { activateMs: number; loadMs: number } | undefined {
  const cells = report
    .split('\n')
    .find((line) => line.includes('workflow-keys.workflow-keys'))
    ?.split('|')
    .map((cell) => cell.trim());
  if (!cells) return undefined;
  const [, , , loadMs, activateMs] = cells.map(Number);
  if (loadMs === undefined || activateMs === undefined || Number.isNaN(activateMs)) {
    throw new Error(`The editor's report has another form: ${cells.join(' | ')}`);
  }
  return { activateMs, loadMs };
}
