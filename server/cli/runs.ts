/** `run`, `runs list|show|cancel|retry`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import type { RunDetail, RunLogLine, RunStatusName } from '../protocol/runs.ts';
import { outputEnd, plain, plainLines, printAnswer, shortTime, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { readTime } from './time.ts';

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
    .option('--key <id>', 'only those that this key has triggered')
    .option('--org <id>', 'only of this organization')
    .option('--since <time>', 'only from this time on: 2026-11-21, 2026-11-21T02:25:00Z, or 30m, 12h, 7d ago')
    .option('--until <time>', 'only from before this time')
    .option('--limit <n>', '1 to 100', '50')
    .action(async (options: ListOptions) => {
      if (!/^\d{1,3}$/.test(options.limit) || Number(options.limit) < 1 || Number(options.limit) > 100) {
        throw new Failure('bad-input', '--limit must be a whole number from 1 to 100.');
      }
      const rows = await context.daemon((call) =>
        call('workflowKeys/runs/list', {
          limit: Number(options.limit),
          ...(options.workflow !== undefined && { workflowId: options.workflow }),
          ...(options.status !== undefined && { status: options.status as RunStatusName }),
          ...(options.key !== undefined && { triggeredBy: `key:${options.key}` }),
          ...(options.org !== undefined && { organizationId: options.org }),
          ...(options.since !== undefined && { createdFrom: readTime('--since', options.since) }),
          ...(options.until !== undefined && { createdTo: readTime('--until', options.until) }),
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
          'No run was found.',
        ),
      );
    });

  runs
    .command('show <id>')
    .description('result, error and logs of one run')
    .option('--follow', 'print its logs as they come, until it has ended')
    .action(async (id: string, options: { follow?: true }) => {
      if (options.follow) return follow(id, context);
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

  runs
    .command('retry <id>')
    .description('start a finished run again with the same input')
    .action(async (id: string) => {
      const row = await context.daemon((call) => call('workflowKeys/runs/retry', { id }));
      printAnswer(context.json(), row, () => `${row.id} runs ${plain(row.workflowId)} again.`);
    });
}

interface ListOptions {
  workflow?: string;
  status?: string;
  key?: string;
  org?: string;
  since?: string;
  until?: string;
  limit: string;
}

/** Line by line while the run goes on, then its outcome; with `--json` a value for each. */
async function follow(id: string, context: ProgramContext): Promise<void> {
  const detail = await context.daemon(async (call) => {
    for (let after = 0; ; ) {
      const news = await Promise.race([call('workflowKeys/runs/follow', { id, after }), outputEnd]);
      if (!news) return;
      const { lines, ended } = news;
      for (const line of lines) printAnswer(context.json(), line, describeLine);
      after += lines.length;
      if (ended) return call('workflowKeys/runs/show', { id });
    }
  });
  if (!detail) return;
  if (detail.status !== 'Success') context.setExitCode(1);
  printAnswer(context.json(), detail, (run) => describe({ ...run, logs: [] }));
}

function parseInput(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure('bad-input', '--input is not valid JSON.', { cause });
  }
  if (isObject(value)) return value;
  throw new Failure('bad-input', '--input must be a JSON object, e.g. {"name": "example"}.');
}

function describe(detail: RunDetail): string {
  const lines = [
    `${plain(detail.workflowId)}  ${detail.status}${detail.durationMs === null ? '' : `  ${detail.durationMs} ms`}  ${detail.id}`,
    ...(detail.retryOf === undefined ? [] : [`a retry of ${detail.retryOf}`]),
    ...detail.logs.map(describeLine),
  ];
  if (detail.droppedLogBytes > 0) lines.push(`(${detail.droppedLogBytes} bytes of output over the limit)`);
  const { error } = detail;
  if (error) lines.push(plainLines(error.traceback ?? `${error.type}: ${error.message}`));
  else lines.push(JSON.stringify(detail.result, undefined, 2));
  return lines.join('\n');
}

function describeLine({ at, level, message }: RunLogLine): string {
  return `${at.slice(11, 23)} ${level.padEnd(8)} ${plain(message)}`;
}
