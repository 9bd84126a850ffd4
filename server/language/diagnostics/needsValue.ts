/** `config/needs-value`: the name that is read was imported without its value (D37). */

import type { FileFacts } from '../facts.ts';
import { describeReach, findConfig, type KnownNames, reachOf } from '../names.ts';
import type { Finding } from './finding.ts';

export function compute({ configCalls }: FileFacts, known: KnownNames): Finding[] {
  return configCalls.flatMap((call) => {
    const { name } = call;
    const reach = reachOf(call.scope, known);
    if (!name || !reach || call.method !== 'get' || call.hasDefault || call.handlesMissing) return [];
    const config = findConfig(known, name.text, reach);
    if (!config?.needsValue) return [];
    const { organizationId } = config;
    const home = organizationId === undefined ? {} : { organizationId };
    return [
      {
        range: name.range,
        message: `"${name.text}" has no value ${describeReach(known, home)}: it was imported without it. Set it again.`,
        fix: {
          set: { name: name.text, ...home },
          addDefault: { at: call.addArgument.at, text: `${call.addArgument.separator}default=None` },
        },
      },
    ];
  });
}
