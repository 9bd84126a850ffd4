/** One client's connection: LSP for what it has open, and the request table for everything else. */

import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  CodeActionKind,
  CodeActionRequest,
  CodeLensRefreshRequest,
  CodeLensRequest,
  type Command,
  CompletionRequest,
  DiagnosticRefreshRequest,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DidSaveTextDocumentNotification,
  DocumentDiagnosticReportKind,
  DocumentDiagnosticRequest,
  HoverRequest,
  type InitializeParams,
  InitializeRequest,
  type InitializeResult,
  LSPErrorCodes,
  type ProtocolConnection,
  ResponseError,
  ShutdownRequest,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import type { Client, Clients } from './clients.ts';
import { publicError } from './errors.ts';
import { newId } from './ids.ts';
import type { KnownNameSource } from './knownNames.ts';
import { quickFixes } from './language/actions.ts';
import { complete } from './language/completion.ts';
import { diagnose, diagnosticSource, type Severity } from './language/diagnostics.ts';
import { OpenDocument } from './language/document.ts';
import { hover } from './language/hover.ts';
import { lenses } from './language/lenses.ts';
import type { KnownNames } from './language/names.ts';
import type { PythonParser } from './language/parser.ts';
import type { Log } from './log.ts';
import { readParams } from './params.ts';
import type { Method, WireError } from './protocol.ts';
import type { RequestTable } from './requests.ts';
import { version } from './version.ts';

export interface SessionParts {
  connection: ProtocolConnection;
  socket: Socket;
  clients: Clients;
  requests: RequestTable;
  parser: PythonParser;
  known: KnownNameSource;
  /** A file was saved in an editor; its absolute path. */
  onSaved(file: string): void;
  log: Log;
}

/** What an editor says of itself in `initialize`; all of it may be missing, other editors say nothing. */
interface InitializationOptions {
  /** False in an untrusted workspace: nothing is known there, so nothing is marked (invariant 6). */
  trusted?: boolean;
  /** Code → severity, as `workflowKeys.diagnostics.severity` has it. */
  severity?: Record<string, Severity>;
  organizationId?: string;
}

/** Serves a client until its socket closes. Its end is nobody else's. */
export function openSession(parts: SessionParts): void {
  const { connection, socket, clients, log } = parts;
  const client: Client = { connection, kind: 'cli', refreshLanguage: () => undefined };
  clients.add(client);
  serveRequests(parts, client);
  serveLanguage(parts, client);
  connection.onError(([{ name }]) => {
    // Its message would quote what was sent, and nobody knows where the next message begins.
    log.warn({ reason: name }, 'a connection was ended: it sent what is no message');
    socket.destroy();
  });
  connection.onClose(() => clients.remove(client));
  connection.listen();
  socket.on('close', () => clients.remove(client));
}

/** The messages of the protocol: client → daemon. Failures keep their code and message, others get a reference. */
function serveRequests({ connection, requests, log }: SessionParts, client: Client): void {
  for (const [method, handle] of Object.entries(requests)) {
    connection.onRequest(method, async (given: unknown) => {
      try {
        const params = readParams(method as Method, given);
        return await (handle as (params: unknown, client: Client) => Promise<unknown>)(params, client);
      } catch (thrown) {
        const reference = newId();
        const { code, message } = publicError(thrown, reference);
        if (code === 'internal') log.error({ err: thrown, method, reference }, 'a request failed');
        throw new ResponseError<WireError>(LSPErrorCodes.RequestFailed, message, { code });
      }
    });
  }
}

