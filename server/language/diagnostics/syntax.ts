/** `workflow/syntax`: the file does not parse, so the workflows that it held before stay. */

import type { FileFacts } from '../facts.ts';
import type { Finding } from './finding.ts';

export function compute({ syntaxErrors }: FileFacts): Finding[] {
  return syntaxErrors.map(({ range, missing }) => ({
    range,
    message: `${
      missing === undefined ? 'This is not valid Python' : `"${missing}" is missing here`
    }; until it is corrected and saved, the workflows of this file stay as they were.`,
  }));
}
