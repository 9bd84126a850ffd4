/** One statement of a module, read once: what it binds, marks and calls; it knows no other statement. */

import { type Argument, readArguments } from './arguments.ts';
import { expressionsIn, readPath, sourceOf } from './expressions.ts';
import { type DecoratedFunction, parametersOf, parameterTarget, readDecorated } from './functions.ts';
import type { Node } from './parser.ts';
import { enclosingOfComprehension, newScope, type Scope } from './scopes.ts';
import { type Source, type Span, spanOf } from './source.ts';
import { bindAssignment, bindCaptures, bindImport, bindName, bindTargets } from './targets.ts';
import { type Place, placeOf, type Trail } from './trail.ts';

export type ConfigMethod = 'get' | 'set' | 'delete';

/** A call of something's `get`, `set` or `delete`: possibly of the configuration. */
export interface MethodCall {
  method: ConfigMethod;
  receiver: string[];
  arguments: Argument[];
  span: Span;
  /** Just before the closing bracket. */
  argumentsEnd: number;
  hasTrailingComma: boolean;
  scope: Scope;
  place: Place;
}

/**
 * Invariant: a unit depends on nothing but its own text, and holds no tree;
 * so it stands for every statement with this text, wherever that is.
 */
export interface Unit {
  /** The slice of the module's names that this statement binds. */
  scope: Scope;
  /** Modules of `from … import *`. */
  starImports: string[];
  /** It imports `bifrost` or something from it, at whatever depth. */
  importsBifrost: boolean;
  functions: DecoratedFunction[];
  calls: MethodCall[];
}

/** A function's body that has none of these words can tell nothing. */
const tellingWord = /\b(?:get|set|delete|global|nonlocal|bifrost)\b/;

/** An expression without any of these calls nothing that we follow, and binds nothing. */
const tellingExpression = /\b(?:get|set|delete|as)\b|:=/;

const expressionTypes = new Set([
  'attribute',
  'await',
  'binary_operator',
  'boolean_operator',
  'call',
  'comparison_operator',
  'concatenated_string',
  'conditional_expression',
  'dictionary',
  'dictionary_comprehension',
  'expression_list',
  'generator_expression',
  'list',
  'list_comprehension',
  'not_operator',
  'parenthesized_expression',
  'set',
  'set_comprehension',
  'string',
  'subscript',
  'tuple',
]);

/** Nodes without anything in them to read. */
const leaves = new Set([
  'identifier',
  'integer',
  'float',
  'none',
  'true',
  'false',
  'comment',
  'pass_statement',
  'break_statement',
  'continue_statement',
  'ellipsis',
  'type',
]);

const configMethods: ReadonlySet<string> = new Set<ConfigMethod>(['get', 'set', 'delete']);

/** Deeper nesting than anybody writes by hand is not read. */
const maxDepth = 400;

/** A call with more is none of the configuration's. */
const mostArguments = 100;

