/** `workflow/syntax`: the file does not parse, so the workflows that it held before stay. */

import type { FileFacts } from '../facts.ts';
import type { Finding } from './finding.ts';

export function compute({ syntaxProblem }: FileFacts): Finding[] {
  if (!syntaxProblem) return [];
  const { range, missing } = syntaxProblem;
  const problem = missing === undefined ? 'This is not valid Python' : `"${missing}" is missing here`;
  return [
    {
      range,
      message: `${problem}; until it is corrected and saved, the workflows of this file stay as they were.`,
    },
  ];
}
