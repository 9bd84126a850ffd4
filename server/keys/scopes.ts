/** What an API key may do, in both vocabularies (D14); it knows no key. */

import { Failure } from '../errors.ts';
import { type Scope, scopes } from '../protocol/keys.ts';

/**
 * Canonical scopes for what somebody wrote: aliases are resolved, repeats dropped, the canonical order kept.
 *
 * @throws Failure `bad-input`: no list, an empty one, or one with an unknown scope, which is named (D14, A16).
 */
export function parseScopes(written: unknown): Scope[] {
  if (!Array.isArray(written) || written.length === 0) {
    throw new Failure('bad-input', `Choose at least one scope of ${scopes.join(', ')}.`);
  }
  const wanted = new Set(written.map(parseScope));
  return scopes.filter((scope) => wanted.has(scope));
}

/** The other vocabulary's names (F18) → the canonical ones. */
const aliases = new Map<unknown, Scope>([
  ['executions:read', 'runs:read'],
  ['executions:write', 'workflows:execute'],
  ['credentials:read', 'connections:read'],
  ['credentials:write', 'connections:write'],
]);

function parseScope(written: unknown, index: number): Scope {
  const scope = aliases.get(written) ?? scopes.find((known) => known === written);
  if (scope !== undefined) return scope;
  throw new Failure(
    'bad-input',
    `${nameOf(written, index)} is unknown; choose of ${[...scopes, ...aliases.keys()].join(', ')}.`,
  );
}

/** Text that is longer than any scope is not repeated: it may be a key that was pasted here. */
function nameOf(written: unknown, index: number): string {
  return typeof written === 'string' && /^[\w:*.-]{1,32}$/.test(written)
    ? `The scope "${written}"`
    : `Scope number ${index + 1}`;
}
