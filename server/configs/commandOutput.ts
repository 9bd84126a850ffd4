/** Runs a command for what it prints (D29): no shell, limits on time and size, nothing left of it; it keeps no output. */

import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { parse } from 'node:path';
import { killGroup } from '../processGroup.ts';
import { valueLimitBytes } from './values.ts';

export interface CommandParts {
  program: string;
  args: readonly string[];
  environment: Record<string, string>;
  timeoutMs: number;
  /** Ends the command as its time limit does. */
  signal: AbortSignal;
}

/** `problem` is the end of a sentence that begins with "the command". */
export type CommandOutput = { output: Buffer } | { problem: string };

/** A value of the largest size may end with a line feed, also in the manner of Windows. */
export const newlineBytes = 2;
/** How long what is on its way may still come in once the command has ended. */
const outputGraceMs = 500;

/**
 * What the command writes to its standard output. Its standard input is empty; what it writes to standard error is
 * read by nobody, because it may hold secrets. Never rejects.
 *
 * Starting a process holds the event loop for 1 to 10 ms, the more the more memory the daemon has.
 */
export async function readCommand(parts: CommandParts): Promise<CommandOutput> {
  const { timeoutMs, signal } = parts;
  let child: ReturnType<typeof start>;
  try {
    child = start(parts);
  } catch (thrown) {
    return { problem: startProblem(thrown as NodeJS.ErrnoException) };
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<CommandOutput>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let exited = false;
  let closed = false;
  const endWhole = () => {
    if (exited && closed) end({ output: Buffer.concat(chunks) });
  };
  const timers = [setTimeout(() => end({ problem: `took longer than ${timeoutMs / 1000} s` }), timeoutMs)];
  const abort = () => end({ problem: 'was ended, because the daemon stops' });
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();

  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > valueLimitBytes + newlineBytes)
      end({ problem: `printed more than ${valueLimitBytes / 1024} KiB` });
    else chunks.push(chunk);
  });
  child.stdout.on('error', () => undefined);
  child.stdout.on('close', () => {
    closed = true;
    endWhole();
  });
  child.on('error', (thrown: NodeJS.ErrnoException) => end({ problem: startProblem(thrown) }));
  child.on('exit', (code, by) => {
    if (code !== 0) end({ problem: code === null ? `was ended by ${by}` : `exited with code ${code}` });
    exited = true;
    endWhole();
    // What it has started may hold its output open for ever.
    const closeAnyway = () => {
      closed = true;
      endWhole();
    };
    timers.push(setTimeout(closeAnyway, outputGraceMs));
  });

  const found = await ended;
  for (const timer of timers) clearTimeout(timer);
  signal.removeEventListener('abort', abort);
  killGroup(child);
  child.stdout.destroy();
  return found;
}

function start({ program, args, environment }: CommandParts) {
  return spawn(program, args, {
    // Neutral: what lies in a folder must not change what a command does.
    cwd: parse(homedir()).root,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    // A process group of its own, so that all of it can be ended.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
}

function startProblem({ code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'was not found';
  if (code === 'EACCES') return 'may not be executed';
  return `could not be started (${code ?? 'unknown'})`;
}

/** What programs that keep secrets are configured by, beside what every program is given. */
export const commandVariables: readonly RegExp[] = [
  /^XDG_[A-Z_]+$/,
  /^(GNUPGHOME|GPG_TTY|GPG_AGENT_INFO|PINENTRY_USER_DATA)$/,
  /^SSH_(AUTH_SOCK|AGENT_PID)$/,
  /^(DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY)$/,
  /^PASSWORD_STORE_[A-Z_]+$/,
  /^(OP|BW|BWS|VAULT|BAO|DOPPLER|INFISICAL|AKEYLESS|CONJUR|SOPS|AGE|GOPASS)_[A-Z0-9_]+$/,
  /^(AWS|AZURE|CLOUDSDK)_[A-Z0-9_]+$/,
  /^(GOOGLE_APPLICATION_CREDENTIALS|KUBECONFIG)$/,
];
