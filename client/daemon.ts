/** The window's connection to the one daemon: find it or start it, stay connected; it knows no view or command. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { DaemonFile } from '../server/protocol/daemon.ts';
import {
  type ChangedNoun,
  type Method,
  type Notifications,
  protocolVersion,
  type Requests,
} from '../server/protocol.ts';
import { Failure } from './failure.ts';
import type { LanguageClient } from './languageClient.ts';
import { isOlder, launchDaemon, openSocket, processEnd, readDaemonFile } from './launch.ts';
import { daemonSettings } from './settings.ts';

export type DaemonState =
  | { kind: 'stopped' }
  | { kind: 'starting' }
  | { kind: 'ready'; url: string; version: string }
  | { kind: 'failed'; failure: Failure };

/** Seconds before each try after a lost connection; after the last one the user is asked. */
const retrySeconds = [1, 2, 4, 8, 16];
/** A daemon with much to read takes seconds; after this somebody should know. */
const startLimitMs = 60_000;
/** How long an older daemon may take to finish its runs before ours says that it waits in vain. */
const drainLimitMs = 60_000;
/** A winner of two daemons that start at once needs a moment until it answers. */
const winnerLimitMs = 10_000;
/** The editor gives an extension about two seconds to end. */
const closeLimitMs = 1_500;

interface Connection {
  client: LanguageClient;
  file: DaemonFile;
}

