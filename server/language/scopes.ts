/** Python's rules of who sees which name; it knows no syntax tree. */

import type { Expression } from './expressions.ts';

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
    let nearest: Scope | undefined;
    for (let outer = scope.parent; outer; outer = outer.parent) {
      if (outer.kind !== 'function') continue;
      if (outer.bindings.has(name)) return homeOf(outer, name);
      nearest ??= outer;
    }
    // Whose it is stands further down.
    return nearest ?? scope;
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

/**
 * How much is still followed for one question. A name can stand for names that each stand for many others, so that a
 * short file asks for more than any machine can do; what takes longer than this is not settled by the source.
 */
interface Budget {
  steps: number;
}

const newBudget = (): Budget => ({ steps: 1000 });

const longestText = 100_000;

/**
 * The qualified name that a dotted path stands for, e.g. `bifrost.config` for `c` after
 * `from bifrost import config as c`; undefined when the source alone does not settle it.
 */
export function qualify(
  scope: Scope,
  path: readonly string[],
  names: ModuleNames,
  budget = newBudget(),
): string | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return undefined;
  const bindings = lookUp(scope, first, names);
  if (!bindings) return fromStarImport(path, names);
  let target: string | undefined;
  for (const binding of bindings) {
    if (budget.steps-- <= 0) return undefined;
    const next =
      binding.kind === 'import'
        ? binding.target
        : binding.kind === 'value' && binding.expression.kind === 'name'
          ? qualify(scope, binding.expression.path, names, budget)
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
  budget = newBudget(),
): Literal | undefined {
  if (budget.steps-- <= 0) return undefined;
  const inner = (part: Expression) => evaluate(part, scope, names, budget);
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'list':
      return allKnown(expression.items, inner);
    case 'join': {
      const parts = allKnown(expression.parts, inner);
      return parts && join(parts);
    }
    case 'name': {
      const [name, ...rest] = expression.path;
      if (name === undefined || rest.length > 0) return undefined;
      const bindings = lookUp(scope, name, names);
      const binding = bindings?.[0];
      if (binding?.kind !== 'value' || bindings?.length !== 1) return undefined;
      return inner(binding.expression);
    }
    case 'unknown':
      return undefined;
  }
}

/** Undefined as soon as one is not known. */
function allKnown(
  parts: readonly Expression[],
  read: (part: Expression) => Literal | undefined,
): Literal[] | undefined {
  const known: Literal[] = [];
  for (const part of parts) {
    const value = read(part);
    if (value === undefined) return undefined;
    known.push(value);
  }
  return known;
}

/** `"a" + "b"`; undefined unless every part is a text, and for what is too long for any name or description. */
function join(parts: readonly Literal[]): string | undefined {
  let joined = '';
  for (const part of parts) {
    if (typeof part !== 'string' || joined.length + part.length > longestText) return undefined;
    joined += part;
  }
  return joined;
}
