/** Where the daemon keeps its data, agreed between daemon, command line and editor; it reads nothing. */

import { posix, win32 } from 'node:path';

/**
 * The data directory: `WORKFLOW_KEYS_DATA`, else the platform's per-user data folder.
 * An explicit choice (`--data`, the editor's setting) goes before both and is the caller's.
 */
export function defaultDataDirectory(
  environment: Record<string, string | undefined>,
  platform: NodeJS.Platform,
  home: string,
): string {
  const chosen = environment.WORKFLOW_KEYS_DATA;
  if (chosen) return chosen;
  switch (platform) {
    case 'win32':
      return win32.join(environment.LOCALAPPDATA || win32.join(home, 'AppData', 'Local'), 'workflow-keys');
    case 'darwin':
      return posix.join(home, 'Library', 'Application Support', 'workflow-keys');
    default:
      return posix.join(environment.XDG_DATA_HOME || posix.join(home, '.local', 'share'), 'workflow-keys');
  }
}
