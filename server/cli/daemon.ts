/** `status`, `stop` and `lsp`: the running daemon itself. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Failure } from '../errors.ts';
import { openSocket, readDaemonFile } from './connect.ts';
import { plain, print, printAnswer, shortTime } from './output.ts';
import type { ProgramContext } from './program.ts';

export function addDaemonCommands(program: Command, context: ProgramContext): void {
  program
    .command('status')
    .description('what runs, and where')
    .action(async () => {
      const status = await context.daemon((call) => call('workflowKeys/daemon/status', null));
      printAnswer(context.json(), status, () =>
        [
          `Running   ${status.url}  (pid ${status.pid}, version ${status.version}, since ${shortTime(status.startedAt)})`,
          `Data      ${plain(status.dataDirectory)}`,
          `Folders   ${status.folders.map(plain).join(', ') || 'none'}`,
          `Clients   ${status.clients}, runs in flight ${status.activeRuns}, memory ${Math.round(status.memoryBytes / 2 ** 20)} MiB`,
          ...(status.secretKey === 'wrong'
            ? [
                'Secrets   cannot be read or changed: they were sealed with another secret key; start the daemon with that BIFROST_SECRET_KEY',
              ]
            : []),
        ].join('\n'),
      );
    });

  program
    .command('stop')
    .description('stop the daemon; runs in flight finish')
    .action(async () => {
      const { pid } = await context.daemon(async (call) => {
        const status = await call('workflowKeys/daemon/status', null);
        await call('workflowKeys/daemon/stop', null);
        return status;
      });
      await goneWithin(pid, 15_000);
      if (context.json()) print(JSON.stringify({ stopped: true, pid }));
      else print('Stopped.');
    });

  program
    .command('lsp')
    .description('the Language Server Protocol on standard input and output, for any editor')
    .option('--stdio', 'accepted because editors pass it')
    .action(async () => {
      const dataDirectory = context.dataDirectory();
      const socket = await openSocket(dataDirectory).catch(async (thrown: unknown) => {
        if (!(thrown instanceof Failure) || thrown.code !== 'daemon-unreachable') throw thrown;
        await startInBackground(dataDirectory, context.environment);
        return openSocket(dataDirectory);
      });
      await Promise.race([
        pipeline(process.stdin, socket),
        pipeline(socket, process.stdout, { end: false }),
        once(socket, 'close'),
      ]);
      socket.destroy();
      process.stdin.unref();
    });
}

/** Waits until the process is gone. @throws Failure `internal` when it is still there after the limit. */
async function goneWithin(pid: number, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) throw new Failure('internal', `The daemon (pid ${pid}) has not stopped yet.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What a command with `--json` has said of its failure. */
function messageOf(refusal: string): string {
  try {
    return (JSON.parse(refusal) as { error: { message: string } }).error.message;
  } catch {
    return `The daemon could not be started: ${refusal.trim()}`;
  }
}

/** Starts a daemon that outlives this process, and waits until it is ready or another one has won. */
async function startInBackground(dataDirectory: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const program = process.argv[1];
  if (program === undefined) throw new Failure('internal', 'The program does not know its own path.');
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, 'serve', '--json', '--background', '--data', dataDirectory],
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environment },
  );
  let refusal = '';
  child.stderr.on('data', (chunk: Buffer) => {
    refusal += chunk.toString();
  });
  const ready = createInterface({ input: child.stdout });
  await Promise.race([once(ready, 'line'), once(child, 'exit')]);
  if (child.exitCode !== null && readDaemonFile(dataDirectory) === undefined) {
    throw new Failure('daemon-unreachable', messageOf(refusal));
  }
  ready.close();
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}
