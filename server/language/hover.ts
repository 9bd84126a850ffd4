/** What hovering over a config name tells: its type and where it is set, never its value. */

import type { Hover, Position } from 'vscode-languageserver';
import type { ConfigScope } from './configCalls.ts';
import type { FileFacts } from './facts.ts';
import {
  configsNamed,
  describePlaces,
  describeReach,
  findConfig,
  type KnownNames,
  reachOf,
} from './names.ts';
import { contains } from './ranges.ts';

/** Undefined where nothing is known. */
export function hover(facts: FileFacts, position: Position, known: KnownNames): Hover | undefined {
  const call = facts.configCalls.find(({ name }) => name && contains(name.range, position));
  if (!call?.name) return undefined;
  const { text, range } = call.name;
  const lines = describe(text, call.scope, known);
  return lines && { contents: { kind: 'markdown', value: lines.join('\n\n') }, range };
}

function describe(name: string, scope: ConfigScope, known: KnownNames): string[] | undefined {
  const places = describePlaces(known, name);
  // Without the whole list, "nowhere" may be wrong.
  if (places === undefined) return known.complete ? [`${codeOf(name)} is not set anywhere.`] : undefined;
  const reach = reachOf(scope, known);
  const config = reach && findConfig(known, name, reach);
  const type = config?.type ?? configsNamed(known, name)[0]?.type ?? 'config';
  const lines = [`${codeOf(name)}: ${type}, set ${places}.`];
  if (config?.needsValue) lines.push('It was imported without its value and needs one.');
  if (reach && !config) lines.push(`A run ${describeReach(known, reach)} does not see it.`);
  return lines;
}

/** Markdown that shows the name as it is, whatever it holds. */
function codeOf(name: string): string {
  return /^[\w.-]+$/.test(name) ? `\`${name}\`` : 'This name';
}
