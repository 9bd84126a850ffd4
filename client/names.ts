/** What a config's name tells; pure. */

import { configNamePattern } from '../server/protocol.ts';

const secretWords =
  /(?:^|[_.-])(?:secrets?|tokens?|passwords?|passwd|pwd|passphrase|credentials?|(?:api|access|private|signing|encryption)[_-]?keys?|dsn|connection[_-]?string)(?:$|[_.-])/iu;
const plainEnding = /[_.-](?:id|name|url|ttl|expiry|count|enabled)$/iu;

/** Whether a value under this name belongs encrypted (C5), and is no identifier (C6). */
export function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/gu, '$1_$2');
  return secretWords.test(words) && !plainEnding.test(words);
}

/** D36. */
export function isConfigName(name: string): boolean {
  return configNamePattern.test(name);
}
