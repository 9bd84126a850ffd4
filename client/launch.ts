/** Finds, starts and reaches the daemon's process; it knows neither the editor nor what is said on the wire. */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join, parse } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonFile } from '../server/protocol/daemon.ts';
import { Failure } from './failure.ts';

export interface LaunchOptions {
  /** The bundle of the daemon. */
  serverFile: string;
  host: string;
  port: number;
  dataDirectory: string;
  /** Called with each line that the daemon writes to its standard error while it starts. */
  onLine: (line: string) => void;
  /** For how long the caller waits; the daemon itself goes on, since it may have much to read. */
  limit: AbortSignal;
}

/** What `daemon.json` says, or `undefined` when no daemon has said anything there. */
export async function readDaemonFile(dataDirectory: string): Promise<DaemonFile | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDirectory, 'daemon.json'), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const file: Partial<DaemonFile> = JSON.parse(text);
    return typeof file.pid === 'number' && file.socket && file.tokenFile ? (file as DaemonFile) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An open socket on which the token was sent, so that LSP frames may follow.
 * Fails with `daemon-unreachable` when nothing answers: a daemon that was killed leaves its file behind.
 */
export async function openSocket(file: DaemonFile): Promise<Socket> {
  const unreachable = (cause: unknown) =>
    new Failure('daemon-unreachable', 'The daemon does not answer; restart it with “Restart Daemon”.', {
      cause,
    });
  const token = await readFile(file.tokenFile, 'utf8').catch((cause) => {
    throw unreachable(cause);
  });
  return await new Promise<Socket>((resolve, reject) => {
    const socket = createConnection(file.socket);
    socket.once('error', (cause) => reject(unreachable(cause)));
    socket.once('connect', () => {
      // From here on a broken socket is told by its `close`; without a listener an error would end the process.
      socket.on('error', () => undefined);
      socket.write(`${token.trim()}\n`);
      resolve(socket);
    });
  });
}

/**
 * Starts a daemon that outlives this process, and resolves once it is ready.
 * Fails with the daemon's own code and line: `data-locked` when another one was faster, `port-taken`, and the like;
 * with `daemon-unreachable` when the limit comes first.
 */
export async function launchDaemon(options: LaunchOptions): Promise<void> {
  const { serverFile, host, port, dataDirectory } = options;
  const child = spawn(
    process.execPath,
    [
      serverFile,
      'serve',
      '--json',
      '--background',
      '--port',
      String(port),
      '--host',
      host,
      '--data',
      dataDirectory,
    ],
    {
      // The editor's own folder would be held open, and on some systems could not be removed; a home need not exist.
      cwd: parse(homedir()).root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      windowsHide: true,
    },
  );
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    options.onLine(line);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (isReady(line)) resolve();
      });
      child.once('error', (cause) =>
        reject(new Failure('daemon-unreachable', 'The daemon could not be started.', { cause })),
      );
      child.once('close', () => reject(launchFailure(lines)));
      options.limit.addEventListener('abort', () => reject(notYetReady()), { once: true });
    });
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

/** Waits until a process has ended. There is no event for a process that is not ours, so this asks again. */
export async function processEnd(pid: number, signal: AbortSignal): Promise<void> {
  while (isAlive(pid)) await delay(50, undefined, { signal });
}

/** Whether version `left` comes before `right`; both are `major.minor.patch`. */
export function isOlder(left: string, right: string): boolean {
  return left.localeCompare(right, 'en', { numeric: true }) < 0;
}

function notYetReady(): Failure {
  return new Failure(
    'daemon-unreachable',
    'The daemon is still not ready; its log says what it does. Wait a little and start it again, which finds it once it is.',
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isReady(line: string): boolean {
  try {
    return (JSON.parse(line) as { ready?: unknown }).ready === true;
  } catch {
    return false;
  }
}

/** The failure that a daemon tells of in its one line on standard error, which is JSON as it was asked for. */
function launchFailure(lines: string[]): Failure {
  for (const line of lines) {
    try {
      const { error } = JSON.parse(line) as { error: { code: string; message: string } };
      return new Failure(error.code, error.message);
    } catch {
      // Something else that was written, such as a warning of the runtime.
    }
  }
  return new Failure('daemon-unreachable', 'The daemon ended before it was ready; its log says why.');
}
