/** Workflows and their options (D45, D46), read from the decorator without running it. */

import { endpointMethods, type SourceRange } from '../protocol/workflows.ts';
import type { Parameter } from '../workflows/workflow.ts';
import type { Argument } from './arguments.ts';
import type { Locate, PlacedUnit, WorkflowFact } from './facts.ts';
import type { DecoratedFunction, Decorator, ParameterSource } from './functions.ts';
import { evaluate, type Literal, lookUp, type ModuleNames, qualify, type Scope } from './scopes.ts';

/** An option that is not what the author thinks. */
export interface OptionProblem {
  kind: 'unknown' | 'ill-typed' | 'unreadable';
  /** The option's name; `*` for what is no single option. */
  option: string;
  /** What would be right, e.g. `True or False`. */
  expected: string;
  /** The option with its value when it is unknown, else its value. */
  range: SourceRange;
}

interface Option<T> {
  expected: string;
  /** Undefined: ill-typed. */
  check(value: Literal): T | undefined;
  /** What holds when the option is not given. */
  absent: T;
  /** What holds when it cannot be read or is ill-typed: never more open than what the author can have meant. */
  unreadable: T;
}

const flag = (unreadable: boolean): Option<boolean> => ({
  expected: 'True or False',
  check: (value) => (typeof value === 'boolean' ? value : undefined),
  absent: false,
  unreadable,
});

