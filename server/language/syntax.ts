/** Where a file is no Python, as far as the parser can tell. */

import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceRange } from '../protocol/workflows.ts';
import type { Node } from './parser.ts';

export interface SyntaxProblem {
  /** Within one line. */
  range: SourceRange;
  /** What the parser missed, e.g. `)`; absent when it could not make sense of what is there. */
  missing?: string;
}

/** The first error of a tree; one mistake often breaks what follows it, so the others say nothing new. */
export function findSyntaxProblem(root: Node, document: TextDocument): SyntaxProblem | undefined {
  let node: Node | undefined = root;
  while (node?.hasError) {
    if (node.isMissing) return { range: rangeOf(node, document), missing: node.type };
    if (node.isError) return { range: rangeOf(firstLoose(node), document) };
    node = node.children.find((child): child is Node => child?.hasError === true);
  }
  return undefined;
}

/** An error also holds the statements before it that it kept from being part of something; they are right. */
function firstLoose(error: Node): Node {
  const loose = error.children.find(
    (child) => child && !/_(?:statement|definition)$|^(?:comment|block)$/.test(child.type),
  );
  return loose ?? error;
}

function rangeOf(node: Node, document: TextDocument): SourceRange {
  const start = document.positionAt(node.startIndex);
  const end = document.positionAt(Math.max(node.endIndex, node.startIndex + 1));
  return { start, end: end.line === start.line ? end : document.getLineRange(start.line).end };
}
