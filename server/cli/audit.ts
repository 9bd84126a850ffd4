/** `audit`: the log, or what of it is asked for; `--follow` and `--verify`. */

import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import type { AuditRow, AuditVerification } from '../protocol/audit.ts';
import { outputEnd, plain, printAnswer, table } from './output.ts';
import type { ProgramContext } from './program.ts';
import { readTime } from './time.ts';

interface Options {
  verify?: true;
  follow?: true;
  action?: string;
  target?: string;
  since?: string;
  limit: string;
}

export function addAuditCommands(program: Command, context: ProgramContext): void {
  program
    .command('audit')
    .description('every change and every read of a secret')
    .option('--verify', 'check the chain of the whole log')
    .option('--follow', 'print what comes, until you stop it')
    .option('--action <action>', 'only these, e.g. secret.read, or secret for all of a noun')
    .option('--target <target>', "only those of this one, e.g. a config's name or a key's id")
    .option('--since <time>', 'only newer ones: a time such as 2026-11-21, or 30m, 12h, 7d ago')
    .option('--limit <count>', 'at most so many, 1 to 1000', '50')
    .action(async (options: Options) => {
      if (options.verify) {
        const answer = await context.daemon((call) => call('workflowKeys/audit/verify', null));
        if (answer.firstBad) context.setExitCode(1);
        printAnswer(context.json(), answer, describe);
        return;
      }
      const { action, target, since } = options;
      const wish = {
        ...(action !== undefined && { action }),
        ...(target !== undefined && { target }),
      };
      if (!/^\d{1,4}$/.test(options.limit)) {
        throw new Failure('bad-input', '--limit must be a whole number from 1 to 1000.');
      }
      await context.daemon(async (call) => {
        // First, so that nothing is passed over; what matches may be far back.
        const [newest] = await call('workflowKeys/audit/list', { limit: 1 });
        const rows = await call('workflowKeys/audit/list', {
          ...wish,
          ...(since !== undefined && { since: readTime('--since', since) }),
          limit: Number(options.limit),
        });
        if (!options.follow) {
          return printAnswer(context.json(), rows, (all) =>
            table(headings, all.map(cells), 'No line was found.'),
          );
        }
        for (const row of rows) printAnswer(context.json(), row, line);
        for (let after = Math.max(newest?.seq ?? 0, rows.at(-1)?.seq ?? 0); ; ) {
          const news = await Promise.race([call('workflowKeys/audit/follow', { ...wish, after }), outputEnd]);
          if (!news) return;
          for (const row of news.rows) printAnswer(context.json(), row, line);
          after = news.last;
        }
      });
    });
}

const headings = ['LINE', 'TIME', 'ACTOR', 'ACTION', 'OUTCOME', 'TARGET'];

function cells(row: AuditRow): string[] {
  const { seq, at, actor, action, outcome, target, organizationId, runId } = row;
  const about = [target, organizationId, runId && `run ${runId}`].filter(Boolean).join('  ');
  return [String(seq), at.slice(0, 19).replace('T', ' '), plain(actor), action, outcome, plain(about)];
}

const line = (row: AuditRow) => cells(row).join('  ');

function describe({ records, firstBad, sealedFrom, unsealed = [] }: AuditVerification): string {
  if (firstBad) return `The audit log is damaged at line ${firstBad.seq}: ${firstBad.reason}`;
  return [
    sealedFrom === null
      ? `The audit log is whole: ${records} lines. Its seal was not checked, since the secret key is another one.`
      : `The audit log is whole: ${records} lines, sealed since line ${sealedFrom}.`,
    ...unsealed.map(
      ({ from, to }) =>
        `Lines ${from} to ${to} have no seal, since they were written while the secret key was another one.`,
    ),
  ].join('\n');
}
