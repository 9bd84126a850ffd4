/** The command line's way to the running daemon: the same socket and messages that the editor uses. */

import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  createProtocolConnection,
  type ProtocolConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { type ErrorCode, errorTable, Failure } from '../errors.ts';
import type { DaemonFile } from '../protocol/daemon.ts';
import { type Method, protocolVersion, type Requests } from '../protocol.ts';
import { version } from '../version.ts';

export type Call = <M extends Method>(
  method: M,
  params: Requests[M]['params'],
) => Promise<Requests[M]['result']>;

/** What a daemon of any version understands, so that it can be looked at and stopped. */
const sinceEver: readonly Method[] = ['workflowKeys/daemon/status', 'workflowKeys/daemon/stop'];

/**
 * What `daemon.json` says, or undefined when no daemon has written one.
 *
 * @throws Failure `daemon-unreachable` when it is not ours to read.
 */
export function readDaemonFile(dataDirectory: string): DaemonFile | undefined {
  try {
    const file: Partial<DaemonFile> | null = JSON.parse(
      readFileSync(join(dataDirectory, 'daemon.json'), 'utf8'),
    );
    const isUsable = typeof file?.socket === 'string' && typeof file.tokenFile === 'string';
    return isUsable ? (file as DaemonFile) : undefined;
  } catch (cause) {
    if (!/^(EACCES|EPERM)$/.test((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new Failure(
      'daemon-unreachable',
      `The data directory ${dataDirectory} belongs to another user. Choose another one with --data.`,
      { cause },
    );
  }
}

/** A socket that has shown its token. @throws Failure `daemon-unreachable` that says how to start a daemon. */
export async function openSocket(dataDirectory: string): Promise<Socket> {
  const file = readDaemonFile(dataDirectory);
  const unreachable = (cause?: unknown) =>
    new Failure(
      'daemon-unreachable',
      `No daemon runs on ${dataDirectory}. Start one with: workflow-keys serve`,
      { cause },
    );
  if (!file) throw unreachable();
  let token: string;
  try {
    token = readFileSync(file.tokenFile, 'utf8');
  } catch (cause) {
    throw unreachable(cause);
  }
  const socket = connectSocket(file.socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) => reject(unreachable(cause)));
  });
  socket.write(`${token.trim()}\n`);
  return socket;
}

/** Runs `use` with a connection to the daemon and closes it after. @throws Failure as the daemon gave it. */
export async function withDaemon<T>(dataDirectory: string, use: (call: Call) => Promise<T>): Promise<T> {
  const socket = await openSocket(dataDirectory);
  const connection = createProtocolConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  const lost = new Promise<never>((_, reject) => {
    connection.onClose(() =>
      reject(
        new Failure(
          'daemon-unreachable',
          'The daemon ended before it answered; what was asked for may be done or not. Start it again with: workflow-keys serve',
        ),
      ),
    );
  });
  // When the work is done first, nobody waits for this any more.
  lost.catch(() => undefined);
  connection.listen();
  try {
    return await Promise.race([use(callOver(connection, readDaemonFile(dataDirectory))), lost]);
  } finally {
    connection.dispose();
    socket.destroy();
  }
}

function callOver(connection: ProtocolConnection, daemon: DaemonFile | undefined): Call {
  return async (method, params) => {
    if (daemon && daemon.protocolVersion !== protocolVersion && !sinceEver.includes(method)) {
      throw new Failure(
        'conflict',
        `The daemon is version ${daemon.version} and does not understand this program, which is ${version}. Stop it with: workflow-keys stop, and start this version's.`,
      );
    }
    try {
      return await connection.sendRequest(method, params);
    } catch (thrown) {
      const code =
        thrown instanceof ResponseError ? (thrown.data as { code?: string } | undefined)?.code : undefined;
      if (thrown instanceof Error && code !== undefined && code in errorTable) {
        throw new Failure(code as ErrorCode, thrown.message);
      }
      throw thrown;
    }
  };
}
