/** `workflows list`. */

import type { Command } from 'commander';
import { plain, printAnswer, table } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addWorkflowCommands(program: Command, context: ProgramContext): void {
  program
    .command('workflows')
    .description('workflows in the registered folders')
    .command('list')
    .description('all workflows')
    .action(async () => {
      const rows = await context.daemon((call) => call('workflowKeys/workflows/list', null));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['ID', 'ENDPOINT', 'PARAMETERS', 'FILE'],
          all.map((row) => [
            plain(row.id),
            row.duplicate
              ? 'duplicate name'
              : !row.endpointEnabled
                ? 'off'
                : row.publicEndpoint
                  ? 'public'
                  : row.disableGlobalKey
                    ? 'own key only'
                    : 'on',
            row.parameters.map(({ name, required }) => (required ? name : `${name}?`)).join(', '),
            plain(row.file),
          ]),
          'No registered folder has a workflow. Register one with: workflow-keys serve <folder>',
        ),
      );
    });
}
