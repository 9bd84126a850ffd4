/** What whoever starts the daemon by hand reads first: a key, and a line to try it with. */

import { curlFor } from './keys/curl.ts';
import type { Keys } from './keys/keys.ts';
import type { KnownWorkflows } from './keys/slots.ts';

/** Makes a first global key, and shows it, when there is none that could be used. */
export async function welcome(parts: {
  keys: Pick<Keys, 'list' | 'create'>;
  workflows: KnownWorkflows;
  url: string;
  /** What stands before a command of the program. */
  called: string;
}): Promise<string> {
  const { keys, workflows, url, called } = parts;
  const existing = (await keys.list()).find(({ global, expired }) => global && !expired);
  if (existing) {
    return `Its global key is ${existing.masked} ("${existing.description}"). Make another with: ${called} keys create --global --description "Second key"`;
  }
  const { row, key } = await keys.create({ description: 'First key', global: true }, 'cli');
  return [
    `A first key, shown once: ${key}`,
    'Try it in a second terminal:',
    '',
    curlFor({ url, row, key, workflows }),
    '',
  ].join('\n');
}
