/** `orgs add|list|remove`. */

import type { Command } from 'commander';
import { plain, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addOrganizationCommands(program: Command, context: ProgramContext): void {
  const orgs = program.command('orgs').description('organizations, each with values of its own');

  orgs
    .command('add <id>')
    .description('add an organization')
    .option('--name <text>', 'how it is shown')
    .action(async (id: string, options: { name?: string }) => {
      const row = await context.daemon((call) =>
        call('workflowKeys/organizations/add', {
          id,
          ...(options.name !== undefined && { name: options.name }),
        }),
      );
      printAnswer(context.json(), row, () => `Added ${row.id}.`);
    });

  orgs
    .command('list')
    .description('all organizations')
    .action(async () => {
      const rows = await context.daemon((call) => call('workflowKeys/organizations/list', null));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['ID', 'CREATED', 'NAME'],
          all.map((row) => [row.id, shortTime(row.createdAt), plain(row.name)]),
          'There is no organization yet; every value is global.',
        ),
      );
    });

  orgs
    .command('remove <id>')
    .description('remove an organization and its values')
    .action(async (id: string) => {
      const answer = await context.daemon((call) => call('workflowKeys/organizations/remove', { id }));
      printAnswer(
        context.json(),
        answer,
        () => `Removed ${plain(id)} and its ${answer.removedConfigs} values.`,
      );
    });
}
