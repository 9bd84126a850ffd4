/** `orgs add|list|rename|remove`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import type { OrganizationContents } from '../protocol/organizations.ts';
import type { Call } from './connect.ts';
import { count, plain, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { confirm } from './secretInput.ts';

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
    .command('rename <id> <name>')
    .description('change how an organization is shown; its id stays')
    .action(async (id: string, name: string) => {
      const row = await context.daemon((call) => call('workflowKeys/organizations/rename', { id, name }));
      printAnswer(context.json(), row, () => `${row.id} is now shown as ${plain(row.name)}.`);
    });

  orgs
    .command('remove <id>')
    .description('remove an organization with its configs and credentials, and revoke its keys')
    .option('--yes', 'without asking')
    .action(async (id: string, options: { yes?: boolean }) => {
      const removed = await context.daemon(async (call) => {
        const contents = await call('workflowKeys/organizations/contents', { id });
        const question = `Remove organization "${plain(id)}" for good (${lossOf(contents)})?`;
        if (!options.yes && !(await confirm(question, '--yes'))) {
          throw new Failure('bad-input', 'Nothing was removed.');
        }
        return call('workflowKeys/organizations/remove', { id });
      });
      printAnswer(context.json(), removed, () => `Removed ${plain(id)}: ${lossOf(removed)}.`);
    });
}

/** Before a value is asked for, that would be typed for nothing. @throws Failure `not-found`. */
export async function checkOrganization(call: Call, id: string | undefined): Promise<void> {
  if (id !== undefined) await call('workflowKeys/organizations/contents', { id });
}

/** What goes with an organization, as the end of a sentence. */
function lossOf({ keys, configs, credentials, workflows }: OrganizationContents): string {
  return [
    `${count(keys, 'key')} revoked, ${count(configs, 'config')} and ${count(credentials, 'credential')} gone`,
    ...(workflows === 0 ? [] : [`${count(workflows, 'workflow')} refused until given another organization`]),
  ].join(', ');
}