/** @param statement a child of the root; `text` is the whole file's. */
export function readUnit(statement: Node, text: string): Unit {
  const source: Source = { text, base: statement.startIndex };
  const unit: Unit = {
    scope: newScope('module'),
    starImports: [],
    importsBifrost: false,
    functions: [],
    calls: [],
  };
  visit({ node: statement, above: undefined, depth: 0 }, unit.scope);
  return unit;

  function visit(trail: Trail, scope: Scope): void {
    const { node } = trail;
    const { type } = node;
    if (leaves.has(type) || trail.depth > maxDepth) return;
    // Crossing into WASM for every node is what costs; most of them are in expressions that tell nothing.
    if (expressionTypes.has(type) && !tellingExpression.test(sourceOf(node, text))) return;
    if (!enter(type, trail, scope)) for (const child of expressionsIn(node)) descend(trail, child, scope);
  }

  function descend(trail: Trail, child: Node | null, scope: Scope): void {
    if (child) visit({ node: child, above: trail, depth: trail.depth + 1 }, scope);
  }

  /** Takes in what a node says itself; true when what is in it has been visited too. */
  function enter(type: string, trail: Trail, scope: Scope): boolean {
    const { node } = trail;
    switch (type) {
      case 'string':
        // Only placeholders hold code; most strings have none.
        return !/^[a-z]*[ft]/i.test(text.slice(node.startIndex, node.startIndex + 3));
      case 'function_definition':
      case 'lambda':
        bindName(node.childForFieldName('name'), scope, text);
        visitFunction(trail, scope);
        return true;
      case 'class_definition':
        bindName(node.childForFieldName('name'), scope, text);
        descend(trail, node.childForFieldName('superclasses'), scope);
        descend(trail, node.childForFieldName('body'), newScope('class', scope));
        return true;
      case 'decorated_definition': {
        const definition = node.childForFieldName('definition');
        if (definition?.type === 'function_definition' && scope.kind === 'module') {
          unit.functions.push(readDecorated(node, definition, scope, source));
        }
        return false;
      }
      case 'list_comprehension':
      case 'set_comprehension':
      case 'dictionary_comprehension':
      case 'generator_expression':
        visitComprehension(trail, scope);
        return true;
      case 'assignment':
        bindAssignment(node, scope, text);
        return false;
      case 'augmented_assignment':
      case 'for_statement':
      case 'type_alias_statement':
        bindTargets(node.childForFieldName('left'), scope, text);
        return false;
      case 'named_expression': {
        const home = enclosingOfComprehension(scope);
        bindTargets(node.childForFieldName('name'), home, text, node.childForFieldName('value'));
        return false;
      }
      case 'as_pattern':
        // `with` and `except` have a field for it; in a `case` it is the last child.
        bindTargets(node.childForFieldName('alias') ?? node.lastNamedChild, scope, text);
        return false;
      case 'case_pattern':
        bindCaptures(node, scope, text);
        return false;
      case 'delete_statement':
        for (const target of expressionsIn(node)) bindTargets(target, scope, text);
        return false;
      case 'global_statement':
      case 'nonlocal_statement':
        for (const name of expressionsIn(node)) {
          scope.declared.set(sourceOf(name, text), type === 'global_statement' ? 'global' : 'nonlocal');
        }
        return true;
      case 'import_statement':
      case 'import_from_statement': {
        const { modules, star } = bindImport(node, scope, text);
        unit.importsBifrost ||= modules.some((one) => one === 'bifrost' || one.startsWith('bifrost.'));
        if (star !== undefined) unit.starImports.push(star);
        return true;
      }
      case 'call':
        readCall(trail, scope);
        return false;
      default:
        return false;
    }
  }

  function visitFunction(trail: Trail, scope: Scope): void {
    const inner = newScope('function', scope);
    for (const parameter of parametersOf(trail.node)) {
      bindTargets(parameterTarget(parameter), inner, text);
      descend(trail, parameter.childForFieldName('value'), scope);
    }
    const body = trail.node.childForFieldName('body');
    if (body && tellingWord.test(sourceOf(body, text))) descend(trail, body, inner);
  }

  function visitComprehension(trail: Trail, scope: Scope): void {
    const inner = newScope('comprehension', scope);
    let isFirst = true;
    for (const child of expressionsIn(trail.node)) {
      if (child.type !== 'for_in_clause') {
        descend(trail, child, inner);
        continue;
      }
      bindTargets(child.childForFieldName('left'), inner, text);
      // The first loop runs over what is outside.
      descend(trail, child.childForFieldName('right'), isFirst ? scope : inner);
      isFirst = false;
    }
  }

  function readCall(trail: Trail, scope: Scope): void {
    const callee = trail.node.childForFieldName('function');
    const list = trail.node.childForFieldName('arguments');
    if (callee?.type !== 'attribute' || list?.type !== 'argument_list') return;
    if (list.namedChildCount > mostArguments) return;
    const path = readPath(callee, text);
    const method = path?.pop();
    const close = list.lastChild;
    if (!path || !isConfigMethod(method) || !close || close.isMissing) return;
    unit.calls.push({
      method,
      receiver: path,
      arguments: readArguments(list, source),
      span: spanOf(trail.node, source),
      argumentsEnd: close.startIndex - source.base,
      hasTrailingComma: close.previousSibling?.type === ',',
      scope,
      place: placeOf(trail, source),
    });
  }
}

function isConfigMethod(method: string | undefined): method is ConfigMethod {
  return method !== undefined && configMethods.has(method);
}
