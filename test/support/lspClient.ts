/** An editor's end of the connection: real LSP over the daemon's socket. */

import {
  createProtocolConnection,
  type ProtocolConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { openSocket } from '../../server/cli/connect.ts';
import type { Method, Requests } from '../../server/protocol.ts';

export interface DiagnosticItem {
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  code: string;
  severity: number;
  message: string;
}

export interface LspClient {
  connection: ProtocolConnection;
  request<M extends Method>(method: M, params: Requests[M]['params']): Promise<Requests[M]['result']>;
  /** Opens, or replaces the text of, a document. */
  show(uri: string, text: string): Promise<void>;
  diagnose(uri: string): Promise<DiagnosticItem[]>;
  /** Resolves at the next request to pull diagnostics again. */
  nextRefresh(): Promise<void>;
  /** Closes the socket, as a window does that goes away. */
  leave(): void;
}

/** `onBytes` is called with all that comes in, as it comes. */
export async function connectEditor(
  data: string,
  { onBytes }: { onBytes?: (chunk: Buffer) => void } = {},
): Promise<LspClient> {
  const socket = await openSocket(data);
  if (onBytes) socket.on('data', onBytes);
  const connection = createProtocolConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  let onRefresh: (() => void)[] = [];
  connection.onRequest('workspace/diagnostic/refresh', () => {
    for (const resolve of onRefresh) resolve();
    onRefresh = [];
    return null;
  });
  connection.onRequest('workspace/codeLens/refresh', () => null);
  connection.listen();
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: { diagnostic: {} },
      workspace: { diagnostics: { refreshSupport: true }, codeLens: { refreshSupport: true } },
    },
    initializationOptions: { trusted: true },
  });
  await connection.sendNotification('initialized', {});
  let version = 0;
  const open = new Set<string>();
  return {
    connection,
    request: (method, params) => connection.sendRequest(method, params),
    async show(uri, text) {
      version += 1;
      if (open.has(uri)) {
        await connection.sendNotification('textDocument/didChange', {
          textDocument: { uri, version },
          contentChanges: [{ text }],
        });
      } else {
        open.add(uri);
        await connection.sendNotification('textDocument/didOpen', {
          textDocument: { uri, languageId: 'python', version, text },
        });
      }
    },
    async diagnose(uri) {
      const report = await connection.sendRequest<{ items: DiagnosticItem[] }>('textDocument/diagnostic', {
        textDocument: { uri },
      });
      return report.items;
    },
    nextRefresh: () => new Promise((resolve) => onRefresh.push(resolve)),
    leave: () => socket.destroy(),
  };
}
