/** The way from a statement down to a node, and what Python makes of a call that stands at its end. */

import { expressionsIn, sourceOf } from './expressions.ts';
import type { Node } from './parser.ts';
import type { Source } from './source.ts';

/** A node with the nodes above it; asking a tree for a node's parent costs a search from its root. */
export interface Trail {
  node: Node;
  above: Trail | undefined;
  /** How many nodes are above. */
  depth: number;
  /** Kept once it was asked for: every call in a function has the same ones around it. */
  surroundings?: Surroundings;
  /** The same, for the names in a function's body that stand where a coroutine may be awaited. */
  handedOn?: ReadonlySet<string>;
}

/** What is around a node within its function. */
interface Surroundings {
  canAwait: boolean;
  catchesKeyError: boolean;
  isBroken: boolean;
  blocks: number[];
}

/** Whether the coroutine that a call gives is awaited; `unknown` when it is handed on to where it may be. */
export type Awaited = 'yes' | 'no' | 'unknown';

const functionTypes = new Set(['function_definition', 'lambda']);

/** Parents that bind more tightly than `await`. */
const operandTypes = new Set(['attribute', 'subscript', 'call']);

/** Exceptions whose handler also catches a `KeyError`. */
const catchesKeyError = new Set(['KeyError', 'LookupError', 'Exception', 'BaseException']);
const namesOne = new RegExp(`\\b(?:${[...catchesKeyError].join('|')})\\b`);

/** What the source says of the place of a call. */
export interface Place {
  awaited: Awaited;
  /** An `await` may be written here. */
  canAwait: boolean;
  /** Something is taken of the call's result right there, e.g. `.strip()`; an `await` needs brackets around it. */
  isOperand: boolean;
  /** A `KeyError` that is raised here is caught in the same function. */
  catchesKeyError: boolean;
  /** It lies in a part of the file that did not parse, so that what is around it is not known. */
  isBroken: boolean;
  /** Starts of the blocks around it within its function, innermost first, from the start of the unit. */
  blocks: number[];
}

/** Describes the place of the call at the end of `trail`. */
export function placeOf(trail: Trail, source: Source): Place {
  return {
    awaited: awaitedAt(trail, source.text),
    isOperand: operandTypes.has(trail.above?.node.type ?? ''),
    ...surroundingsOf(trail, source),
  };
}

function surroundingsOf(trail: Trail, source: Source): Surroundings {
  trail.surroundings ??= trail.above
    ? surroundingsWithin(trail.above, trail.node, source)
    : { canAwait: false, catchesKeyError: false, isBroken: false, blocks: [] };
  return trail.surroundings;
}

/** What is around `child`, which stands right in the node of `trail`. */
function surroundingsWithin(trail: Trail, child: Node, source: Source): Surroundings {
  const { node } = trail;
  const outer = surroundingsOf(trail, source);
  switch (node.type) {
    case 'ERROR':
      return { ...outer, isBroken: true };
    case 'function_definition':
    case 'lambda':
      // What is around a function is not around the runs of its body.
      return {
        canAwait: isAsync(node),
        catchesKeyError: mayHaveLostHandler(node, source.text),
        isBroken: outer.isBroken,
        blocks: [],
      };
    case 'try_statement':
    case 'with_statement':
    case 'call':
      return outer.catchesKeyError || !catchesKeyErrorOf(node, child, source.text)
        ? outer
        : { ...outer, catchesKeyError: true };
    case 'block':
      return { ...outer, blocks: [node.startIndex - source.base, ...outer.blocks] };
    default:
      return outer;
  }
}

/** Whether a `KeyError` that is raised in `child` ends in `node`, or may do so. */
function catchesKeyErrorOf(node: Node, child: Node, text: string): boolean {
  switch (node.type) {
    case 'try_statement':
      return isField(node, 'body', child) && handlesKeyError(node, text);
    case 'with_statement':
      return isField(node, 'body', child) && suppressesKeyError(node, text);
    default:
      // `asyncio.gather` gives it back as a result.
      return child.type === 'argument_list' && /\breturn_exceptions\s*=/.test(sourceOf(child, text));
  }
}

/** While a line in it is being written, a function's `try` may not be seen as one. */
function mayHaveLostHandler(definition: Node, text: string): boolean {
  return definition.hasError && /\b(?:except|suppress)\b/.test(sourceOf(definition, text));
}

function isAsync(definition: Node): boolean {
  return definition.child(0)?.type === 'async';
}

function isField(parent: Node, field: string, child: Node): boolean {
  return parent.childForFieldName(field)?.id === child.id;
}

function handlesKeyError(tryStatement: Node, text: string): boolean {
  const clauses = expressionsIn(tryStatement).filter(({ type }) => type.endsWith('_clause'));
  // What stands there now is no Python: its handlers are still to be written.
  if (clauses.length === 0) return true;
  return clauses.some((clause) => {
    if (clause.type !== 'except_clause') return false;
    const caught = clause.childForFieldName('value');
    return !caught || namesKeyError(caught, text);
  });
}

function suppressesKeyError(withStatement: Node, text: string): boolean {
  return withStatement
    .descendantsOfType('call', withStatement.startPosition, bodyStart(withStatement))
    .some((call) => {
      const callee = call?.childForFieldName('function');
      const caught = call?.childForFieldName('arguments');
      if (!callee || !caught) return false;
      return lastSegment(sourceOf(callee, text)) === 'suppress'
        ? expressionsIn(caught).some((exception) => namesKeyError(exception, text))
        : // Such as `pytest.raises(KeyError)`.
          namesOne.test(sourceOf(caught, text));
    });
}

