/** `lint [folder]`: diagnostics of workflow files; it exits 1 when there is an error or warning. */

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { plain, print } from './output.ts';
import type { ProgramContext } from './program.ts';
import { toSarif } from './sarif.ts';

export function addLintCommand(program: Command, context: ProgramContext): void {
  program
    .command('lint [folder]')
    .description('what will fail or leak in the workflow files of a folder')
    .addOption(new Option('--format <format>').choices(['text', 'json', 'sarif']).default('text'))
    .option('--org <id>', 'as runs of this organization see the configuration')
    .action(async (folder: string | undefined, options: { format: string; org?: string }) => {
      const path = resolve(folder ?? '.');
      const rows = await context.daemon((call) =>
        call('workflowKeys/language/lint', {
          path,
          ...(options.org !== undefined && { organizationId: options.org }),
        }),
      );
      if (rows.some(({ severity }) => severity === 'error' || severity === 'warning')) context.setExitCode(1);
      if (options.format === 'sarif') print(JSON.stringify(toSarif(rows)));
      else if (options.format === 'json' || context.json()) print(JSON.stringify({ diagnostics: rows }));
      else if (rows.length === 0) print('No problem found.');
      else {
        for (const row of rows) {
          print(
            `${plain(row.file)}:${row.line}:${row.column}: ${row.severity} ${row.code}: ${plain(row.message)}`,
          );
        }
      }
    });
}
