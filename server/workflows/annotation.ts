/** Python annotations as far as input can be checked against them before Python runs; unknown ones allow all. */

/** Types whose values are single ones, by the last part of their name. */
export type ScalarName = (typeof scalarNames)[number];

export type Annotation =
  | { kind: 'any' }
  | { kind: 'none' }
  | { kind: 'scalar'; name: ScalarName }
  | { kind: 'list'; item: Annotation }
  | { kind: 'dict'; item: Annotation }
  /** `source` is the list as it is written. */
  | { kind: 'literal'; values: (string | number | boolean | null)[]; source: string }
  | { kind: 'union'; choices: Annotation[] };

const any: Annotation = { kind: 'any' };

const scalarNames = ['int', 'float', 'bool', 'str', 'datetime', 'date', 'time', 'UUID', 'Decimal'] as const;
const listNames = new Set(['list', 'List', 'Sequence', 'Iterable', 'Collection']);
const dictNames = new Set(['dict', 'Dict', 'Mapping', 'MutableMapping']);
/** Their items may be of different types, or Python counts them; only that it is a list is checked here. */
const looseListNames = new Set(['tuple', 'Tuple', 'set', 'Set', 'frozenset', 'FrozenSet']);

/** @param source as it is written, e.g. `list[str] | None`, also as a text in quotes. */
export function readAnnotation(source: string): Annotation {
  const text = unquote(source.trim());
  if (text.length > 1000) return any;
  const choices = splitTop(text, '|');
  if (choices.length > 1) return union(choices.map(readAnnotation));
  const open = text.indexOf('[');
  const name = lastSegment(open < 0 ? text : text.slice(0, open));
  const inner = open >= 0 && text.endsWith(']') ? text.slice(open + 1, -1) : undefined;
  if (open >= 0 && inner === undefined) return any;
  return inner === undefined ? readPlain(name, text) : readGeneric(name, inner);
}

function readPlain(name: string, text: string): Annotation {
  if (text === 'None') return { kind: 'none' };
  const scalar = scalarNames.find((one) => one === name);
  if (scalar) return { kind: 'scalar', name: scalar };
  if (listNames.has(name) || looseListNames.has(name)) return { kind: 'list', item: any };
  return dictNames.has(name) ? { kind: 'dict', item: any } : any;
}

function readGeneric(name: string, inner: string): Annotation {
  const parts = splitTop(inner, ',');
  const [first = '', second] = parts;
  switch (name) {
    case 'Optional':
      return union([readAnnotation(inner), { kind: 'none' }]);
    case 'Union':
      return union(parts.map(readAnnotation));
    case 'Annotated':
    case 'Final':
      return readAnnotation(first);
    case 'Literal':
      return readLiteral(parts, inner);
  }
  if (listNames.has(name)) return { kind: 'list', item: readAnnotation(first) };
  if (looseListNames.has(name)) return { kind: 'list', item: any };
  if (dictNames.has(name)) {
    return { kind: 'dict', item: second === undefined ? any : readAnnotation(second) };
  }
  return any;
}

/** A choice that allows all makes the others mean nothing. */
function union(choices: Annotation[]): Annotation {
  return choices.some(({ kind }) => kind === 'any') ? any : { kind: 'union', choices };
}

function readLiteral(parts: readonly string[], source: string): Annotation {
  const values: (string | number | boolean | null)[] = [];
  for (const part of parts) {
    const value = literalOf(part);
    if (value === undefined) return any;
    values.push(value);
  }
  return { kind: 'literal', values, source: parts.join(', ') || source };
}

function literalOf(part: string): string | number | boolean | null | undefined {
  if (/^(["'])[^"'\\]*\1$/.test(part)) return part.slice(1, -1);
  if (/^-?\d+$/.test(part)) return Number(part);
  const words: Record<string, boolean | null> = { True: true, False: false, None: null };
  return Object.hasOwn(words, part) ? words[part] : undefined;
}

/** Splits where `separator` stands outside of brackets and quotes; empty parts are left out. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = '';
  let part = '';
  for (const character of text) {
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('[('.includes(character)) depth++;
    else if ('])'.includes(character)) depth--;
    if (character === separator && depth === 0 && quote === '') {
      parts.push(part.trim());
      part = '';
    } else {
      part += character;
    }
  }
  return [...parts, part.trim()].filter((one) => one !== '');
}

function unquote(text: string): string {
  return /^(["'])[^"']*\1$/.test(text) ? text.slice(1, -1).trim() : text;
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).trim();
}
