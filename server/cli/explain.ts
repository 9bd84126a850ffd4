/** `explain <request id>`: why a request was refused (D44). */

import type { Command } from 'commander';
import { plain, printAnswer, shortTime } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addExplainCommand(program: Command, context: ProgramContext): void {
  program
    .command('explain <request-id>')
    .description('why a request was refused, by the X-Request-Id of its answer')
    .action(async (requestId: string) => {
      const answer = await context.daemon((call) => call('workflowKeys/requests/explain', { requestId }));
      printAnswer(context.json(), answer, ({ status, reason, explanation, actor, target, at, detail }) =>
        [
          `${status}  ${reason}  ${plain(target)}  by ${plain(actor)}  at ${shortTime(at)}`,
          explanation,
          ...Object.entries(detail).map(([name, value]) => `${name}: ${plain(String(value))}`),
        ].join('\n'),
      );
    });
}
