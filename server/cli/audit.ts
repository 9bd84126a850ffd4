/** `audit [--verify]`. */

import type { Command } from 'commander';
import { plain, printAnswer, table } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addAuditCommands(program: Command, context: ProgramContext): void {
  program
    .command('audit')
    .description('every change and every read of a secret')
    .option('--verify', 'check the chain of the whole log')
    .action(async (options: { verify?: boolean }) => {
      if (options.verify) {
        const answer = await context.daemon((call) => call('workflowKeys/audit/verify', null));
        if (answer.firstBad) context.setExitCode(1);
        printAnswer(context.json(), answer, ({ records, firstBad, sealedFrom }) => {
          if (firstBad) return `The audit log is damaged at line ${firstBad.seq}: ${firstBad.reason}`;
          return sealedFrom === null
            ? `The audit log is whole: ${records} lines. Its seal was not checked, since the secret key is another one.`
            : `The audit log is whole: ${records} lines, sealed since line ${sealedFrom}.`;
        });
        return;
      }
      const rows = await context.daemon((call) => call('workflowKeys/audit/list', {}));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['LINE', 'TIME', 'ACTOR', 'ACTION', 'OUTCOME', 'TARGET'],
          all.map((row) => [
            String(row.seq),
            row.at.slice(0, 19).replace('T', ' '),
            plain(row.actor),
            row.action,
            row.outcome,
            plain(
              [row.target, row.organizationId, row.runId && `run ${row.runId}`].filter(Boolean).join('  '),
            ),
          ]),
          'The audit log is empty.',
        ),
      );
    });
}
