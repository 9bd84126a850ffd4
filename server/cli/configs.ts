/** `config set|get|list|unset`. */

import type { Command } from 'commander';
import { checkName } from '../configs/configWish.ts';
import { Failure } from '../errors.ts';
import { type ConfigRow, configTypes } from '../protocol/configs.ts';
import { checkOrganization } from './organizations.ts';
import { plain, plainLines, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { readSecret } from './secretInput.ts';

export function addConfigCommands(program: Command, context: ProgramContext): void {
  const config = program.command('config').description('values that workflows read with config.get');

  config
    .command('set <name> [value]')
    .description(
      'store a value; a secret is typed, or read from standard input, or kept elsewhere with --from',
    )
    .option('--type <type>', `one of ${configTypes.join(', ')}; string if it is left out`)
    .option(
      '--from <reference>',
      'a secret that is looked up at each read: env:NAME, file:/path, or "command:op read op://vault/item/field"',
    )
    .option('--org <id>', 'for this organization; without it the value is global')
    .option('--description <text>', 'what the value is for')
    .action(async (name: string, given: string | undefined, options: SetOptions) => {
      const wanted = options.type ?? (options.from === undefined ? 'string' : 'secret');
      const type = configTypes.find((known) => known === wanted);
      if (!type) throw new Failure('bad-input', `--type must be one of ${configTypes.join(', ')}.`);
      if (options.from !== undefined && (given !== undefined || type !== 'secret')) {
        throw new Failure('bad-input', '--from makes a secret and stands in the place of a value.');
      }
      if (type === 'secret' && given !== undefined) {
        throw new Failure(
          'bad-input',
          `A secret is never an argument, where other programs can read it. Type it, or pipe it: printf %s "$VALUE" | ${context.called} config set ${plain(name)} --type secret`,
        );
      }
      checkName(name);
      const row = await context.daemon(async (call) => {
        await checkOrganization(call, options.org);
        const content =
          options.from === undefined
            ? { value: given ?? (await readSecret(`Value of ${plain(name)}`)) }
            : { reference: options.from };
        return call('workflowKeys/configs/set', {
          name,
          type,
          ...content,
          ...(options.org !== undefined && { organizationId: options.org }),
          ...(options.description !== undefined && { description: options.description }),
        });
      });
      printAnswer(context.json(), row, () => `Set ${row.name} (${typeOf(row)}, ${scopeOf(row)}).`);
    });

  config
    .command('get <name>')
    .description('one value as a run of this scope would see it; a secret stays [SECRET]')
    .option('--org <id>', 'as this organization sees it')
    .action(async (name: string, options: { org?: string }) => {
      const row = await context.daemon((call) =>
        call('workflowKeys/configs/get', {
          name,
          ...(options.org !== undefined && { organizationId: options.org }),
        }),
      );
      // A program that reads it gets every byte; a terminal would obey some of them.
      printAnswer(context.json(), row, () =>
        process.stdout.isTTY ? plainLines(shown(row.value)) : shown(row.value),
      );
    });

  config
    .command('list')
    .description('all values; secrets as [SECRET]')
    .option('--org <id>', 'what this organization sees')
    .action(async (options: { org?: string }) => {
      const rows = await context.daemon((call) =>
        call('workflowKeys/configs/list', options.org === undefined ? {} : { organizationId: options.org }),
      );
      printAnswer(context.json(), rows, (all) =>
        table(
          ['NAME', 'SCOPE', 'TYPE', 'CHANGED', 'VALUE'],
          all.map((row) => [
            row.name,
            scopeOf(row),
            typeOf(row),
            shortTime(row.updatedAt),
            row.needsValue ? 'needs a value' : plain(shown(row.value)),
          ]),
          `There is no configuration yet. Add some with: ${context.called} config set NAME VALUE`,
        ),
      );
    });

  config
    .command('unset <name>')
    .description('remove a value')
    .option('--org <id>', "this organization's own value")
    .action(async (name: string, options: { org?: string }) => {
      await context.daemon((call) =>
        call('workflowKeys/configs/unset', {
          name,
          ...(options.org !== undefined && { organizationId: options.org }),
        }),
      );
      printAnswer(context.json(), { name, removed: true }, () => `Removed ${plain(name)}.`);
    });
}

interface SetOptions {
  type?: string;
  from?: string;
  org?: string;
  description?: string;
}

function typeOf({ type, reference }: ConfigRow): string {
  return reference === undefined ? type : `${type} from ${reference}`;
}

function scopeOf(row: ConfigRow): string {
  return row.organizationId ?? 'global';
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
