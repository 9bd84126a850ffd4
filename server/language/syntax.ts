/** Where a file is no Python, as far as the parser can tell. */

import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceRange } from '../protocol.ts';
import type { Node } from './parser.ts';

export interface SyntaxProblem {
  /** Within one line. */
  range: SourceRange;
  /** What the parser missed, e.g. `)`; absent when it could not make sense of what is there. */
  missing?: string;
}

/** One mistake often breaks what follows it; more than these say nothing new. */
const maxProblems = 10;

/** The outermost errors of a tree, in their order. */
export function findSyntaxErrors(root: Node, document: TextDocument): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node && problems.length < maxProblems; node = waiting.pop()) {
    if (node.isMissing) {
      problems.push({ range: rangeOf(node, document), missing: node.type });
    } else if (node.isError) {
      problems.push({ range: rangeOf(node, document) });
    } else if (node.hasError) {
      for (const child of node.children.toReversed()) if (child?.hasError) waiting.push(child);
    }
  }
  return problems;
}

function rangeOf(node: Node, document: TextDocument): SourceRange {
  const start = document.positionAt(node.startIndex);
  const end = document.positionAt(Math.max(node.endIndex, node.startIndex + 1));
  return { start, end: end.line === start.line ? end : document.getLineRange(start.line).end };
}
