/** `backup` and `restore`: everything there is, encrypted as it is stored, on this machine or another one. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { MadeBackup } from '../protocol/bundles.ts';
import type { WorkProgress } from '../protocol/daemon.ts';
import type { Restored } from '../restore.ts';
import { count, plain, printAnswer, shortTime } from './output.ts';
import type { ProgramContext } from './program.ts';
import { showProgress } from './progress.ts';
import { confirm } from './secretInput.ts';

export function addBackupCommands(program: Command, context: ProgramContext): void {
  const isShown = () => process.stderr.isTTY && !context.json();

  program
    .command('backup')
    .description('write everything, history included, into one file; secrets stay encrypted')
    .option('-o, --output <file>', 'a new file; else workflow-keys-<time>.backup here')
    .action(async (options: { output?: string }) => {
      const path = resolve(options.output ?? `workflow-keys-${timeStamp()}.backup`);
      const made = await context.daemon(async (call) => {
        const stop = isShown() ? showProgress(() => call('workflowKeys/backups/progress', null)) : undefined;
        try {
          return await call('workflowKeys/backups/write', { path });
        } finally {
          await stop?.();
        }
      });
      printAnswer(context.json(), made, () => describeBackup(made, context.called));
    });

  program
    .command('restore <file>')
    .description(
      'replace everything by what a backup holds; the daemon is stopped, and the former data is kept aside',
    )
    .option('--yes', 'do not ask before present data is replaced')
    .option('--force', 'also when the secret key does not fit, or the audit log was changed')
    .action(async (file: string, options: { yes?: true; force?: true }) => {
      const directory = context.dataDirectory();
      // Loaded when it is needed: no other command opens a store by itself.
      const { restoreBackup } = await import('../restore.ts');
      let progress: WorkProgress | null = null;
      const stop = isShown() ? showProgress(async () => progress) : undefined;
      const restored = await restoreBackup({
        file: resolve(file),
        directory,
        environment: context.environment,
        clock: Date.now,
        force: options.force === true,
        confirm: async ({ madeAt }) => {
          await stop?.();
          const question = `Replace all data in ${plain(directory)} by the backup of ${shortTime(new Date(madeAt).toISOString())} UTC? The former data is kept aside.`;
          return options.yes === true || confirm(question, '--yes');
        },
        onProgress: (reached) => {
          progress = reached;
        },
      }).finally(() => stop?.());
      printAnswer(context.json(), { ...restored, madeAt: new Date(restored.madeAt).toISOString() }, () =>
        describeRestored(restored, context.called),
      );
    });
}

function describeBackup({ path, keySource }: MadeBackup, called: string): string {
  const where =
    keySource === 'environment'
      ? 'BIFROST_SECRET_KEY'
      : 'the file secret.key of the data directory, of which you need a copy elsewhere';
  return [
    `Wrote ${plain(path)}. Restore it with: ${called} restore FILE`,
    `Its secrets are encrypted, and are lost without the secret key, which is not in it: ${where}.`,
  ].join('\n');
}

function describeRestored(restored: Restored, called: string): string {
  const { keys, configs, auditRecords, madeAt, formerData, keptEnded, knewEnded, interruptedRuns } = restored;
  return [
    `Restored the backup of ${shortTime(new Date(madeAt).toISOString())} UTC: ${count(keys, 'key')}, ${count(configs, 'config')}, ${count(auditRecords, 'audit record')}.`,
    ...(formerData === undefined ? [] : [`The former data is kept in ${plain(formerData)}.`]),
    knewEnded
      ? `${count(keptEnded, 'key')} revoked or ended since then ${keptEnded === 1 ? 'stays' : 'stay'} so.`
      : `Keys that were revoked after the backup was made are valid again; look at: ${called} keys list`,
    ...(interruptedRuns > 0
      ? [`${count(interruptedRuns, 'run')} had not ended then and will not be begun again.`]
      : []),
    ...(restored.secrets === 'locked'
      ? ['The secrets cannot be read until the daemon is started with the secret key of then.']
      : []),
    `Start the daemon with: ${called} serve`,
  ].join('\n');
}

/** `20261121-065501`, in UTC. */
function timeStamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
