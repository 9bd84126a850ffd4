/** One client's connection: LSP for what it has open, and the request table for everything else. */

import type { Socket } from 'node:net';
import {
  CodeActionRequest,
  CodeLensRefreshRequest,
  CodeLensRequest,
  CompletionRequest,
  DiagnosticRefreshRequest,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentDiagnosticReportKind,
  DocumentDiagnosticRequest,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  type ProtocolConnection,
  ResponseError,
  ShutdownRequest,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import type { Client, Clients } from './clients.ts';
import { publicError } from './errors.ts';
import { newId } from './ids.ts';
import type { Log } from './log.ts';
import type { Method, Requests } from './protocol.ts';
import type { RequestTable } from './requests.ts';
import { version } from './version.ts';

export interface SessionParts {
  connection: ProtocolConnection;
  socket: Socket;
  clients: Clients;
  requests: RequestTable;
  log: Log;
}

/** What an editor says of itself in `initialize`. */
interface InitializationOptions {
  severity?: Record<string, string>;
  organizationId?: string;
}
