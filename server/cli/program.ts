/** The command table of the command line; each noun's commands are in a file of their own. */

import { Command, CommanderError } from 'commander';
import { Failure } from '../errors.ts';
import { readSettings } from '../settings.ts';
import { version } from '../version.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backups.ts';
import { addBundleCommands } from './bundles.ts';
import { asCalled, calledAs } from './calledAs.ts';
import { addConfigCommands } from './configs.ts';
import { type Call, withDaemon } from './connect.ts';
import { addCredentialCommands } from './credentials.ts';
import { addDaemonCommands } from './daemon.ts';
import { addExplainCommand } from './explain.ts';
import { addFolderCommands } from './folders.ts';
import { addKeyCommands } from './keys.ts';
import { addLintCommand } from './lint.ts';
import { addOrganizationCommands } from './organizations.ts';
import { plain, watchOutput } from './output.ts';
import { addRunCommands } from './runs.ts';
import { abandonQuestion } from './secretInput.ts';
import { addSecretKeyCommand } from './secretKey.ts';
import { addServeCommand } from './serve.ts';
import { addWorkflowCommands } from './workflows.ts';

/** What each command file receives. */
export interface ProgramContext {
  environment: NodeJS.ProcessEnv;
  /** What stands before a command of this program, where the answer names one. */
  called: string;
  /** Absolute; from `--data`, else the environment, else the platform's default. */
  dataDirectory(): string;
  /** Whether the answer is to be one JSON value. */
  json(): boolean;
  /** One connection to the running daemon. */
  daemon<T>(use: (call: Call) => Promise<T>): Promise<T>;
  /** For commands whose findings are a failure, such as `lint`. */
  setExitCode(code: number): void;
}

/** In the order in which the help lists them. */
export const commandTable: readonly ((program: Command, context: ProgramContext) => void)[] = [
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
];

/** Runs one command. Never throws: a failure is one line on standard error. @returns the exit code. */
export async function runProgram(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const called = calledAs(environment);
  const program = new Command(called);
  let exitCode = 0;
  const output = watchOutput();
  const options = () => program.opts<{ data?: string; json?: boolean }>();
  const context: ProgramContext = {
    environment,
    called,
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
    .configureHelp({ showGlobalOptions: true })
    // A wrong command line is told like every other failure.
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', firstSteps(called));
  for (const addCommands of commandTable) addCommands(program, context);
  refuseByThrowing(program);

  try {
    await program.parseAsync([...argv]);
    await output.written();
    return exitCode;
  } catch (thrown) {
    abandonQuestion();
    // Help and version end here, too.
    if (thrown instanceof CommanderError) return thrown.exitCode;
    const code = thrown instanceof Failure ? thrown.code : 'internal';
    const told = thrown instanceof Failure ? thrown.message : `Unexpected failure: ${String(thrown)}`;
    const message = asCalled(
      told,
      environment,
      program.commands.map((command) => command.name()),
    );
    process.stderr.write(
      context.json()
        ? `${JSON.stringify({ error: { code, message } })}\n`
        : `workflow-keys: ${plain(message)}\n`,
    );
    return 1;
  }
}

/**
 * Commander ends the process by itself where it is not told otherwise.
 * What is wrong with a command line becomes a Failure that names the help of the command, or what was perhaps meant.
 */
function refuseByThrowing(command: Command): void {
  command.exitOverride((thrown) => {
    const [said = '', meant] = thrown.message.replace(/^error: /, '').split('\n');
    if (thrown.exitCode === 0 || thrown.code === 'commander.help') throw thrown;
    const advice = meant ?? `See: ${fullName(command)} --help`;
    throw new Failure('bad-input', `${said.replace(/\.$/, '')}. ${advice.replace(/^\((.*)\)$/, '$1')}`);
  });
  for (const child of command.commands) refuseByThrowing(child);
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function firstSteps(called: string): string {
  return `
First steps:
  ${called} serve my-project
  ${called} keys create --global --description "CI"
  ${called} config set stripe_api_key --type secret
  ${called} run my_workflow --input '{"amount": 3}'`;
}
