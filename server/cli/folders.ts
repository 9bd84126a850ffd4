/** `folders add|list|remove`: whose workflows the running daemon knows. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { plain, printAnswer } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addFolderCommands(program: Command, context: ProgramContext): void {
  const folders = program.command('folders').description('folders whose workflows can run');

  folders
    .command('add <folder>')
    .description('register a folder: it is remembered, watched, and its workflows can run')
    .option('--python <program>', 'the interpreter that runs its workflows')
    .action(async (folder: string, options: { python?: string }) => {
      const path = resolve(folder);
      const answer = await context.daemon((call) =>
        call('workflowKeys/folders/register', {
          path,
          ...(options.python !== undefined && { python: options.python }),
        }),
      );
      printAnswer(
        context.json(),
        { path, ...answer },
        () => `Registered ${plain(path)}: ${answer.workflows} workflows.`,
      );
    });

  folders
    .command('list')
    .description('all registered folders')
    .action(async () => {
      const status = await context.daemon((call) => call('workflowKeys/daemon/status', null));
      printAnswer(context.json(), status.folders, (all) =>
        all.length === 0
          ? `No folder is registered. Register one with: ${context.called} folders add <folder>`
          : all.map(plain).join('\n'),
      );
    });

  folders
    .command('remove <folder>')
    .description('forget a folder; its workflows no longer run, its files stay')
    .action(async (folder: string) => {
      const path = resolve(folder);
      await context.daemon((call) => call('workflowKeys/folders/unregister', { path }));
      printAnswer(context.json(), { path, removed: true }, () => `Forgot ${plain(path)}.`);
    });
}
