/** Calls that read or write the configuration, with all that the source settles of them. */

import type { SourceRange } from '../protocol/workflows.ts';
import type { Argument } from './arguments.ts';
import type { Locate, PlacedUnit } from './facts.ts';
import { evaluate, type Literal, type ModuleNames, qualify } from './scopes.ts';
import type { Awaited } from './trail.ts';
import type { ConfigMethod, MethodCall } from './unit.ts';

/** `scope=` of a call (D5): the run's own, the global one, one organization's, or only known when it runs. */
export type ConfigScope =
  | { kind: 'own' }
  | { kind: 'global' }
  | { kind: 'organization'; id: string }
  | { kind: 'dynamic' };

/** The name that a call asks for. */
interface ConfigName {
  text: string;
  /** The whole argument: a literal with its quotes, or the constant that holds the name. */
  range: SourceRange;
  /** Between the quotes; absent when the name is not one plain literal. */
  content?: SourceRange;
}

export interface ConfigCall {
  method: ConfigMethod;
  range: SourceRange;
  /** Absent: only known when it runs. */
  name?: ConfigName;
  scope: ConfigScope;
  /** A default is given, even `None`, or may be. */
  hasDefault: boolean;
  awaited: Awaited;
  /** It stands in an `async def`, so that `await` may be written. */
  canAwait: boolean;
  /** Something is taken of its result right there, e.g. `.strip()`; an `await` needs brackets around it. */
  isOperand: boolean;
  /** A missing name is handled here: `try … except KeyError`, or set just before. */
  handlesMissing: boolean;
  /** `is_secret=` of `config.set`; `dynamic` when only known when it runs. */
  isSecret: boolean | 'dynamic' | undefined;
  /** Where another argument can be added; `separator` goes before it. */
  addArgument: { at: SourceRange['start']; separator: string };
  /** The value of `is_secret=`, when it is given. */
  isSecretRange?: SourceRange;
}

/** Parameters by position, as `bifrost.config` declares them. */
const signatures: Record<ConfigMethod, readonly string[]> = {
  get: ['key', 'default', 'scope'],
  set: ['key', 'value', 'is_secret', 'scope'],
  delete: ['key', 'scope'],
};

export function readConfigCalls(
  units: readonly PlacedUnit[],
  names: ModuleNames,
  locate: Locate,
): ConfigCall[] {
  return units.flatMap((placed) => {
    const read: ReadCall[] = [];
    for (const source of placed.unit.calls) {
      // What is around a call in a broken part is not known, so it is not known what its names mean.
      if (source.place.isBroken) continue;
      if (qualify(source.scope, source.receiver, names) !== 'bifrost.config') continue;
      read.push({ source, call: readConfigCall(placed, source, names, locate) });
    }
    noteSetBefore(read);
    return read.map(({ call }) => call);
  });
}

function readConfigCall(
  placed: PlacedUnit,
  source: MethodCall,
  names: ModuleNames,
  locate: Locate,
): ConfigCall {
  const { given, isOpen } = bindArguments(source);
  const literalOf = (parameter: string): Literal | undefined => {
    const argument = given.get(parameter);
    return argument && evaluate(argument.expression, source.scope, names);
  };
  const name = given.get('key');
  const text = literalOf('key');
  const isSecret = given.get('is_secret');
  const end = source.argumentsEnd;
  return {
    method: source.method,
    range: locate(placed, source.span),
    ...(name &&
      typeof text === 'string' && {
        name: {
          text,
          range: locate(placed, name.span),
          ...(name.content && { content: locate(placed, name.content) }),
        },
      }),
    scope: readScope(given.has('scope'), literalOf('scope'), isOpen),
    hasDefault: given.has('default') || isOpen,
    awaited: source.place.awaited,
    canAwait: source.place.canAwait,
    isOperand: source.place.isOperand,
    handlesMissing: source.place.catchesKeyError,
    isSecret: readIsSecret(isSecret !== undefined, literalOf('is_secret'), isOpen),
    addArgument: {
      at: locate(placed, { start: end, end }).start,
      separator: source.arguments.length === 0 ? '' : source.hasTrailingComma ? ' ' : ', ',
    },
    ...(isSecret && { isSecretRange: locate(placed, isSecret.span) }),
  };
}

/** Parameter → argument. `isOpen`: a `*` or `**` may give more. */
function bindArguments({ method, arguments: all }: MethodCall): {
  given: Map<string, Argument>;
  isOpen: boolean;
} {
  const given = new Map<string, Argument>();
  let isOpen = false;
  let position = 0;
  for (const argument of all) {
    isOpen ||= argument.isSpread;
    if (argument.isSpread) continue;
    const parameter = argument.keyword ?? signatures[method][position];
    if (argument.keyword === undefined) position++;
    // After `*arguments` a position tells nothing.
    if (parameter === undefined || (isOpen && argument.keyword === undefined)) continue;
    given.set(parameter, argument);
  }
  return { given, isOpen };
}

function readScope(isGiven: boolean, value: Literal | undefined, isOpen: boolean): ConfigScope {
  if (!isGiven) return { kind: isOpen ? 'dynamic' : 'own' };
  if (value === null || value === 'global') return { kind: 'global' };
  return typeof value === 'string' ? { kind: 'organization', id: value } : { kind: 'dynamic' };
}

function readIsSecret(
  isGiven: boolean,
  value: Literal | undefined,
  isOpen: boolean,
): boolean | 'dynamic' | undefined {
  if (!isGiven) return isOpen ? 'dynamic' : undefined;
  return typeof value === 'boolean' ? value : 'dynamic';
}

interface ReadCall {
  source: MethodCall;
  call: ConfigCall;
}

/** What was surely set in the same function, before it is read and in a block around that, is not missing. */
function noteSetBefore(calls: readonly ReadCall[]): void {
  /** Name and scope, then block → where the first `set` in it ends. */
  const written = new Map<string, Map<number, number>>();
  for (const { source, call } of calls) {
    const target = targetOf(call);
    const [block] = source.place.blocks;
    if (call.method !== 'set' || call.awaited !== 'yes' || target === undefined || block === undefined)
      continue;
    const ends = written.get(target) ?? new Map<number, number>();
    written.set(
      target,
      ends.set(block, Math.min(ends.get(block) ?? Number.POSITIVE_INFINITY, source.span.end)),
    );
  }
  for (const { source, call } of calls) {
    const ends = call.method === 'get' ? written.get(targetOf(call) ?? '') : undefined;
    if (!ends) continue;
    call.handlesMissing ||= source.place.blocks.some((block) => {
      const end = ends.get(block);
      return end !== undefined && end <= source.span.start;
    });
  }
}

/** Name and scope of a call; undefined where only a run can tell them. */
function targetOf({ name, scope }: ConfigCall): string | undefined {
  if (!name || scope.kind === 'dynamic') return undefined;
  return JSON.stringify([name.text, scope.kind, scope.kind === 'organization' ? scope.id : '']);
}
