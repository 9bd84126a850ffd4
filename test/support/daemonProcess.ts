/** The built program as a user starts it: a daemon in its own process on a free port, and its command line. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const program = join(import.meta.dirname, '..', '..', 'dist', 'server.js');

export interface DaemonProcess {
  url: string;
  pid: number;
  data: string;
  /** Milliseconds from the start of the process to its ready line. */
  readyAfterMs: number;
  /** What it has written to its outputs so far. */
  said(): string;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
  /** Sends the signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  data: string;
  folders?: string[];
  environment?: Record<string, string>;
  flags?: string[];
}

/** Starts `serve --json` and waits for its ready line. Rejects with what it said when it does not get ready. */
export async function startDaemonProcess(options: StartOptions): Promise<DaemonProcess> {
  const before = performance.now();
  const child = spawn(
    process.execPath,
    [
      program,
      'serve',
      ...(options.folders ?? []),
      '--json',
      '--port',
      '0',
      '--data',
      options.data,
      ...(options.flags ?? []),
    ],
    { env: { ...process.env, ...options.environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // When it has ended, all that it has said has come in.
  const exited = once(child, 'close').then(([code]) => code as number | null);
  let said = '';
  for (const stream of [child.stderr, child.stdout]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  }
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>,
    exited.then((code) => Promise.reject(new Error(`The daemon ended with ${code}: ${said}`))),
  ]);
  const ready = JSON.parse(line) as { url: string; pid: number; data: string };
  return {
    ...ready,
    said: () => said,
    readyAfterMs: performance.now() - before,
    exited,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs one command of the command line; `input` goes to its standard input. */
export async function runCommand(data: string, args: string[], input = ''): Promise<CommandResult> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args, '--data', data],
      { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Runs one command with `--json` and reads its answer. */
export async function runJson<T>(data: string, args: string[], input = ''): Promise<T> {
  const { code, stdout, stderr } = await runCommand(data, [...args, '--json'], input);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}
