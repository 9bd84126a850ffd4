/** `run`, `runs list|show|cancel`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import type { RunDetail, RunStatusName } from '../protocol.ts';
import { plain, plainLines, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addRunCommands(program: Command, context: ProgramContext): void {
  program
    .command('run <workflow>')
    .description('run a workflow now and print its result')
    .option('--input <json>', 'a JSON object with its parameters', '{}')
    .option('--org <id>', 'the organization it runs for')
    .action(async (workflowId: string, options: { input: string; org?: string }) => {
      const detail = await context.daemon((call) =>
        call('workflowKeys/runs/start', {
          workflowId,
          input: parseInput(options.input),
          ...(options.org !== undefined && { organizationId: options.org }),
        }),
      );
      if (detail.status !== 'Success') context.setExitCode(1);
      printAnswer(context.json(), detail, describe);
    });

  const runs = program.command('runs').description('past and present runs');

  runs
    .command('list')
    .description('newest first')
    .option('--workflow <id>', 'only of this workflow')
    .option('--status <status>', 'only with this status, e.g. Failed')
    .option('--limit <n>', '1 to 100', '50')
    .action(async (options: { workflow?: string; status?: string; limit: string }) => {
      if (!/^\d{1,3}$/.test(options.limit) || Number(options.limit) < 1 || Number(options.limit) > 100) {
        throw new Failure('bad-input', '--limit must be a whole number from 1 to 100.');
      }
      const rows = await context.daemon((call) =>
        call('workflowKeys/runs/list', {
          limit: Number(options.limit),
          ...(options.workflow !== undefined && { workflowId: options.workflow }),
          ...(options.status !== undefined && { status: options.status as RunStatusName }),
        }),
      );
      printAnswer(context.json(), rows, (all) =>
        table(
          ['ID', 'WORKFLOW', 'STATUS', 'STARTED', 'MS', 'BY'],
          all.map((row) => [
            row.id,
            plain(row.workflowId),
            row.status,
            shortTime(row.createdAt),
            String(row.durationMs ?? ''),
            row.triggeredBy,
          ]),
          'There is no run yet.',
        ),
      );
    });

  runs
    .command('show <id>')
    .description('result, error and logs of one run')
    .action(async (id: string) => {
      const detail = await context.daemon((call) => call('workflowKeys/runs/show', { id }));
      printAnswer(context.json(), detail, describe);
    });

  runs
    .command('cancel <id>')
    .description('end a run that is still going')
    .action(async (id: string) => {
      const row = await context.daemon((call) => call('workflowKeys/runs/cancel', { id }));
      printAnswer(context.json(), row, () => `${row.id} is ${row.status}.`);
    });
}

function parseInput(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure('bad-input', '--input is not valid JSON.', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failure('bad-input', '--input must be a JSON object, e.g. {"name": "example"}.');
  }
  return value as Record<string, unknown>;
}

function describe(detail: RunDetail): string {
  const lines = [
    `${plain(detail.workflowId)}  ${detail.status}${detail.durationMs === null ? '' : `  ${detail.durationMs} ms`}  ${detail.id}`,
    ...detail.logs.map(
      ({ at, level, message }) => `${at.slice(11, 23)} ${level.padEnd(8)} ${plain(message)}`,
    ),
  ];
  if (detail.droppedLogBytes > 0) lines.push(`(${detail.droppedLogBytes} bytes of output over the limit)`);
  const { error } = detail;
  if (error) lines.push(plainLines(error.traceback ?? `${error.type}: ${error.message}`));
  else lines.push(JSON.stringify(detail.result, undefined, 2));
  return lines.join('\n');
}
