/** A folder of a test's own, which goes when the test ends. */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function temporaryFolder() {
  return mkdtempDisposable(join(tmpdir(), 'workflow-keys-'));
}
