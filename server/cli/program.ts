/** The command table of the command line; each noun's commands are in a file of their own. */

import { Command, CommanderError } from 'commander';
import { Failure } from '../errors.ts';
import { readSettings } from '../settings.ts';
import { version } from '../version.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backups.ts';
import { addBundleCommands } from './bundles.ts';
import { addConfigCommands } from './configs.ts';
import { type Call, withDaemon } from './connect.ts';
import { addCredentialCommands } from './credentials.ts';
import { addDaemonCommands } from './daemon.ts';
import { addExplainCommand } from './explain.ts';
import { addFolderCommands } from './folders.ts';
import { addKeyCommands } from './keys.ts';
import { addLintCommand } from './lint.ts';
import { addOrganizationCommands } from './organizations.ts';
import { allowClosedStdout, plain } from './output.ts';
import { addRunCommands } from './runs.ts';
import { addSecretKeyCommand } from './secretKey.ts';
import { addServeCommand } from './serve.ts';
import { addWorkflowCommands } from './workflows.ts';

/** What each command file receives. */
export interface ProgramContext {
  environment: NodeJS.ProcessEnv;
  /** Absolute; from `--data`, else the environment, else the platform's default. */
  dataDirectory(): string;
  /** Whether the answer is to be one JSON value. */
  json(): boolean;
  /** One connection to the running daemon. */
  daemon<T>(use: (call: Call) => Promise<T>): Promise<T>;
  /** For commands whose findings are a failure, such as `lint`. */
  setExitCode(code: number): void;
}

/** Runs one command. Never throws: a failure is one line on standard error. @returns the exit code. */
export async function runProgram(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const program = new Command('workflow-keys');
  let exitCode = 0;
  allowClosedStdout();
  const options = () => program.opts<{ data?: string; json?: boolean }>();
  const context: ProgramContext = {
    environment,
    dataDirectory: () => {
      const { data } = options();
      return readSettings(data === undefined ? {} : { dataDirectory: data }, environment).dataDirectory;
    },
    json: () => options().json === true,
    daemon: (use) => withDaemon(context.dataDirectory(), use),
    setExitCode: (code) => {
      exitCode = code;
    },
  };

  program
    .description('Trigger Python workflows by HTTP, safely.')
    .version(version)
    .option('--data <dir>', 'data directory (else WORKFLOW_KEYS_DATA, else the per-user one)')
    .option('--json', 'print one JSON value')
    .showSuggestionAfterError(false)
    .configureOutput({
      outputError: (text, write) => write(`workflow-keys: ${text.replace(/^error: /, '')}`),
    })
    .exitOverride();
  for (const add of [
    addServeCommand,
    addDaemonCommands,
    addKeyCommands,
    addConfigCommands,
    addCredentialCommands,
    addSecretKeyCommand,
    addOrganizationCommands,
    addFolderCommands,
    addWorkflowCommands,
    addRunCommands,
    addLintCommand,
    addAuditCommands,
    addExplainCommand,
    addBundleCommands,
    addBackupCommands,
  ]) {
    add(program, context);
  }
  inheritExitOverride(program);

  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode;
    const code = thrown instanceof Failure ? thrown.code : 'internal';
    const message = thrown instanceof Failure ? thrown.message : `Unexpected failure: ${String(thrown)}`;
    process.stderr.write(
      context.json()
        ? `${JSON.stringify({ error: { code, message } })}\n`
        : `workflow-keys: ${plain(message)}\n`,
    );
    return 1;
  }
}

/** Commander ends the process by itself in subcommands that do not override it. */
function inheritExitOverride(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritExitOverride(child);
  }
}
