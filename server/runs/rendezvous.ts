/** The private socket where forked processes meet the daemon; it knows their tokens and nothing else. */

import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';

/** The two connections of one forked process. */
export interface Meeting {
  channel: Socket;
  output: Socket;
  pid: number;
}

interface Expected {
  met: (meeting: Meeting) => void;
  channel?: Socket;
  output?: Socket;
  pid?: number;
}

const helloLimitBytes = 128;
const helloLimitMs = 5000;

/** Invariant: a connection that does not present an expected token within the limits is closed, unread. */
export class Rendezvous {
  readonly path: string;
  readonly #server: Server;
  readonly #expected = new Map<string, Expected>();

  static async open(path: string): Promise<Rendezvous> {
    await rm(path, { force: true });
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    return new Rendezvous(path, server);
  }

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on('connection', (socket) => this.#greet(socket));
  }

  /** Calls `met` when the process with this one-time token has made both of its connections. */
  expect(token: string, met: (meeting: Meeting) => void): void {
    this.#expected.set(token, { met });
  }

  /** The process with this token will not come, or not any more. */
  forget(token: string): void {
    const expected = this.#expected.get(token);
    this.#expected.delete(token);
    expected?.channel?.destroy();
    expected?.output?.destroy();
  }

  close(): void {
    for (const token of [...this.#expected.keys()]) this.forget(token);
    this.#server.close();
  }

  #greet(socket: Socket): void {
    let hello: Buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.setTimeout(helloLimitMs, () => socket.destroy());
    const read = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      hello = hello.length === 0 ? chunk : Buffer.concat([hello, chunk]);
      const end = hello.indexOf(10);
      if (end === -1 && hello.length <= helloLimitBytes) return;
      socket.off('readable', read);
      socket.setTimeout(0);
      const rest = hello.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      this.#introduce(socket, hello.toString('latin1', 0, Math.max(end, 0)).split(' '));
    };
    socket.on('readable', read);
  }

  #introduce(socket: Socket, [part = '', token = '', pid = '']: string[]): void {
    const expected = this.#expected.get(token);
    const isPart = part === 'output' || (part === 'channel' && isProcessNumber(pid));
    if (expected === undefined || !isPart || expected[part] !== undefined) {
      socket.destroy();
      return;
    }
    expected[part] = socket;
    if (part === 'channel') expected.pid = Number(pid);
    const { channel, output } = expected;
    if (channel === undefined || output === undefined || expected.pid === undefined) return;
    this.#expected.delete(token);
    expected.met({ channel, output, pid: expected.pid });
  }
}

/** A signal to -1, 0 or 1 would reach far more than one process and its group. */
function isProcessNumber(text: string): boolean {
  return /^[1-9]\d{0,9}$/.test(text) && text !== '1';
}
