/** Positions and ranges, as LSP has them. */

import type { Position } from 'vscode-languageserver';
import type { SourceRange } from '../protocol/workflows.ts';

/** Both ends belong to it: that is where a cursor can stand. */
export function contains({ start, end }: SourceRange, position: Position): boolean {
  return comparePositions(start, position) <= 0 && comparePositions(position, end) <= 0;
}

/** Also when they only touch. */
export function overlap(one: SourceRange, other: SourceRange): boolean {
  return comparePositions(one.start, other.end) <= 0 && comparePositions(other.start, one.end) <= 0;
}

function comparePositions(one: Position, other: Position): number {
  return one.line - other.line || one.character - other.character;
}