function bodyStart(statement: Node) {
  return statement.childForFieldName('body')?.startPosition ?? statement.endPosition;
}

function namesKeyError(caught: Node, text: string): boolean {
  switch (caught.type) {
    case 'as_pattern': {
      const [exception] = expressionsIn(caught);
      return exception !== undefined && namesKeyError(exception, text);
    }
    case 'tuple':
    case 'parenthesized_expression':
    case 'expression_list':
    case 'list_splat':
      return expressionsIn(caught).some((exception) => namesKeyError(exception, text));
    case 'identifier':
    case 'attribute': {
      const name = lastSegment(sourceOf(caught, text));
      // What is not written like a class may be a tuple of exceptions.
      return catchesKeyError.has(name) || !/^_*[A-Z]\w*[a-z]/.test(name);
    }
    default:
      return true;
  }
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).trim();
}

/** Parts of an expression that have its value. */
const transparent = new Set(['parenthesized_expression', 'conditional_expression', 'named_expression']);

/** Places where a coroutine is of no use to anybody. */
const consumers = new Set([
  'expression_statement',
  'attribute',
  'subscript',
  'comparison_operator',
  'binary_operator',
  'boolean_operator',
  'not_operator',
  'unary_operator',
  'interpolation',
  'pair',
  'if_statement',
  'elif_clause',
  'while_statement',
  'for_statement',
  'for_in_clause',
  'if_clause',
  'assert_statement',
  'raise_statement',
  'augmented_assignment',
  'call',
]);

/** Functions that do nothing with a coroutine but keep or show it. */
const plainFunctions = new Set([
  'bool',
  'bytes',
  'dict',
  'float',
  'int',
  'len',
  'print',
  'repr',
  'str',
  'sorted',
]);

function awaitedAt(trail: Trail, text: string): Awaited {
  let child = trail.node;
  let here = trail.above;
  while (here && transparent.has(here.node.type)) {
    child = here.node;
    here = here.above;
  }
  if (!here) return 'unknown';
  const { node } = here;
  switch (node.type) {
    case 'await':
      return 'yes';
    case 'assignment':
      // In `a = b = …` there are more names than one to look for.
      if (here.above?.node.type === 'assignment') return 'unknown';
      return isField(node, 'right', child) ? awaitedLater(node, here, text) : 'no';
    case 'return_statement':
      return isInAsync(here) ? 'no' : 'unknown';
    case 'keyword_argument':
    case 'argument_list': {
      const call = node.type === 'argument_list' ? here.above?.node : here.above?.above?.node;
      const callee = call?.childForFieldName('function');
      return callee && plainFunctions.has(sourceOf(callee, text)) ? 'no' : 'unknown';
    }
    default:
      return consumers.has(node.type) ? 'no' : 'unknown';
  }
}

function isInAsync(trail: Trail): boolean {
  let here: Trail | undefined = trail;
  while (here && !functionTypes.has(here.node.type)) here = here.above;
  return here !== undefined && isAsync(here.node);
}

/** Functions that await what they are given, and `append`, which collects for them. */
const awaiters =
  'gather|wait|wait_for|create_task|ensure_future|shield|as_completed|run|run_until_complete|run_coroutine_threadsafe|start_soon|append';

/** Text in which a name stands that is handed on. */
const handingOn = [
  /\bawait\b(?:\s*\(\s*|\s+)(\w+)\b(?!\s*[.([])/g,
  new RegExp(`\\b(?:${awaiters})\\s*\\(((?:[^()]|\\([^()]*\\))*)`, 'g'),
  /\bawait\s+[\w.]+\s*\(((?:[^()]|\([^()]*\))*)/g,
  /[=(,*]\s*\[([^[\]]*)\]/g,
  /^[ \t]*\w+[ \t]*=[ \t]*(\w+)[ \t]*$/gm,
];

/** In a function that is no coroutine itself, a coroutine can be meant to be given back. */
const givingBack = /\b(?:return|yield)\s+(\w+)[ \t]*$/gm;

/** `task = config.get(…)` is no mistake when `task` is awaited, or handed to what awaits it. */
function awaitedLater(assignment: Node, trail: Trail, text: string): Awaited {
  const target = assignment.childForFieldName('left');
  if (target?.type !== 'identifier') return target?.type === 'attribute' ? 'no' : 'unknown';
  let around = trail;
  while (around.above && around.node.type !== 'function_definition') around = around.above;
  around.handedOn ??= readHandedOn(around.node, text);
  return around.handedOn.has(sourceOf(target, text)) ? 'unknown' : 'no';
}

/** The names that are awaited, that are given to what awaits or may do so, or that are kept under another name. */
function readHandedOn(around: Node, text: string): Set<string> {
  const source = sourceOf(around, text);
  const names = new Set<string>();
  const patterns = isAsync(around) ? handingOn : [...handingOn, givingBack];
  for (const pattern of patterns) {
    for (const [, part = ''] of source.matchAll(pattern)) {
      const code = part.replace(/"[^"]*"|'[^']*'/g, '');
      for (const [name] of code.matchAll(/[^\W\d]\w*/g)) names.add(name);
    }
  }
  return names;
}
