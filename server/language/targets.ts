/** Which names a statement binds; what is done with them is for the reader of the unit. */

import { expressionsIn, readExpression, sourceOf } from './expressions.ts';
import type { Node } from './parser.ts';
import { bind, type Scope } from './scopes.ts';

export function bindName(name: Node | null, scope: Scope, text: string): void {
  if (name) bind(scope, sourceOf(name, text), { kind: 'other' });
}

/** Binds every name in an assignment's target; `value` is what a target that is one name gets. */
export function bindTargets(target: Node | null, scope: Scope, text: string, value?: Node | null): void {
  if (target?.type === 'identifier') {
    if (value) {
      bind(scope, sourceOf(target, text), { kind: 'value', expression: readExpression(value, text) });
    } else {
      bindName(target, scope, text);
    }
  } else if (target && target.type !== 'attribute' && target.type !== 'subscript') {
    for (const part of expressionsIn(target)) bindTargets(part, scope, text);
  }
}

/** `left = right`; in `a = b = 1` each name gets what stands last. */
export function bindAssignment(assignment: Node, scope: Scope, text: string): void {
  let value = assignment.childForFieldName('right');
  while (value?.type === 'assignment') value = value.childForFieldName('right');
  bindTargets(assignment.childForFieldName('left'), scope, text, value);
}

/** In a `case`, a dotted name is a value to compare with; a plain one is bound. */
export function bindCaptures(pattern: Node, scope: Scope, text: string): void {
  for (const part of expressionsIn(pattern)) {
    if (part.type === 'dotted_name' && part.namedChildCount === 1) bindName(part, scope, text);
    else if (part.type === 'splat_pattern') bindTargets(part, scope, text);
    else if (part.type !== 'case_pattern') bindCaptures(part, scope, text);
  }
}

/** What an import says beside the names that it binds. */
export interface Import {
  modules: string[];
  /** Of `from module import *`. */
  star?: string;
}

export function bindImport(statement: Node, scope: Scope, text: string): Import {
  const from = statement.childForFieldName('module_name');
  const fromModule = from ? dotted(from, text) : undefined;
  const modules = fromModule === undefined ? [] : [fromModule];
  for (const imported of statement.childrenForFieldName('name')) {
    if (!imported) continue;
    const name = dotted(imported.childForFieldName('name') ?? imported, text);
    const alias = imported.childForFieldName('alias');
    const [first = name] = name.split('.');
    if (fromModule !== undefined) {
      const target = `${fromModule}.${name}`;
      bind(scope, alias ? sourceOf(alias, text) : name, { kind: 'import', target });
    } else {
      modules.push(name);
      // Without an alias `import a.b` binds `a`.
      if (alias) bind(scope, sourceOf(alias, text), { kind: 'import', target: name });
      else bind(scope, first, { kind: 'import', target: first });
    }
  }
  const hasStar = expressionsIn(statement).some(({ type }) => type === 'wildcard_import');
  return { modules, ...(hasStar && fromModule !== undefined && { star: fromModule }) };
}

function dotted(name: Node, text: string): string {
  return sourceOf(name, text).replace(/\s+/g, '');
}
