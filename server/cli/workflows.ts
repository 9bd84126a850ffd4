/** `workflows list|set|sample`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import { plain, printAnswer, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { chosenSamples, type SampleChoice, sampleOption, samplesText } from './samples.ts';

export function addWorkflowCommands(program: Command, context: ProgramContext): void {
  const workflows = program.command('workflows').description('workflows in the registered folders');

  workflows
    .command('list')
    .description('all workflows')
    .action(async () => {
      const rows = await context.daemon((call) => call('workflowKeys/workflows/list', null));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['ID', 'ENDPOINT', 'ORGANIZATION', 'PARAMETERS', 'FILE'],
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
            row.organizationId ?? '',
            row.parameters.map(({ name, required }) => (required ? name : `${name}?`)).join(', '),
            plain(row.file),
          ]),
          `No registered folder has a workflow. Register one with: ${context.called} folders add <folder>`,
        ),
      );
    });

  workflows
    .command('set <id>')
    .description('choose for which organization a workflow runs where its key says nothing')
    .option('--org <id>', 'this organization')
    .option('--no-org', 'none: with the global configuration')
    .action(async (id: string, { org }: { org?: string | false }) => {
      if (org === undefined) {
        throw new Failure('bad-input', 'Say which organization with --org ID, or none with --no-org.');
      }
      const row = await context.daemon((call) =>
        call('workflowKeys/workflows/setOrganization', { id, ...(org !== false && { organizationId: org }) }),
      );
      const now = row.organizationId === undefined ? 'for no organization' : `for ${row.organizationId}`;
      printAnswer(context.json(), row, () => `${plain(row.id)} now runs ${now} where its key says nothing.`);
    });

  workflows
    .command('sample <id>')
    .description('a program that triggers a workflow; it reads the key from the environment')
    .addOption(sampleOption('--language <name>').default('curl'))
    .action(async (id: string, { language }: { language: SampleChoice }) => {
      const samples = await context.daemon((call) => call('workflowKeys/workflows/samples', { id }));
      printAnswer(context.json(), chosenSamples(samples, language), samplesText);
    });
}
