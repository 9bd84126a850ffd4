/** The daemon's local socket: who may speak to it, and one JSON-RPC connection per client. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createProtocolConnection,
  type ProtocolConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { newId } from './ids.ts';
import { sameSocketToken, socketTokenLength } from './keys/socketToken.ts';

/** Some systems cut a socket's path at 104 bytes, the closing zero included. */
const maxSocketPathBytes = 103;
/** How long a peer may take to show its token. */
const tokenTimeoutMs = 5_000;

export interface WireOptions {
  /** The data directory; the socket lies in a 0700 folder below it, or below the temporary folder if that is too long. */
  directory: string;
  token: string;
  /** A client that has shown the token. The connection is not listening yet. */
  onClient(connection: ProtocolConnection, socket: Socket): void;
}

export interface Wire {
  path: string;
  /** Takes no more clients, ends those that are there, removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens for clients.
 *
 * Invariant: a peer sends exactly the token and a newline before a byte of it reaches a JSON-RPC reader,
 * which has no size limit of its own.
 * Invariant: a client's end (closed socket, `exit`, its death) ends its own connection and nothing else;
 * hence `createProtocolConnection`, and never `createConnection`, which would end the process.
 */
export async function openWire(options: WireOptions): Promise<Wire> {
  const { path, remove } = socketPath(options.directory);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    admit(socket, options.token, () => {
      const connection = createProtocolConnection(
        new SocketMessageReader(socket),
        new SocketMessageWriter(socket),
      );
      options.onClient(connection, socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);

  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroySoon();
      await closed;
      remove();
    },
  };
}

/** Calls `onAdmitted` once the token has arrived; ends the socket on anything else. */
function admit(socket: Socket, token: string, onAdmitted: () => void): void {
  let received = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), tokenTimeoutMs);
  socket.on('close', () => clearTimeout(timer));
  const onReadable = () => {
    const chunk: Buffer | null =
      socket.read(Math.min(socketTokenLength + 1 - received.length, socket.readableLength)) ?? null;
    if (chunk === null) return;
    received = Buffer.concat([received, chunk]);
    if (received.length <= socketTokenLength) return;
    clearTimeout(timer);
    socket.off('readable', onReadable);
    const shown = received.subarray(0, socketTokenLength);
    if (received[socketTokenLength] !== 0x0a || !sameSocketToken(shown, token)) {
      socket.destroy();
      return;
    }
    onAdmitted();
  };
  socket.on('readable', onReadable);
}

function socketPath(directory: string): { path: string; remove(): void } {
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\workflow-keys-${newId()}`, remove: () => undefined };
  }
  const own = join(directory, 'socket');
  const fits = Buffer.byteLength(join(own, 'daemon')) <= maxSocketPathBytes;
  const folder = fits ? own : mkdtempSync(join(tmpdir(), 'workflow-keys-'));
  if (existsSync(folder) && fits) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return {
    path: join(folder, 'daemon'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
