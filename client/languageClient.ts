/** One LSP connection on an open socket; loaded late, because the library is the heaviest part of the bundle. */

import type { Socket } from 'node:net';
import * as vscode from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from 'vscode-languageclient/node';
import { chosenOrganization, diagnosticSeverities, tracesMessages } from './settings.ts';

export type { LanguageClient };

/**
 * Starts a client on `socket`. `onClosed` is called once when a running connection ends unasked.
 * A connection is used once: after its end a new socket gets a new client, so that the library's own restarts,
 * which give up after five, stay out of the way.
 */
export async function startLanguageClient(
  socket: Socket,
  log: vscode.LogOutputChannel,
  onClosed: (client: LanguageClient) => void,
): Promise<LanguageClient> {
  const client: LanguageClient = new QuietClient(
    'workflowKeys',
    'Workflow Keys',
    async () => ({ reader: socket, writer: socket, detached: true }),
    {
      documentSelector: [{ language: 'python', scheme: 'file' }],
      outputChannel: log,
      traceOutputChannel: traceChannel(log),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: {
        trusted: vscode.workspace.isTrusted,
        severity: diagnosticSeverities(),
        organizationId: chosenOrganization(),
      },
      initializationFailedHandler: () => false,
      diagnosticPullOptions: { onChange: true, onSave: true },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          onClosed(client);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  try {
    await client.start();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return client;
}

/** Logs what the library would show in a pop-up: the status item already tells of a lost connection. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** The start of a traced message: direction, kind, method and number. */
const tracedMessage = /^(?:Sending|Received) [^\n{]*/;

/**
 * The channel that messages are traced to.
 *
 * Invariant: methods only, never parameters or answers, because those hold secrets and keys. The library can
 * trace them, so the setting offers no such level, and whatever the library writes is cut here again.
 */
function traceChannel(log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const level = () => (tracesMessages() ? vscode.LogLevel.Trace : log.logLevel);
  const onDidChangeLogLevel: vscode.Event<vscode.LogLevel> = (listener, self, disposables) =>
    log.onDidChangeLogLevel(() => listener.call(self, level()), undefined, disposables);
  const trace = (text: string) => {
    const message = tracedMessage.exec(text)?.[0];
    if (message === undefined) return;
    if (tracesMessages()) log.info(message);
    else log.trace(message);
  };
  return Object.create(log, {
    logLevel: { get: level },
    onDidChangeLogLevel: { value: onDidChangeLogLevel },
    trace: { value: trace },
  });
}
