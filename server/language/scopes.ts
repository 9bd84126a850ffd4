/** Python's rules of who sees which name; it knows no syntax tree. */

import { type Expression, join } from './expressions.ts';

/** What gives a name its meaning. `other` is anything that the source alone does not settle. */
export type Binding =
  | { kind: 'import' /** e.g. `bifrost` or `bifrost.config` */; target: string }
  | { kind: 'value'; expression: Expression }
  | { kind: 'other' };

/**
 * One scope of a file. A scope without a parent is a slice of the module:
 * what it does not bind is looked up in the whole module's names.
 */
export interface Scope {
  kind: 'module' | 'function' | 'class' | 'comprehension';
  parent: Scope | undefined;
  bindings: Map<string, Binding[]>;
  /** Names declared `global` or `nonlocal` here. */
  declared: Map<string, 'global' | 'nonlocal'>;
}

/** The names of a whole module, put together from its slices. */
export interface ModuleNames {
  bindings: ReadonlyMap<string, readonly Binding[]>;
  /** Modules of `from … import *`. */
  starImports: readonly string[];
}

export function newScope(kind: Scope['kind'], parent?: Scope): Scope {
  return { kind, parent, bindings: new Map(), declared: new Map() };
}

/** Records that `name` gets a meaning in `scope`, where `global` and `nonlocal` say otherwise there. */
export function bind(scope: Scope, name: string, binding: Binding): void {
  const home = homeOf(scope, name);
  const bindings = home.bindings.get(name);
  if (bindings) bindings.push(binding);
  else home.bindings.set(name, [binding]);
}

function homeOf(scope: Scope, name: string): Scope {
  const declared = scope.declared.get(name);
  if (declared === 'global') return moduleOf(scope);
  if (declared === 'nonlocal') {
    for (let outer = scope.parent; outer; outer = outer.parent) {
      if (outer.kind === 'function' && outer.bindings.has(name)) return homeOf(outer, name);
    }
  }
  return scope;
}

function moduleOf(scope: Scope): Scope {
  let outermost = scope;
  while (outermost.parent) outermost = outermost.parent;
  return outermost;
}

/** The scope in which `:=` binds: a comprehension has no names but its own loop's. */
export function enclosingOfComprehension(scope: Scope): Scope {
  let enclosing = scope;
  while (enclosing.kind === 'comprehension' && enclosing.parent) enclosing = enclosing.parent;
  return enclosing;
}

/** All that `name` can mean in `scope`; undefined when nothing in the file binds it. */
export function lookUp(scope: Scope, name: string, names: ModuleNames): readonly Binding[] | undefined {
  let start: Scope = scope;
  const declared = scope.declared.get(name);
  if (declared === 'global') start = moduleOf(scope);
  // A comprehension in a class body does not see the class's names, except where its first loop runs.
  for (let here: Scope | undefined = start; here?.parent; here = here.parent) {
    if (here.kind === 'class' && here !== start) continue;
    if (here.declared.get(name) === 'global') break;
    const bindings = here.bindings.get(name);
    if (bindings) return bindings;
  }
  return names.bindings.get(name);
}

/** Aliases of aliases are followed this far; a cycle of them ends here. */
const maxDepth = 16;

/**
 * The qualified name that a dotted path stands for, e.g. `bifrost.config` for `c` after
 * `from bifrost import config as c`; undefined when the source alone does not settle it.
 */
export function qualify(
  scope: Scope,
  path: readonly string[],
  names: ModuleNames,
  depth = 0,
): string | undefined {
  const [first, ...rest] = path;
  if (first === undefined || depth > maxDepth) return undefined;
  const bindings = lookUp(scope, first, names);
  if (!bindings) return fromStarImport(path, names);
  let target: string | undefined;
  for (const binding of bindings) {
    const next =
      binding.kind === 'import'
        ? binding.target
        : binding.kind === 'value' && binding.expression.kind === 'name'
          ? qualify(scope, binding.expression.path, names, depth + 1)
          : undefined;
    if (next === undefined || (target !== undefined && target !== next)) return undefined;
    target = next;
  }
  return target === undefined ? undefined : [target, ...rest].join('.');
}

function fromStarImport(path: readonly string[], names: ModuleNames): string | undefined {
  const [only, ...others] = new Set(names.starImports);
  return only === undefined || others.length > 0 ? undefined : [only, ...path].join('.');
}

/** A value that stands in the source. `null` is Python's `None`. */
export type Literal = string | number | boolean | null | Literal[];

/** The value of an expression where the source settles it: literals, constants bound once, and joined texts. */
export function evaluate(
  expression: Expression,
  scope: Scope,
  names: ModuleNames,
  depth = 0,
): Literal | undefined {
  if (depth > maxDepth) return undefined;
  const inner = (part: Expression) => evaluate(part, scope, names, depth + 1);
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'list':
      return allKnown(expression.items.map(inner));
    case 'join':
      return join(expression.parts.map(inner));
    case 'name': {
      const [name, ...rest] = expression.path;
      if (name === undefined || rest.length > 0) return undefined;
      const [binding, ...others] = lookUp(scope, name, names) ?? [];
      if (binding?.kind !== 'value' || others.length > 0) return undefined;
      return inner(binding.expression);
    }
    case 'unknown':
      return undefined;
  }
}

function allKnown(items: (Literal | undefined)[]): Literal[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}
