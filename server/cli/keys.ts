/** `keys create|list|revoke`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import { type CreateKeyParams, type ExpiresInDays, expirationChoices, type KeyRow } from '../protocol.ts';
import { plain, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addKeyCommands(program: Command, context: ProgramContext): void {
  const keys = program.command('keys').description('API keys that trigger workflows');

  keys
    .command('create')
    .description('make a key; it is shown once')
    .requiredOption('--description <text>', 'what the key is for, at most 32 characters')
    .option('--global', 'for every endpoint-enabled workflow')
    .option('--workflow <id>', 'for this workflow only')
    .option('--expires <days>', '30, 60, 90, 180, 365 or never', '90')
    .option('--org <id>', 'the organization that its runs belong to')
    .action(
      async (options: {
        description: string;
        global?: boolean;
        workflow?: string;
        expires: string;
        org?: string;
      }) => {
        const params: CreateKeyParams = {
          description: options.description,
          global: options.global === true,
          expiresInDays: parseExpiration(options.expires),
          ...(options.workflow !== undefined && { workflowId: options.workflow }),
          ...(options.org !== undefined && { organizationId: options.org }),
        };
        const created = await context.daemon((call) => call('workflowKeys/keys/create', params));
        printAnswer(context.json(), { ...created.row, key: created.key, curl: created.curl }, () =>
          [
            `Key (shown once): ${created.key}`,
            `Expires: ${shortTime(created.row.expiresAt)}`,
            '',
            created.curl,
          ].join('\n'),
        );
      },
    );

  keys
    .command('list')
    .description('all keys, masked')
    .action(async () => {
      const rows = await context.daemon((call) => call('workflowKeys/keys/list', null));
      printAnswer(context.json(), rows, (all) =>
        table(
          ['ID', 'SCOPE', 'DESCRIPTION', 'KEY', 'CREATED', 'LAST USED', 'EXPIRES', 'STATE'],
          all.map((row) => [
            row.id,
            row.global ? 'Global' : plain(row.workflowId ?? ''),
            plain(row.description),
            row.masked,
            shortTime(row.createdAt),
            shortTime(row.lastUsedAt),
            shortTime(row.expiresAt),
            stateOf(row),
          ]),
          'There is no key yet. Make one with: workflow-keys keys create --global --description "CI"',
        ),
      );
    });

  keys
    .command('revoke <id>')
    .description('end a key for good; the next request with it is refused')
    .action(async (id: string) => {
      const row = await context.daemon((call) => call('workflowKeys/keys/revoke', { id }));
      printAnswer(context.json(), row, () => `Revoked ${row.masked} (${plain(row.description)}).`);
    });
}

function parseExpiration(text: string): ExpiresInDays {
  const days = text === 'never' ? null : Number(text);
  const choice = expirationChoices.find((known) => known === days);
  if (choice === undefined) {
    throw new Failure('bad-input', '--expires must be one of 30, 60, 90, 180, 365 and never.');
  }
  return choice;
}

function stateOf(row: KeyRow): string {
  const states = [row.orphaned && 'orphaned', row.expired && 'expired', row.endpointOff && 'endpoint off'];
  return states.filter((state) => state !== false).join(', ') || 'active';
}
