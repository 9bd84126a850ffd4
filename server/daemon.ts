/** The daemon: holds the data directory, builds every part over it, and takes all of it down again in order. */

import { openAnnouncement } from './announcement.ts';
import { openRefusals } from './audit/refusals.ts';
import { Backups } from './backup.ts';
import { parseWorkerFile, referenceDirectory } from './beside.ts';
import { openBundles } from './bundles/bundles.ts';
import { readBundle } from './bundles/reader.ts';
import { Clients } from './clients.ts';
import { buildHttp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { watchIdle } from './idle.ts';
import { openLimits } from './keys/limits.ts';
import { sha256 } from './keys/mint.ts';
import { newSocketToken } from './keys/socketToken.ts';
import { openKnownNames } from './knownNames.ts';
import { openLint } from './lint.ts';
import type { Log } from './log.ts';
import { protocolVersion } from './protocol.ts';
import { buildRequests } from './requests.ts';
import { openRooms } from './rooms.ts';
import { openSealing } from './sealing.ts';
import { openSession } from './session.ts';
import type { Settings } from './settings.ts';
import { openSocketDirectory } from './socketDirectory.ts';
import type { AuditEntry } from './store/contracts/audit.ts';
import { lockDataDirectory } from './store/lock.ts';
import { openLowdbState } from './store/lowdbState.ts';
import { finishReplacement } from './store/replacement.ts';
import { openSqliteHistory } from './store/sqliteHistory.ts';
import { version } from './version.ts';
import { welcome } from './welcome.ts';
import { openWire } from './wire.ts';
import { openAuthoring } from './workflows/authoring.ts';

export interface DaemonOptions {
  settings: Settings;
  /** Absolute paths, registered beside the remembered ones. */
  folders: readonly string[];
  /** Stops by itself when nobody needs it any more. */
  background: boolean;
  environment: NodeJS.ProcessEnv;
  log: Log;
}

export interface Daemon {
  url: string;
  /** What whoever started the daemon should see: that secrets cannot be read. */
  notice?: string;
  /** The registered folders, and how many workflows each holds. */
  folders(): { path: string; workflows: number }[];
  /** A line to try the daemon with; makes a first key when there is none. */
  welcome(called: string): Promise<string>;
  /** Runs in flight finish, for at most 8 s; then everything ends. Further calls wait for the same end. */
  stop(): Promise<void>;
  /** Resolves when the daemon has stopped, for whatever reason. */
  stopped: Promise<void>;
}

/** Less than the 10 s within which a stop is promised, so that the rest has time too. */
const runGraceMs = 8_000;

/**
 * Starts the daemon; when this resolves it answers.
 *
 * @throws Failure `data-locked`, `data-damaged`, `data-too-new`, `port-taken`, `bad-input` (a folder, a setting);
 * what was opened before the failure is closed again.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { log } = options;
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.toReversed()) {
      try {
        await close();
      } catch (thrown) {
        log.error({ err: thrown }, 'a part did not close');
      }
    }
  };
  try {
    return await compose(options, closers, closeAll);
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

async function compose(
  options: DaemonOptions,
  closers: (() => unknown)[],
  closeAll: () => Promise<void>,
): Promise<Daemon> {
  const { settings, log, environment } = options;
  const directory = settings.dataDirectory;
  const clock = Date.now;
  const startedAt = new Date().toISOString();
  let listeningPort: number | undefined;

  // First in, last out: what goes wrong while the rest is closed is survived too.
  closers.push(outlive(log));
  const lock = lockDataDirectory(directory);
  closers.push(() => lock.release());
  if (await finishReplacement(directory, clock())) log.info('a restore that was cut off is finished');
  const announcement = openAnnouncement(directory);
  closers.push(() => announcement.withdraw());

  const history = await openSqliteHistory({ directory });
  closers.push(() => history.close());
  const state = await openLowdbState({
    directory,
    // Nothing changes before the log is open.
    writeAudit: async (entries) => {
      await sealing.audit.append(entries);
    },
  });
  closers.push(() => state.close());

  const sealing = await openSealing({ state, history, environment, directory, clock });
  const { vault, audit, rotation } = sealing;
  const notice = await sealing.begin();
  if (notice !== undefined) log.error(notice);

  const sockets = openSocketDirectory(directory);
  closers.push(() => sockets.remove());
  const clients = new Clients();
  closers.push(() => clients.close());
  const appendAudit = (entry: AuditEntry) => audit.append([{ entry }]);
  const rooms = await openRooms({
    state,
    history,
    vault,
    appendAudit,
    settings,
    environment,
    log,
    clock,
    socketDirectory: sockets.directory,
    publicUrl: () => url(),
    ownPort: () => listeningPort,
    runGraceMs,
    onRunChange: () => clients.announceSoon('runs'),
    closing: (close) => closers.push(close),
  });
  const { parser, registry, overrides, keys, configs, connections, runs, folders } = rooms;
  for (const path of options.folders) await folders.register({ path }, 'cli');

  const known = openKnownNames(configs, registry);
  closers.push(keys.onChange(() => clients.announce(['keys'])));
  closers.push(configs.onChange((nouns) => clients.announce(nouns)));
  closers.push(connections.onChange(() => clients.announce(['credentials'])));
  closers.push(registry.onChange(() => clients.announce(['workflows', 'keys'])));

  const refusals = openRefusals({
    audit,
    clock,
    onUnrecorded: (thrown) => log.error({ err: thrown }, 'a refusal was not recorded'),
  });
  const { app, url } = buildHttp({
    keys,
    limits: openLimits({ clock, windowMs: settings.rateWindowSeconds * 1000 }),
    workflows: registry,
    runs,
    organization: rooms.organization,
    organizationOf: rooms.organizationOf,
    history,
    configs,
    connections,
    audit,
    overrides,
    authoring: openAuthoring({ registry, folders, parser, appendAudit }),
    refusals,
    referenceDirectory: referenceDirectory(),
    settings,
    log,
  });
  const token = newSocketToken();
  const requests = buildRequests({
    keys,
    configs,
    connections,
    backups: new Backups({ state, history, appendAudit, clock, keySource: sealing.source }),
    bundles: openBundles({
      state,
      configs,
      overrides,
      read: (text) => readBundle(text, parseWorkerFile()),
      hash: sha256,
    }),
    registry,
    folders,
    runs,
    history,
    audit,
    refusals,
    overrides,
    organizationOf: rooms.organizationOf,
    clients,
    lint: openLint({ parser, known }),
    settings,
    rotation,
    startedAt,
    url,
    stop: () => void stop(),
  });
  const wire = await openWire({
    path: sockets.path('daemon'),
    token,
    onClient: (connection, socket) =>
      openSession({
        connection,
        socket,
        clients,
        requests,
        parser,
        known,
        onSaved: (file) => folders.noteSaved(file),
        log,
      }),
  });
  closers.push(() => wire.close());
  // After the wire, so it closes before it: whoever waits for a run, here or there, is answered as soon as it ends.
  closers.push(async () => {
    const closed = app.close();
    await runs.close({ graceMs: runGraceMs });
    // A connection that is kept alive after its last answer would keep the daemon alive too.
    const timer = setInterval(() => app.server.closeIdleConnections(), 50);
    await closed;
    clearInterval(timer);
  });
  await listen(app, settings);
  listeningPort = Number(new URL(url()).port || 80);

  announcement.publish(token, {
    pid: process.pid,
    version,
    protocolVersion,
    socket: wire.path,
    url: url(),
    startedAt,
  });
  await runs.resume();
  log.info({ url: url(), version }, 'the daemon is ready');

  const { promise: stopped, resolve: markStopped } = Promise.withResolvers<void>();
  let stopping = false;
  const stop = (): Promise<void> => {
    if (!stopping) {
      stopping = true;
      log.info('the daemon stops');
      void closeAll().then(markStopped);
    }
    return stopped;
  };
  if (options.background && settings.idleSeconds > 0) {
    const stopWatching = watchIdle({
      idleMs: settings.idleSeconds * 1000,
      isNeeded: () =>
        clients.size > 0 ||
        runs.active() > 0 ||
        (settings.stayForEndpoints && registry.list().some(({ endpointEnabled }) => endpointEnabled)),
      clock,
      onIdle: () => void stop(),
    });
    closers.push(stopWatching);
  }
  return {
    url: url(),
    ...(notice !== undefined && { notice }),
    folders: () =>
      folders.list().map((path) => ({
        path,
        workflows: registry.list().filter(({ folder }) => folder === path).length,
      })),
    welcome: (called) => welcome({ keys, workflows: registry, url: url(), called }),
    stop,
    stopped,
  };
}

/**
 * Invariant: no window, client or run can take the daemon down for the others.
 * What nobody caught is logged; every change is a transaction, so nothing is left half done by it.
 */
function outlive(log: Log): () => void {
  const onThrown = (thrown: unknown) => log.error({ err: thrown }, 'nobody caught this');
  process.on('uncaughtException', onThrown);
  process.on('unhandledRejection', onThrown);
  return () => {
    process.off('uncaughtException', onThrown);
    process.off('unhandledRejection', onThrown);
  };
}
