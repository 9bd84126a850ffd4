/** `keys create|list|rotate|rebind|revoke`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import {
  type CreateApiKeyParams,
  type CreatedKey,
  type CreateKeyParams,
  defaultOverlapDays,
  expirationChoices,
  type KeyRow,
  maxExpiresInDays,
  maxOverlapDays,
  scopes,
} from '../protocol/keys.ts';
import { plain, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { chosenSamples, type SampleChoice, sampleOption, samplesText } from './samples.ts';

export function addKeyCommands(program: Command, context: ProgramContext): void {
  const keys = program.command('keys').description('API keys that trigger workflows');

  keys
    .command('create')
    .description('make a key; it is shown once')
    .option('--description <text>', 'what a workflow key is for, at most 32 characters')
    .option('--global', 'a workflow key for every endpoint-enabled workflow')
    .option('--workflow <id>', 'a workflow key for this workflow only')
    .option('--name <text>', 'the name of an API key, at most 100 characters')
    .option(
      '--scopes <list>',
      `what an API key may do, comma-separated, of ${scopes.join(', ')}`,
      commaSeparated,
    )
    .option(
      '--workflows <ids>',
      'the only workflows that an API key may run, comma-separated',
      commaSeparated,
    )
    .option('--expires <days>', '30, 60, 90, 180, 365 or never; for an API key any number of days', '90')
    .option('--org <id>', 'the organization that its runs belong to')
    .addOption(sampleOption('--samples <language>'))
    .action(async (options: CreateOptions) => {
      const { samples: language } = options;
      const [created, samples] = await context.daemon(async (call) => {
        const made = isApiKey(options)
          ? await call('workflowKeys/keys/createApi', apiKeyParams(options))
          : await call('workflowKeys/keys/create', workflowKeyParams(options));
        if (language === undefined) return [made, []];
        return [made, chosenSamples(await call('workflowKeys/keys/samples', { id: made.row.id }), language)];
      });
      printAnswer(context.json(), { ...withoutNesting(created), ...(language && { samples }) }, () =>
        [shownOnce(created), ...(language ? ['', samplesText(samples)] : [])].join('\n'),
      );
    });

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
            scopeOf(row),
            plain(row.description),
            row.masked,
            shortTime(row.createdAt),
            shortTime(row.lastUsedAt),
            shortTime(row.expiresAt),
            stateOf(row),
          ]),
          `There is no key yet. Make one with: ${context.called} keys create --global --description "CI"`,
        ),
      );
    });

  keys
    .command('rotate <id>')
    .description('make a successor; the old key ends by itself after the overlap')
    .option(
      '--overlap <days>',
      `both are valid for so many days, 0 to ${maxOverlapDays}`,
      String(defaultOverlapDays),
    )
    .action(async (id: string, { overlap }: { overlap: string }) => {
      const overlapDays = wholeNumber(overlap);
      if (overlapDays === undefined) {
        throw new Failure('bad-input', `--overlap must be a whole number of days, 0 to ${maxOverlapDays}.`);
      }
      const rotated = await context.daemon((call) => call('workflowKeys/keys/rotate', { id, overlapDays }));
      const { replaced } = rotated;
      printAnswer(context.json(), { ...withoutNesting(rotated), replaced }, () =>
        [
          shownOnce(rotated),
          '',
          `The old key ${replaced.masked} ends: ${shortTime(replaced.endsAt ?? null)}; last used: ${shortTime(replaced.lastUsedAt)}.`,
        ].join('\n'),
      );
    });

  keys
    .command('rebind <id> <workflow>')
    .description('bind a key to another workflow, after a rename')
    .action(async (id: string, workflowId: string) => {
      const row = await context.daemon((call) => call('workflowKeys/keys/rebind', { id, workflowId }));
      printAnswer(
        context.json(),
        row,
        () => `${row.masked} (${plain(row.description)}) now runs ${plain(workflowId)}.`,
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

interface CreateOptions {
  description?: string;
  global?: boolean;
  workflow?: string;
  name?: string;
  scopes?: string[];
  workflows?: string[];
  expires: string;
  org?: string;
  samples?: SampleChoice;
}

/** Every other option is of one kind of key only, so mixing them is a mistake. */
function isApiKey({ description, global, workflow, name, scopes, workflows }: CreateOptions): boolean {
  const ofWorkflowKey = description !== undefined || global === true || workflow !== undefined;
  const ofApiKey = name !== undefined || scopes !== undefined || workflows !== undefined;
  if (ofWorkflowKey === ofApiKey) {
    throw new Failure(
      'bad-input',
      'Give --description with --global or --workflow for a workflow key, or --name with --scopes for an API key.',
    );
  }
  return ofApiKey;
}

function workflowKeyParams({ description, global, workflow, expires, org }: CreateOptions): CreateKeyParams {
  const days = parseDays(expires);
  const expiresInDays = expirationChoices.find((known) => known === days);
  if (expiresInDays === undefined) {
    throw new Failure('bad-input', '--expires must be one of 30, 60, 90, 180, 365 and never.');
  }
  return {
    description: description ?? '',
    global: global === true,
    expiresInDays,
    ...(workflow !== undefined && { workflowId: workflow }),
    ...(org !== undefined && { organizationId: org }),
  };
}

function apiKeyParams({ name, scopes = [], workflows, expires, org }: CreateOptions): CreateApiKeyParams {
  const expiresInDays = parseDays(expires);
  if (expiresInDays === undefined) {
    throw new Failure('bad-input', `--expires must be a number of days, 1 to ${maxExpiresInDays}, or never.`);
  }
  return {
    name: name ?? '',
    scopes,
    expiresInDays,
    ...(workflows && { workflowIds: workflows }),
    ...(org !== undefined && { organizationId: org }),
  };
}

function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** `null` is never; undefined is no number of days. */
function parseDays(text: string): number | null | undefined {
  return text === 'never' ? null : wholeNumber(text);
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

/** With `--json` a new key is its row and what is shown once. */
function withoutNesting({ row, key, curl }: CreatedKey) {
  return { ...row, key, curl };
}

function shownOnce({ row, key, curl }: CreatedKey): string {
  return [`Key (shown once): ${key}`, `Expires: ${shortTime(row.expiresAt)}`, '', curl].join('\n');
}

/** What it is for: every workflow, one, or scopes, with the workflows that they are limited to. */
function scopeOf(row: KeyRow): string {
  if (row.kind === 'workflow') return row.global ? 'Global' : plain(row.workflowId ?? '');
  const on = row.workflowIds ? ` on ${row.workflowIds.map(plain).join(',')}` : '';
  return (row.scopes ?? []).join(',') + on;
}

function stateOf(row: KeyRow): string {
  const states = [
    row.orphaned && 'orphaned',
    row.expired && (row.endsAt === undefined ? 'expired' : 'replaced'),
    !row.expired && row.endsAt !== undefined && `ends ${shortTime(row.endsAt)}`,
    row.endpointOff && 'endpoint off',
    row.rotationDue && 'rotate it',
  ];
  return states.filter((state) => state !== false).join(', ') || 'active';
}
