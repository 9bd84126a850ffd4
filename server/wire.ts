/** The daemon's local socket: who may speak to it, and one JSON-RPC connection per client. */

import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import {
  createProtocolConnection,
  type DataCallback,
  type Disposable,
  type ProtocolConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { sameSocketToken, socketTokenLength } from './keys/socketToken.ts';

/** How long a peer may take to show its token. */
const tokenTimeoutMs = 5_000;
/** Far more than the largest document that is followed. */
const maxMessageBytes = 32 * 1024 * 1024;
/** How long a client may take to read the last of what it was sent, once the daemon stops. */
const farewellTimeoutMs = 500;

export interface WireOptions {
  /** In a folder that only this user can enter. */
  path: string;
  token: string;
  /** A client that has shown the token. The connection is not listening yet. */
  onClient(connection: ProtocolConnection, socket: Socket): void;
}

export interface Wire {
  path: string;
  /** Takes no more clients and ends those that are there. */
  close(): Promise<void>;
}

/**
 * Listens for clients.
 *
 * Invariant: a peer sends exactly the token and a newline before a byte of it reaches a JSON-RPC reader.
 * Invariant: a client's end (closed socket, `exit`, its death) ends its own connection and nothing else;
 * hence `createProtocolConnection`, and never `createConnection`, which would end the process.
 */
export async function openWire(options: WireOptions): Promise<Wire> {
  const { path } = options;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    admit(socket, options.token, () => {
      const connection = createProtocolConnection(new BoundedReader(socket), new SocketMessageWriter(socket));
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
      // A client that has stopped reading would keep the daemon from ever ending.
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, farewellTimeoutMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Ends the connection of a peer whose message does not end; the library would hold all of it in memory. */
class BoundedReader extends SocketMessageReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super(socket);
    this.#socket = socket;
    // Its timer goes on for ever after a client that ended in the middle of a message, and keeps the process alive.
    this.partialMessageTimeout = 0;
  }

  override listen(callback: DataCallback): Disposable {
    let bytesSinceMessage = 0;
    this.#socket.on('data', (chunk: Buffer) => {
      bytesSinceMessage += chunk.length;
      if (bytesSinceMessage > maxMessageBytes) this.#socket.destroy();
    });
    return super.listen((message) => {
      bytesSinceMessage = 0;
      callback(message);
    });
  }
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
