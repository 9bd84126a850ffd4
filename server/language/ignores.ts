/** Comments that silence a diagnostic on their line: `# workflow-keys: ignore[code]`, or `ignore` for all. */

import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Node } from './parser.ts';

/** Stands for every code. */
export const everyCode = '*';

/** Zero-based line → codes. */
export function readIgnores(root: Node, document: TextDocument): Map<number, Set<string>> {
  const ignores = new Map<number, Set<string>>();
  const text = document.getText();
  if (!text.includes('workflow-keys:')) return ignores;
  for (const match of text.matchAll(/#\s*workflow-keys:\s*ignore\b(?:\s*\[([^\]\r\n]*)\])?/g)) {
    // The words may also stand in a string.
    if (root.descendantForIndex(match.index, match.index + 1)?.type !== 'comment') continue;
    const codes = match[1]?.split(',').map((code) => code.trim()) ?? [everyCode];
    const { line } = document.positionAt(match.index);
    ignores.set(line, new Set([...(ignores.get(line) ?? []), ...codes]));
  }
  return ignores;
}
