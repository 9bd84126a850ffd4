/** The arguments of a call as they are written; which parameter takes which is for others to say. */

import { type Expression, expressionsIn, readExpression, sourceOf } from './expressions.ts';
import type { Node } from './parser.ts';
import { type Source, type Span, spanOf } from './source.ts';

export interface Argument {
  /** Absent: given by position. */
  keyword?: string;
  /** `*` or `**`. */
  isSpread: boolean;
  /** The value; for a keyword argument without its name. */
  span: Span;
  /** The keyword with its value; the same as `span` without one. */
  whole: Span;
  /** Without quotes; absent unless the value is one plain string literal. */
  content?: Span;
  expression: Expression;
}

export function readArguments(list: Node, source: Source): Argument[] {
  return expressionsIn(list).map((argument) => {
    const keyword = argument.type === 'keyword_argument' ? argument.childForFieldName('name') : null;
    const value = (keyword && argument.childForFieldName('value')) || argument;
    const content = value.type === 'string' ? contentOf(value, source) : undefined;
    return {
      ...(keyword && { keyword: sourceOf(keyword, source.text) }),
      isSpread: argument.type === 'list_splat' || argument.type === 'dictionary_splat',
      span: spanOf(value, source),
      whole: spanOf(argument, source),
      ...(content && { content }),
      expression: readExpression(value, source.text),
    };
  });
}

function contentOf(literal: Node, { base }: Source): Span | undefined {
  const start = literal.firstChild;
  const end = literal.lastChild;
  if (start?.type !== 'string_start' || end?.type !== 'string_end') return undefined;
  return { start: start.endIndex - base, end: end.startIndex - base };
}
