/** Quick fixes, from what the diagnostics say of themselves. */

import type { CodeAction, TextEdit } from 'vscode-languageserver';
import type { SourceRange } from '../protocol/workflows.ts';
import type { WorkflowDiagnostic } from './diagnostics.ts';
import { configsInReach, type KnownNames, nearest } from './names.ts';
import { overlap } from './ranges.ts';

/** The editor's command that asks for a value and sets it; its one argument is `{ name, organizationId? }`. */
const setConfigCommand = 'workflowKeys.configs.set';

/** @param diagnostics of the whole file, as `diagnose` gave them; `range` is where the cursor or selection is. */
export function quickFixes(
  diagnostics: readonly WorkflowDiagnostic[],
  { uri, range, known }: { uri: string; range: SourceRange; known: KnownNames },
): CodeAction[] {
  return diagnostics
    .filter((diagnostic) => overlap(diagnostic.range, range))
    .flatMap((diagnostic) => fixesOf(diagnostic, uri, known));
}

function fixesOf(diagnostic: WorkflowDiagnostic, uri: string, known: KnownNames): CodeAction[] {
  const { set, rename, addDefault, addAwait, makeSecret } = diagnostic.data;
  const actions: CodeAction[] = [];
  const edit = (title: string, ...edits: TextEdit[]) => {
    actions.push({ title, kind: 'quickfix', diagnostics: [diagnostic], edit: { changes: { [uri]: edits } } });
  };
  if (set) {
    const title = `Set '${set.name}'…`;
    actions.push({
      title,
      kind: 'quickfix',
      diagnostics: [diagnostic],
      command: { title, command: setConfigCommand, arguments: [set] },
    });
  }
  if (rename) {
    // The search for a similar name is slow, so it is made when a fix is asked for, not at each keystroke.
    const similar = nearest(
      rename.name,
      rename.among ?? configsInReach(known, rename).map(({ name }) => name),
    );
    if (similar !== undefined) edit(`Change to '${similar}'`, { range: rename.range, newText: similar });
  }
  if (addDefault) {
    const { at, text } = addDefault;
    edit('Add default=None', { range: { start: at, end: at }, newText: text });
  }
  if (addAwait) {
    const { call, isOperand } = addAwait;
    edit(
      'Add await',
      { range: { start: call.start, end: call.start }, newText: isOperand ? '(await ' : 'await ' },
      ...(isOperand ? [{ range: { start: call.end, end: call.end }, newText: ')' }] : []),
    );
  }
  if (makeSecret) edit('Add is_secret=True', { range: makeSecret.range, newText: makeSecret.text });
  const [first] = actions;
  if (first) first.isPreferred = true;
  return actions;
}
