/** What a config's name tells; pure. */

import { configNamePattern } from '../server/protocol/configs.ts';

/** D36. */
export function isConfigName(name: string): boolean {
  return configNamePattern.test(name);
}