const text: Option<string | undefined> = {
  expected: 'a text',
  check: (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
  absent: undefined,
  unreadable: undefined,
};

/** What is an id in addresses, in terminals and in files; `.` and `..` are no place of their own in an address. */
const idText: Option<string | undefined> = {
  ...text,
  expected: 'one line of text',
  check: (value) => {
    const checked = text.check(value);
    const isId = checked?.isWellFormed() && !/[\p{Cc}\u2028\u2029]|^\.{1,2}$/u.test(checked);
    return isId ? checked : undefined;
  },
};

const options = {
  name: idText,
  description: text,
  category: text,
  tags: {
    expected: 'a list of texts',
    check: texts,
    absent: [],
    unreadable: [],
  } satisfies Option<string[]> as Option<string[]>,
  endpoint_enabled: flag(false),
  allowed_methods: {
    expected: `a list of ${endpointMethods.join(', ')}`,
    check: (value) => {
      const methods = texts(value)?.map((method) => method.toUpperCase());
      return methods && methods.length > 0 && methods.every((one) => endpointMethods.includes(one))
        ? methods
        : undefined;
    },
    absent: ['POST'],
    unreadable: ['POST'],
  } satisfies Option<string[]> as Option<string[]>,
  public_endpoint: flag(false),
  disable_global_key: flag(true),
  execution_mode: {
    expected: '"sync" or "async"',
    check: (value) => (value === 'sync' || value === 'async' ? value : undefined),
    absent: 'sync',
    unreadable: 'sync',
  } satisfies Option<'sync' | 'async'> as Option<'sync' | 'async'>,
  timeout_seconds: {
    expected: 'a number of seconds, 0 for none',
    check: (value) => (typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined),
    absent: 1800,
    unreadable: 1800,
  } satisfies Option<number> as Option<number>,
};

type OptionName = keyof typeof options;

/** The options of D46. */
export const optionNames = Object.keys(options) as OptionName[];

export interface WorkflowSource {
  placed: PlacedUnit;
  definition: DecoratedFunction;
  names: ModuleNames;
  importsBifrost: boolean;
  locate: Locate;
}

/** The workflow that a decorated function is; undefined when none of its decorators is `bifrost.workflow`. */
export function readWorkflow(source: WorkflowSource): WorkflowFact | undefined {
  const { placed, definition, names, locate } = source;
  const decorator = definition.decorators.find((one) => isWorkflow(one, source));
  if (!decorator) return undefined;
  const problems: OptionProblem[] = [];
  const given = bindOptions(decorator, (problem, span) =>
    problems.push({ ...problem, range: locate(placed, span) }),
  );
  const read = <T>(option: OptionName, { expected, check, absent, unreadable }: Option<T>): T => {
    const argument = given.get(option);
    if (!argument) return absent;
    const value = evaluate(argument.expression, definition.scope, names);
    // `None` is what the decorator takes for a text that is not given.
    if (value === null && absent === undefined) return absent;
    const checked = value === undefined ? undefined : check(value);
    if (checked !== undefined) return checked;
    const kind = value === undefined ? 'unreadable' : 'ill-typed';
    problems.push({ kind, option, expected, range: locate(placed, argument.span) });
    return unreadable;
  };
  const name = read('name', options.name);
  const description = read('description', options.description);
  const category = read('category', options.category);
  const nameSpan = (name !== undefined && given.get('name')?.span) || definition.nameSpan;
  return {
    workflow: {
      id: name ?? definition.name,
      functionName: definition.name,
      range: locate(placed, nameSpan),
      ...(description !== undefined && { description }),
      ...(category !== undefined && { category }),
      tags: read('tags', options.tags),
      endpointEnabled: read('endpoint_enabled', options.endpoint_enabled),
      allowedMethods: read('allowed_methods', options.allowed_methods),
      publicEndpoint: read('public_endpoint', options.public_endpoint),
      disableGlobalKey: read('disable_global_key', options.disable_global_key),
      executionMode: read('execution_mode', options.execution_mode),
      timeoutSeconds: read('timeout_seconds', options.timeout_seconds),
      parameters: readParameters(definition.parameters, definition.scope, names),
      acceptsExtra: definition.acceptsExtra,
    },
    definitionRange: locate(placed, definition.span),
    problems,
  };
}

function isWorkflow({ path }: Decorator, { definition, names, importsBifrost }: WorkflowSource): boolean {
  if (qualify(definition.scope, path, names) === 'bifrost.workflow') return true;
  // Snippets in the documentation leave the import of the decorator out.
  const [name, ...rest] = path;
  return (
    importsBifrost &&
    name === 'workflow' &&
    rest.length === 0 &&
    names.starImports.length === 0 &&
    !lookUp(definition.scope, name, names)
  );
}

/** Option → argument; the decorator takes the name by position too. */
function bindOptions(
  decorator: Decorator,
  report: (problem: Omit<OptionProblem, 'range'>, span: Argument['span']) => void,
): Map<OptionName, Argument> {
  const given = new Map<OptionName, Argument>();
  for (const [position, argument] of (decorator.arguments ?? []).entries()) {
    const option = argument.keyword ?? (position === 0 && !argument.isSpread ? 'name' : undefined);
    if (option === undefined) {
      report({ kind: 'unreadable', option: '*', expected: 'each option by its name' }, argument.whole);
    } else if (isOption(option)) {
      given.set(option, argument);
    } else {
      report({ kind: 'unknown', option, expected: optionNames.join(', ') }, argument.whole);
    }
  }
  return given;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

function texts(value: Literal): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** Without the parameter that takes the `ExecutionContext` (D47). */
function readParameters(sources: readonly ParameterSource[], scope: Scope, names: ModuleNames): Parameter[] {
  return sources
    .filter(({ name, annotation }, position) =>
      annotation === undefined
        ? !(position === 0 && name === 'context')
        : !isExecutionContext(annotation, scope, names),
    )
    .map(({ name, annotation, hasDefault }) => ({
      name,
      ...(annotation !== undefined && { annotation }),
      required: !hasDefault,
    }));
}

/** Also as a text, an alias, `Optional[…]`, `Union[…, None]` or `… | None`. */
function isExecutionContext(annotation: string, scope: Scope, names: ModuleNames): boolean {
  const written = annotation
    .replace(/["'\s]/g, '')
    .replace(/^(?:typing\.)?(?:Optional|Union)\[(.*)\]$/, '$1')
    .replace(/^None[|,]|[|,]None$/, '');
  if (!/^[\w.]+$/.test(written)) return false;
  const path = written.split('.');
  return path.at(-1) === 'ExecutionContext' || qualify(scope, path, names) === 'bifrost.ExecutionContext';
}
