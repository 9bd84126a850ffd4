/** Quick fixes, from what the diagnostics say of themselves. */

import type { CodeAction, TextEdit } from 'vscode-languageserver';
import type { SourceRange } from '../protocol.ts';
import type { WorkflowDiagnostic } from './diagnostics.ts';
import { overlap } from './ranges.ts';

/** The editor's command that asks for a value and sets it; its one argument is `{ name, organizationId? }`. */
export const setConfigCommand = 'workflowKeys.configs.set';

/** @param diagnostics of the whole file, as `diagnose` gave them; `range` is where the cursor or selection is. */
export function quickFixes(
  diagnostics: readonly WorkflowDiagnostic[],
  { uri, range }: { uri: string; range: SourceRange },
): CodeAction[] {
  return diagnostics
    .filter((diagnostic) => overlap(diagnostic.range, range))
    .flatMap((diagnostic) => fixesOf(diagnostic, uri));
}

function fixesOf(diagnostic: WorkflowDiagnostic, uri: string): CodeAction[] {
  const { set, replace, addDefault, addAwait, makeSecret } = diagnostic.data;
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
  if (replace) edit(replace.title, { range: replace.range, newText: replace.text });
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
