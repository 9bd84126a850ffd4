/** Which paths lie below a folder; it compares paths as they are, and looks at no disk. */

import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` lies below `folder`, both absolute; a folder does not lie below itself. */
export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
