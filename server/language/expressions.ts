/** Expressions as far as the source settles them: literals, dotted names, joined texts; nothing is run. */

import type { Node } from './parser.ts';

export type Expression =
  | { kind: 'value'; value: string | number | boolean | null }
  | { kind: 'name'; path: string[] }
  | { kind: 'join'; parts: Expression[] }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'unknown' };

const unknown: Expression = { kind: 'unknown' };

/** Deeper nesting than anybody writes by hand is not followed. */
const maxDepth = 100;

/** `text` is the file's. */
export function readExpression(node: Node, text: string, depth = 0): Expression {
  if (depth > maxDepth) return unknown;
  const read = (child: Node | null) => (child ? readExpression(child, text, depth + 1) : unknown);
  switch (node.type) {
    case 'string':
      return readString(node, text);
    case 'concatenated_string':
      return { kind: 'join', parts: expressionsIn(node).map(read) };
    case 'binary_operator': {
      if (node.childForFieldName('operator')?.type !== '+') return unknown;
      return {
        kind: 'join',
        parts: [read(node.childForFieldName('left')), read(node.childForFieldName('right'))],
      };
    }
    case 'true':
      return { kind: 'value', value: true };
    case 'false':
      return { kind: 'value', value: false };
    case 'none':
      return { kind: 'value', value: null };
    case 'integer':
    case 'float':
      return readNumber(sourceOf(node, text));
    case 'unary_operator': {
      if (node.childForFieldName('operator')?.type !== '-') return unknown;
      const operand = read(node.childForFieldName('argument'));
      return operand.kind === 'value' && typeof operand.value === 'number'
        ? { kind: 'value', value: -operand.value }
        : unknown;
    }
    case 'list':
    case 'tuple':
    case 'set':
      return { kind: 'list', items: expressionsIn(node).map(read) };
    case 'parenthesized_expression': {
      const [inner, ...others] = expressionsIn(node);
      return inner && others.length === 0 ? read(inner) : unknown;
    }
    case 'identifier':
    case 'attribute': {
      const path = readPath(node, text);
      return path ? { kind: 'name', path } : unknown;
    }
    default:
      return unknown;
  }
}

/** The segments of a dotted name such as `bifrost.config`; undefined for anything else. */
export function readPath(node: Node, text: string): string[] | undefined {
  const path: string[] = [];
  let here: Node | null = node;
  while (here?.type === 'attribute') {
    const attribute = here.childForFieldName('attribute');
    if (!attribute || path.length > maxDepth) return undefined;
    path.unshift(sourceOf(attribute, text));
    here = here.childForFieldName('object');
  }
  if (here?.type !== 'identifier') return undefined;
  path.unshift(sourceOf(here, text));
  return path;
}

export function sourceOf(node: Node, text: string): string {
  return text.slice(node.startIndex, node.endIndex);
}

/** The named children that are no comments. */
export function expressionsIn(node: Node): Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null && child.type !== 'comment');
}

/** Bytes, and texts with placeholders, are unknown. */
function readString(node: Node, text: string): Expression {
  const children = expressionsIn(node);
  const [start] = children;
  if (start?.type !== 'string_start') return unknown;
  const prefix = sourceOf(start, text)
    .toLowerCase()
    .replace(/["']+$/, '');
  if (prefix.includes('b') || children.some(({ type }) => type === 'interpolation')) return unknown;
  const content = children
    .filter(({ type }) => type === 'string_content')
    .map((part) => sourceOf(part, text))
    .join('');
  // Doubled braces in an f-string stand for one; no name has any.
  if (prefix.includes('f') && /[{}]/.test(content)) return unknown;
  if (prefix.includes('r') || !content.includes('\\')) return { kind: 'value', value: content };
  const value = readEscapes(content);
  return value === undefined ? unknown : { kind: 'value', value };
}

const simpleEscapes: Record<string, string> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Undefined for `\N{…}`, which needs the table of Unicode's names, and for what Python refuses. */
function readEscapes(content: string): string | undefined {
  let isKnown = true;
  const value = content.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(\r\n|[\s\S]))/g,
    (whole, hex2?: string, hex4?: string, hex8?: string, octal?: string, simple?: string) => {
      const hex = hex2 ?? hex4 ?? hex8;
      const point = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? '', 8);
      if (simple === undefined) {
        isKnown &&= point <= 0x10ffff;
        return point <= 0x10ffff ? String.fromCodePoint(point) : '';
      }
      isKnown &&= !['N', 'x', 'u', 'U'].includes(simple);
      // An escape that Python does not know stays as it is.
      return simple === '\r\n' ? '' : (simpleEscapes[simple] ?? whole);
    },
  );
  return isKnown ? value : undefined;
}

function readNumber(source: string): Expression {
  const digits = source.replaceAll('_', '');
  const value = /^0[0-9]+$/.test(digits) ? Number.NaN : Number(digits);
  return Number.isNaN(value) ? unknown : { kind: 'value', value };
}
