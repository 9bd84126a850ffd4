/** Decorated functions of a module, each possibly a workflow; what the decorators mean is for others to say. */

import { type Argument, readArguments } from './arguments.ts';
import { expressionsIn, readPath, sourceOf } from './expressions.ts';
import type { Node } from './parser.ts';
import type { Scope } from './scopes.ts';
import { type Source, type Span, spanOf } from './source.ts';

export interface DecoratedFunction {
  name: string;
  nameSpan: Span;
  decorators: Decorator[];
  parameters: ParameterSource[];
  /** It has `**kwargs`. */
  acceptsExtra: boolean;
  /** From its first decorator to its end. */
  span: Span;
  scope: Scope;
}

export interface Decorator {
  path: string[];
  /** Absent: written without brackets. */
  arguments?: Argument[];
}

export interface ParameterSource {
  name: string;
  annotation?: string;
  hasDefault: boolean;
}

/** @param node a `decorated_definition` of the function `definition`. */
export function readDecorated(node: Node, definition: Node, scope: Scope, source: Source): DecoratedFunction {
  const name = definition.childForFieldName('name') ?? definition;
  const parameters = parametersOf(definition);
  return {
    name: sourceOf(name, source.text),
    nameSpan: spanOf(name, source),
    decorators: expressionsIn(node)
      .filter(({ type }) => type === 'decorator')
      .flatMap((decorator) => readDecorator(decorator, source)),
    parameters: parameters.flatMap((parameter) => readParameter(parameter, source)),
    acceptsExtra: parameters.some((one) => parameterTarget(one)?.type === 'dictionary_splat_pattern'),
    span: spanOf(node, source),
    scope,
  };
}

/** The parameters of a function or a lambda. */
export function parametersOf(definition: Node): Node[] {
  const parameters = definition.childForFieldName('parameters');
  return parameters ? expressionsIn(parameters) : [];
}

/** What a parameter binds: `a`, `a: int`, `a=1`, `a: int = 1`, `*a`, `**a`. */
export function parameterTarget(parameter: Node): Node | null {
  switch (parameter.type) {
    case 'typed_parameter':
      return parameter.firstNamedChild;
    case 'default_parameter':
    case 'typed_default_parameter':
      return parameter.childForFieldName('name');
    default:
      return parameter;
  }
}

function readDecorator(decorator: Node, source: Source): Decorator[] {
  const [expression] = expressionsIn(decorator);
  const call = expression?.type === 'call' ? expression : undefined;
  const callee = call ? call.childForFieldName('function') : expression;
  const path = callee && readPath(callee, source.text);
  if (!path) return [];
  const list = call?.childForFieldName('arguments');
  return [{ path, ...(list && { arguments: readArguments(list, source) }) }];
}

/** `*args` and a bare `*` or `/` take no input of their own. */
function readParameter(parameter: Node, { text }: Source): ParameterSource[] {
  const target = parameterTarget(parameter);
  if (target?.type !== 'identifier') return [];
  const annotation = parameter.childForFieldName('type');
  return [
    {
      name: sourceOf(target, text),
      hasDefault: parameter.childForFieldName('value') !== null,
      ...(annotation && { annotation: sourceOf(annotation, text) }),
    },
  ];
}
