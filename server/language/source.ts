/** Places within a unit, counted from its start so that they hold wherever the unit stands. */

import type { Node } from './parser.ts';

/** Offsets from the start of a unit, in UTF-16 code units. */
export interface Span {
  start: number;
  end: number;
}

/** What reading a unit starts from. */
export interface Source {
  /** The whole file. */
  text: string;
  /** Offset of the unit's start. */
  base: number;
}

export function spanOf(node: Node, { base }: Source): Span {
  return { start: node.startIndex - base, end: node.endIndex - base };
}
