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
}

/** Whether the coroutine that a call gives is awaited; `unknown` when it is handed on to where it may be. */
export type Awaited = 'yes' | 'no' | 'unknown';

const functionTypes = new Set(['function_definition', 'lambda']);

/** Parents that bind more tightly than `await`. */
const operandTypes = new Set(['attribute', 'subscript', 'call']);

/** Exceptions whose handler also catches a `KeyError`. */
const catchesKeyError = new Set(['KeyError', 'LookupError', 'Exception', 'BaseException']);

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
export function placeOf(trail: Trail, { text, base }: Source): Place {
  const place: Place = {
    awaited: awaitedAt(trail, text),
    canAwait: false,
    isOperand: operandTypes.has(trail.above?.node.type ?? ''),
    catchesKeyError: false,
    isBroken: false,
    blocks: [],
  };
  let isInside = true;
  for (let here = trail; here.above; here = here.above) {
    const { node } = here.above;
    const { type } = node;
    if (type === 'ERROR') place.isBroken = true;
    if (!isInside) continue;
    if (functionTypes.has(type)) {
      isInside = false;
      place.canAwait = isAsync(node);
      place.catchesKeyError ||= mayHaveLostHandler(node, text);
    } else if (type === 'try_statement') {
      place.catchesKeyError ||= isField(node, 'body', here.node) && handlesKeyError(node, text);
    } else if (type === 'with_statement') {
      place.catchesKeyError ||= isField(node, 'body', here.node) && suppressesKeyError(node, text);
    } else if (type === 'block') {
      place.blocks.push(node.startIndex - base);
    }
  }
  return place;
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
  return expressionsIn(tryStatement).some((clause) => {
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
      if (!callee || !caught || lastSegment(sourceOf(callee, text)) !== 'suppress') return false;
      return expressionsIn(caught).some((exception) => namesKeyError(exception, text));
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
      // A constant is a tuple of exceptions more often than one exception.
      return catchesKeyError.has(name) || /^[A-Z][A-Z0-9_]+$/.test(name);
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

/** `task = config.get(…)` is no mistake when `task` is awaited, or handed to what awaits it. */
function awaitedLater(assignment: Node, trail: Trail, text: string): Awaited {
  const target = assignment.childForFieldName('left');
  if (target?.type !== 'identifier') return target?.type === 'attribute' ? 'no' : 'unknown';
  const name = sourceOf(target, text);
  if (!/^\w+$/.test(name)) return 'unknown';
  let around = trail;
  while (around.above && around.node.type !== 'function_definition') around = around.above;
  const later = new RegExp(
    `\\bawait\\s*\\(?\\s*${name}\\b(?!\\s*[.([])|\\b(?:${awaiters})\\s*\\([^()]*\\b${name}\\b`,
  );
  return later.test(sourceOf(around.node, text)) ? 'unknown' : 'no';
}
