/** `workflow/bad-option`: the decorator is given what it does not take, or what only running it would tell (D46). */

import type { FileFacts } from '../facts.ts';
import { type OptionProblem, optionNames } from '../workflowOptions.ts';
import type { Finding } from './finding.ts';

export function compute({ workflows }: FileFacts): Finding[] {
  return workflows.flatMap(({ problems }) => problems.map(findingOf));
}

function findingOf({ kind, option, expected, range }: OptionProblem): Finding {
  switch (kind) {
    case 'unknown': {
      const end = { line: range.start.line, character: range.start.character + option.length };
      const name = { start: range.start, end };
      return {
        range,
        message: `@workflow has no option "${option}"; it has ${expected}.`,
        fix: { rename: { range: name, name: option, among: [...optionNames] } },
      };
    }
    case 'ill-typed':
      return { range, message: `"${option}" must be ${expected}.` };
    case 'unreadable':
      return {
        range,
        message:
          option === '*'
            ? `Options are read without running the file; give ${expected}.`
            : `"${option}" is read without running the file; write ${expected} here, or a constant.`,
      };
  }
}