export class Daemon implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #extension: vscode.ExtensionContext;
  readonly #stateChanged = new vscode.EventEmitter<DaemonState>();
  readonly #rowsChanged = new vscode.EventEmitter<ChangedNoun[]>();
  readonly #gaveUp = new vscode.EventEmitter<Failure>();
  readonly onDidChangeState = this.#stateChanged.event;
  /** What the daemon says has changed, for views to read again. */
  readonly onDidChangeRows = this.#rowsChanged.event;
  /** A lost connection could not be restored. */
  readonly onDidGiveUp = this.#gaveUp.event;

  #state: DaemonState = { kind: 'stopped' };
  /** The connection that requests use, or the try to get one. */
  #connection: Promise<Connection> | undefined;
  /** The client whose end is a loss. */
  #live: LanguageClient | undefined;
  #retrying = new AbortController();

  constructor(extension: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#extension = extension;
    this.#log = log;
  }

  get state(): DaemonState {
    return this.#state;
  }

  /** Connects, and starts a daemon when none answers, also one that is just stopping. Fails as `launchDaemon` does. */
  async start(): Promise<void> {
    await this.#connection?.catch(() => undefined);
    await this.#connect({ launch: true });
  }

  /** Asks the daemon, which is started when it is not there. Fails with the daemon's own failure. */
  async request<M extends Method>(method: M, params: Requests[M]['params']): Promise<Requests[M]['result']> {
    const { client } = await this.#connect({ launch: true });
    try {
      return await client.sendRequest<Requests[M]['result']>(method, params);
    } catch (error) {
      throw toFailure(error);
    }
  }

  /** Stops the daemon for every window. Fails with `stopping` while it still finishes its runs. */
  async stop(): Promise<void> {
    this.#retrying.abort();
    const connection = await this.#connect({ launch: false }).catch(() => undefined);
    const stopped = connection ? this.#stopDaemon(connection) : Promise.resolve();
    // A view that asks meanwhile must not start the daemon again.
    this.#connection = stopped.then(() => {
      throw new Failure('stopping', vscode.l10n.t('The daemon is stopping; start it again when it has.'));
    });
    this.#connection.catch(() => undefined);
    try {
      await stopped;
    } finally {
      this.#connection = undefined;
    }
    this.#setState({ kind: 'stopped' });
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** A new connection to the same daemon, for what is said only once: trust, severities. */
  async reconnect(): Promise<void> {
    await this.disconnect();
    await this.start();
  }

  /** Ends this window's connection and leaves the daemon to others. */
  async disconnect(): Promise<void> {
    this.#retrying.abort();
    const client = this.#live;
    this.#live = undefined;
    this.#connection = undefined;
    await client?.dispose(closeLimitMs).catch((error) => this.#log.debug('Closing failed.', error));
  }

  dispose(): void {
    this.#retrying.abort();
    this.#stateChanged.dispose();
    this.#rowsChanged.dispose();
    this.#gaveUp.dispose();
  }

  #connect(options: { launch: boolean }): Promise<Connection> {
    if (this.#connection) return this.#connection;
    this.#setState({ kind: 'starting' });
    const connection = this.#open(options);
    this.#connection = connection;
    const isCurrent = () => this.#connection === connection;
    void connection.then(
      ({ file }) => {
        if (isCurrent()) this.#setState({ kind: 'ready', url: file.url, version: file.version });
      },
      (error) => {
        if (!isCurrent()) return;
        this.#connection = undefined;
        this.#setState(options.launch ? { kind: 'failed', failure: toFailure(error) } : { kind: 'stopped' });
      },
    );
    return connection;
  }

  async #open({ launch }: { launch: boolean }): Promise<Connection> {
    const running = await this.#attachToRunning();
    if (running) return running;
    if (!launch) throw new Failure('daemon-unreachable', vscode.l10n.t('The daemon is not running.'));
    try {
      await this.#launch();
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'data-locked')) throw error;
      return await this.#attachToWinner(error);
    }
    const started = await this.#attachToRunning();
    if (started) return started;
    throw new Failure(
      'daemon-unreachable',
      vscode.l10n.t('The daemon started, but does not answer; its log says why.'),
    );
  }

  async #launch(): Promise<void> {
    this.#log.info('Starting the daemon.');
    const serverFile = join(this.#extension.extensionPath, 'dist', 'server.js');
    await launchDaemon({
      ...daemonSettings(),
      serverFile,
      onLine: (line) => this.#log.info(line),
      limit: AbortSignal.timeout(startLimitMs),
    });
  }

  /** Another daemon was faster: it answers soon, or our own failure was the truth. */
  async #attachToWinner(failure: Failure): Promise<Connection> {
    const limit = AbortSignal.timeout(winnerLimitMs);
    while (!limit.aborted) {
      const connection = await this.#attachToRunning();
      if (connection) return connection;
      await delay(100);
    }
    throw failure;
  }

  /** Connects to the daemon that runs; `undefined` when none answers, or it was older and has now stopped. */
  async #attachToRunning(): Promise<Connection | undefined> {
    const file = await readDaemonFile(daemonSettings().dataDirectory);
    const socket = file && (await openSocket(file).catch(() => undefined));
    if (!socket) return undefined;
    if (file.protocolVersion > protocolVersion) {
      socket.destroy();
      throw new Failure(
        'conflict',
        vscode.l10n.t('The running daemon ({0}) is newer; update the extension.', file.version),
      );
    }
    const { startLanguageClient } = await import('./languageClient.ts');
    const client = await startLanguageClient(socket, this.#log, (closed) => this.#lost(closed));
    this.#live = client;
    client.onNotification('workflowKeys/changed', ({ nouns }: Notifications['workflowKeys/changed']) =>
      this.#rowsChanged.fire(nouns),
    );
    if (!isOlder(file.version, this.#extension.extension.packageJSON.version)) return { client, file };
    this.#log.info(`The running daemon is older (${file.version}); stopping it.`);
    await this.#stopDaemon({ client, file });
    return undefined;
  }

  async #stopDaemon({ client, file }: Connection): Promise<void> {
    this.#live = undefined;
    try {
      // The daemon may be gone before its answer is here; what counts is its end.
      await client
        .sendRequest('workflowKeys/daemon/stop', null)
        .catch((error) => this.#log.debug('The stop was not answered.', error));
      await processEnd(file.pid, AbortSignal.timeout(drainLimitMs));
    } catch (cause) {
      throw new Failure(
        'stopping',
        vscode.l10n.t('The daemon still finishes its runs; cancel them, or try again when they are done.'),
        { cause },
      );
    } finally {
      await client.dispose(closeLimitMs).catch((error) => this.#log.debug('Closing failed.', error));
    }
  }

  #lost(client: LanguageClient): void {
    if (client !== this.#live) return;
    this.#log.warn('The connection to the daemon was lost.');
    this.#live = undefined;
    this.#connection = undefined;
    this.#retrying = new AbortController();
    void this.#retry(this.#retrying.signal);
  }

  /**
   * Tries again, less and less often, then asks.
   * A daemon that was stopped on purpose takes its file with it: it is looked for, but not started unasked.
   */
  async #retry(signal: AbortSignal): Promise<void> {
    this.#setState({ kind: 'starting' });
    for (const seconds of retrySeconds) {
      await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || this.#connection) return;
      const launch = (await readDaemonFile(daemonSettings().dataDirectory)) !== undefined;
      const connected = await this.#connect({ launch }).then(
        () => true,
        (error) => this.#log.warn(toFailure(error).message),
      );
      if (connected) return;
    }
    if (this.#state.kind === 'failed') this.#gaveUp.fire(this.#state.failure);
  }

  #setState(state: DaemonState): void {
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

/** What went wrong, in the daemon's words where it said any. */
function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { data, message } = (error ?? {}) as { data?: { code?: unknown }; message?: string };
  if (typeof data?.code === 'string' && message) return new Failure(data.code, message, { cause: error });
  return new Failure(
    'daemon-unreachable',
    vscode.l10n.t('The daemon went away before it answered; try again.'),
    {
      cause: error,
    },
  );
}
