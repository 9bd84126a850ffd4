/** Config names as the language room knows them: types and scopes, never a value. */

import type { ConfigTypeName } from '../protocol/configs.ts';
import type { ConfigScope } from './configCalls.ts';

/** A stored config, without its value. */
export interface KnownConfig {
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  type: ConfigTypeName;
  /** It was imported without its value (D37). */
  needsValue: boolean;
}

/**
 * What can be known of stored names.
 *
 * A change of names is a new object with a new list; neither is changed in place.
 *
 * Invariant: it holds no value; and where `complete` is false, nobody is warned of anything.
 */
export interface KnownNames {
  /** All of them are known; false when the daemon is away or the folder is not trusted. */
  complete: boolean;
  /** The organization that the user looks at; absent: the global scope. */
  chosenOrganizationId?: string;
  organizations: readonly { id: string; name: string }[];
  configs: readonly KnownConfig[];
}

/** Where a call looks for its name: an organization and then the global scope, or only the latter. */
export interface Reach {
  organizationId?: string;
}

/** Undefined when only a run can tell. */
export function reachOf(scope: ConfigScope, known: KnownNames): Reach | undefined {
  switch (scope.kind) {
    case 'own':
      return known.chosenOrganizationId === undefined ? {} : { organizationId: known.chosenOrganizationId };
    case 'global':
      return {};
    case 'organization':
      // Another organization's id may come into being before the run does.
      return known.organizations.some(({ id }) => id === scope.id) ? { organizationId: scope.id } : undefined;
    case 'dynamic':
      return undefined;
  }
}

/** The config that a run would get: the organization's own shadows the global one (C17, D27). */
export function findConfig(known: KnownNames, name: string, reach: Reach): KnownConfig | undefined {
  const same = configsNamed(known, name);
  return (
    same.find((config) => config.organizationId === reach.organizationId) ??
    same.find((config) => config.organizationId === undefined)
  );
}

/** The configs of that name in all scopes. */
export function configsNamed({ configs }: KnownNames, name: string): readonly KnownConfig[] {
  let byName = indexes.get(configs);
  if (!byName) {
    byName = Map.groupBy(configs, (config) => config.name);
    indexes.set(configs, byName);
  }
  return byName.get(name) ?? [];
}

/** Name → configs, for each list that was asked; a file asks it for every call at every keystroke. */
const indexes = new WeakMap<readonly KnownConfig[], Map<string, KnownConfig[]>>();

/** Every name in any scope, sorted. */
export function allNames({ configs }: KnownNames): string[] {
  return [...new Set(configs.map(({ name }) => name))].sort();
}

/** One config for each name that is in reach, sorted by name. */
export function configsInReach(known: KnownNames, reach: Reach): KnownConfig[] {
  return allNames(known).flatMap((name) => findConfig(known, name, reach) ?? []);
}

/** Where a name is set: `globally`, `for Acme`, `for Acme and globally`; undefined when nowhere. */
export function describePlaces(known: KnownNames, name: string): string | undefined {
  const places = known.configs
    .filter((config) => config.name === name)
    .map(({ organizationId }) =>
      describeReach(known, organizationId === undefined ? {} : { organizationId }),
    );
  const organizations = places.filter((place) => place !== globally).sort();
  const ordered = [...organizations, ...places.filter((place) => place === globally)];
  return ordered.length === 0 ? undefined : enumerate(ordered);
}

const globally = 'globally';

/** `for Acme`, or `globally`. */
export function describeReach(known: KnownNames, { organizationId }: Reach): string {
  if (organizationId === undefined) return globally;
  const organization = known.organizations.find(({ id }) => id === organizationId);
  return `for ${organization?.name ?? organizationId}`;
}

function enumerate(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** The candidate nearest to `name`, when it is near enough to be what was meant. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 4));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) > limit) continue;
    const distance = editDistance(simplified(name), simplified(candidate));
    if (distance <= limit && (!best || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `apiKey`, `api-key` and `api_key` are one word to whoever mistypes it. */
function simplified(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[.-]/g, '_');
}

/** How many characters must be put in, taken out, replaced or swapped with the next. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const replaced = (last[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const isSwapped =
        column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        replaced,
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length] ?? 0;
}
