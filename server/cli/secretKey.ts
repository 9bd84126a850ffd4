/** `rotate-secret-key`: what it would do, and doing it; the new key is typed or piped, and printed nowhere. */

import type { Command } from 'commander';
import { deriveChosenKey } from '../configs/secretKey.ts';
import type { RotatedSecretKey, SecretKeyCheck } from '../protocol/secretKey.ts';
import { count, plain, printAnswer } from './output.ts';
import type { ProgramContext } from './program.ts';
import { showProgress } from './progress.ts';
import { readNewSecret } from './secretInput.ts';

export function addSecretKeyCommand(program: Command, context: ProgramContext): void {
  program
    .command('rotate-secret-key')
    .description(
      'encrypt every secret and credential anew. The new key is typed, or read from standard input, and is ' +
        'BIFROST_SECRET_KEY from the next start of the daemon on',
    )
    .option('--generate', "let the daemon make the key, for the data directory's own key file")
    .option('--dry-run', 'say what would be done; exits 1 when something does not open with the present key')
    .action(async ({ generate, dryRun }: { generate?: true; dryRun?: true }) => {
      if (dryRun) {
        const found = await context.daemon((call) => call('workflowKeys/secretKey/check', null));
        if (found.unreadable.length > 0) context.setExitCode(1);
        printAnswer(context.json(), found, describeCheck);
        return;
      }
      const wish = generate ? { generate } : { key: await readNewSecret('New secret key', deriveChosenKey) };
      const rotated = await context.daemon(async (call) => {
        const isShown = process.stderr.isTTY && !context.json();
        const stopShowing = isShown
          ? showProgress(() => call('workflowKeys/secretKey/progress', null))
          : undefined;
        try {
          return await call('workflowKeys/secretKey/rotate', wish);
        } finally {
          await stopShowing?.();
        }
      });
      printAnswer(context.json(), rotated, describeRotated);
    });
}

function describeCheck({ source, secrets, credentials, unreadable }: SecretKeyCheck): string {
  return [
    `Would encrypt ${count(secrets, 'secret')} and ${count(credentials, 'credential')} anew. The present key is from ${
      source === 'environment' ? 'BIFROST_SECRET_KEY' : 'the key file of the data directory'
    }.`,
    unreadable.length === 0
      ? 'All of them open with it.'
      : `These do not open with it, so nothing would be done:\n${unreadable.map((name) => `  ${plain(name)}`).join('\n')}`,
  ].join('\n');
}

function describeRotated({ secrets, credentials, alreadyDone, keptIn }: RotatedSecretKey): string {
  return [
    alreadyDone
      ? 'Everything is encrypted with that key already.'
      : `Encrypted ${count(secrets, 'secret')} and ${count(credentials, 'credential')} with the new key, which the daemon uses from now on.`,
    keptIn === 'environment'
      ? 'Start the daemon with BIFROST_SECRET_KEY set to the new key next time; with any other it reads no secret.'
      : 'It is kept in the key file of the data directory.',
  ].join('\n');
}
