/** As whom a run acts (D41, D47), from what triggered it. */

import type { RunRequest } from './contracts.ts';

/** `triggeredBy` is `key:<id>` or `public` for HTTP, `editor` or `cli` for a developer at this machine. */
export function principalOf(triggeredBy: string): RunRequest['principal'] {
  return triggeredBy.startsWith('key:') || triggeredBy === 'public'
    ? // A key never acts as a person.
      { userId: 'api-key', name: 'API Key', email: '', isFunctionKey: true }
    : { userId: triggeredBy, name: 'Developer', email: '', isFunctionKey: false };
}