/** LSP: editor → daemon for what is open; daemon → editor only to ask that it pulls again. */
function serveLanguage(parts: SessionParts, client: Client): void {
  const { connection, socket, parser, known } = parts;
  const documents = new Map<string, OpenDocument>();
  let options: InitializationOptions = {};

  connection.onRequest(InitializeRequest.type, (params): InitializeResult => {
    options = (params.initializationOptions as InitializationOptions | undefined) ?? {};
    client.kind = 'editor';
    if (typeof options.organizationId === 'string') client.organizationId = options.organizationId;
    client.refreshLanguage = refresherOf(connection, params.capabilities);
    return { capabilities, serverInfo: { name: 'workflow-keys', version } };
  });
  connection.onRequest(ShutdownRequest.type, () => undefined);
  connection.onNotification('exit', () => {
    socket.end();
  });
  connection.onClose(() => {
    for (const document of documents.values()) document.close();
    documents.clear();
  });

  /** What is not followed any more is silent until it is opened again. */
  const forget = (uri: string) => {
    documents.get(uri)?.close();
    documents.delete(uri);
  };
  connection.onNotification(DidOpenTextDocumentNotification.type, ({ textDocument }) => {
    forget(textDocument.uri);
    if (textDocument.text.length > maxDocumentLength) return;
    documents.set(textDocument.uri, new OpenDocument(parser, textDocument));
  });
  connection.onNotification(DidChangeTextDocumentNotification.type, ({ textDocument, contentChanges }) => {
    const document = documents.get(textDocument.uri);
    if (!document) return;
    const added = contentChanges.reduce((length, { text }) => length + text.length, 0);
    if (document.document.getText().length + added > 2 * maxDocumentLength) forget(textDocument.uri);
    else document.apply(contentChanges, textDocument.version);
  });
  connection.onNotification(DidSaveTextDocumentNotification.type, ({ textDocument: { uri } }) => {
    if (uri.startsWith('file:')) parts.onSaved(fileURLToPath(uri));
  });
  connection.onNotification(DidCloseTextDocumentNotification.type, ({ textDocument }) => {
    forget(textDocument.uri);
  });

  const diagnosticsOf = (document: OpenDocument, names: KnownNames) =>
    diagnose(document.facts(), names, {
      uri: document.uri,
      workflows: known.workflows(),
      ...(options.severity && { severity: options.severity }),
    });
  const namesFor = () => known.names(client.organizationId, options.trusted !== false);

  /** Only our own extension says whether its folder is trusted, and only it has the commands that some offers call. */
  const performable = <Offer extends { command?: Command }>(offers: Offer[]): Offer[] =>
    options.trusted === undefined ? offers.filter(({ command }) => !command?.command) : offers;

  connection.onRequest(DocumentDiagnosticRequest.type, async ({ textDocument }) => {
    const names = await namesFor();
    // It may have been closed while the names were read.
    const document = documents.get(textDocument.uri);
    return {
      kind: DocumentDiagnosticReportKind.Full,
      items: document ? diagnosticsOf(document, names) : [],
    };
  });
  connection.onRequest(CodeActionRequest.type, async ({ textDocument: { uri }, range }) => {
    const names = await namesFor();
    const document = documents.get(uri);
    if (!document) return [];
    return performable(quickFixes(diagnosticsOf(document, names), { uri, range, known: names }));
  });
  connection.onRequest(CompletionRequest.type, async ({ textDocument, position }) => {
    const names = await namesFor();
    const document = documents.get(textDocument.uri);
    return document ? (complete(document.facts(), document.document, position, names) ?? null) : null;
  });
  connection.onRequest(HoverRequest.type, async ({ textDocument, position }) => {
    const names = await namesFor();
    const document = documents.get(textDocument.uri);
    return document ? (hover(document.facts(), position, names) ?? null) : null;
  });
  connection.onRequest(CodeLensRequest.type, ({ textDocument }) => {
    const document = documents.get(textDocument.uri);
    return document ? performable(lenses(document.facts())) : [];
  });
}

/**
 * Characters of an open document. Parsing holds up every other window for about 0.2 s per MB, and nobody writes such
 * a file by hand; while it is edited it may grow to twice this.
 */
const maxDocumentLength = 2 * 1024 * 1024;

const capabilities: InitializeResult['capabilities'] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  diagnosticProvider: {
    identifier: diagnosticSource,
    // A name that is set, or a second workflow of the same name, changes what other files are told.
    interFileDependencies: true,
    workspaceDiagnostics: false,
  },
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
  completionProvider: { triggerCharacters: ['"', "'"] },
  hoverProvider: true,
  codeLensProvider: { resolveProvider: false },
};

/** Asks the editor to pull diagnostics and lenses again, as far as it can. */
function refresherOf(
  connection: ProtocolConnection,
  { workspace }: InitializeParams['capabilities'],
): () => void {
  return () => {
    // An editor that has just gone needs no refresh.
    if (workspace?.diagnostics?.refreshSupport) {
      connection.sendRequest(DiagnosticRefreshRequest.type).catch(() => undefined);
    }
    if (workspace?.codeLens?.refreshSupport) {
      connection.sendRequest(CodeLensRefreshRequest.type).catch(() => undefined);
    }
  };
}
