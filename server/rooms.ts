/** Opens the domain rooms over a store, each with what it takes of the others; it knows no engine, no HTTP, no client. */

import { pythonDirectory, wasmDirectory } from './beside.ts';
import { openConfigAccess } from './configs/access.ts';
import { commandVariables } from './configs/commandOutput.ts';
import { openConfigs } from './configs/configs.ts';
import { openReferences } from './configs/references.ts';
import type { Vault } from './configs/vault.ts';
import { openCallAccess } from './connections/access.ts';
import { readCertificates } from './connections/certificates.ts';
import { openConnections } from './connections/connections.ts';
import { HttpClient } from './connections/httpClient.ts';
import { openInjection } from './connections/injection.ts';
import { openProbe } from './connections/probe.ts';
import { Tokens } from './connections/tokens.ts';
import { newId } from './ids.ts';
import { openKeys } from './keys/keys.ts';
import { loadPython } from './language/parser.ts';
import type { Log } from './log.ts';
import { selectEnvironment } from './runs/environment.ts';
import { openRunOrganization } from './runs/organization.ts';
import { openRebuild } from './runs/rebuild.ts';
import { defaultRunSettings, openRuns, type RunSettings } from './runs/runner.ts';
import type { Settings } from './settings.ts';
import type { AuditEntry } from './store/contracts/audit.ts';
import type { History } from './store/contracts/history.ts';
import type { State } from './store/contracts/state.ts';
import type { Millis } from './store/contracts/time.ts';
import { version } from './version.ts';
import { openFolders } from './workflows/folders.ts';
import { openOverrides } from './workflows/overrides.ts';
import { WorkflowRegistry } from './workflows/registry.ts';

export interface RoomsParts {
  state: State;
  history: History;
  vault: Vault;
  /** Resolves once the record is durable, and rejects when it cannot be. */
  appendAudit: (entry: AuditEntry) => Promise<unknown>;
  settings: Settings;
  environment: NodeJS.ProcessEnv;
  log: Log;
  clock: () => Millis;
  /** A folder that only this user can enter, with a short path. */
  socketDirectory: string;
  /** Where HTTP is reached, and the port that it listens on: both known once it listens. */
  publicUrl: () => string;
  ownPort: () => number | undefined;
  /** How long runs in flight may take when the daemon stops. */
  runGraceMs: number;
  onRunChange: () => void;
  /** Told how to close what was opened, in the order of opening; also when a later part does not open. */
  closing: (close: () => unknown) => void;
}

/** @throws Failure `bad-input` for a setting; what was opened before it is the caller's to close. */
export async function openRooms(parts: RoomsParts) {
  const { state, history, vault, appendAudit, settings, environment, log, clock, closing } = parts;
  const parser = await loadPython({ wasmDirectory: wasmDirectory(), spentMs });
  const registry = new WorkflowRegistry({ parser });
  const overrides = await openOverrides({ state, registry, clock });
  const { apiKeyPrefix } = settings;
  const keys = await openKeys({ state, history, clock, newId, workflows: registry, apiKeyPrefix });
  closing(() => keys.close());
  const configs = openConfigs({ state, history, vault, clock, newId });

  const client = new HttpClient({
    ...(settings.caFile !== '' && { extraCertificates: readCertificates(settings.caFile) }),
    ownPort: parts.ownPort,
    userAgent: `workflow-keys/${version}`,
  });
  closing(() => client.close());
  const inject = openInjection({ vault, tokens: new Tokens({ state, vault, client, clock }) });
  const probe = openProbe({ client, inject });
  const connections = openConnections({ state, vault, clock, newId, appendAudit, probe });

  const references = openReferences({
    environment,
    commandEnvironment: selectEnvironment(environment, commandVariables),
    dataDirectory: settings.dataDirectory,
    timeoutMs: settings.referenceTimeoutSeconds * 1000,
  });
  closing(() => references.close());
  const organization = (id: string) => state.get('organizations', id);
  const runs = await openRuns({
    history,
    services: {
      ...openConfigAccess({ configs, state, vault, references, appendAudit }),
      ...openCallAccess({ state, client, inject, appendAudit }),
    },
    pythonDirectory: pythonDirectory(),
    socketDirectory: parts.socketDirectory,
    environment,
    log,
    clock,
    newId,
    settings: runSettingsOf(settings),
    rebuild: openRebuild({
      workflow: (id) => registry.get(id),
      organization,
      publicUrl: parts.publicUrl,
    }),
    onChange: parts.onRunChange,
  });
  closing(() => runs.close({ graceMs: parts.runGraceMs }));
  const folders = await openFolders({ state, registry, runs, clock, log });
  closing(() => folders.close());
  const organizationOf = openRunOrganization(organization);
  return {
    parser,
    registry,
    overrides,
    keys,
    configs,
    connections,
    organization,
    organizationOf,
    runs,
    folders,
  };
}

function runSettingsOf(settings: Settings): RunSettings {
  return {
    ...defaultRunSettings,
    poolSize: settings.poolSize,
    maxConcurrent: settings.maxConcurrentRuns,
    maxQueued: settings.maxQueuedRuns,
    maxLogBytes: settings.maxLogKb * 1024,
    maxResultBytes: settings.maxResultKb * 1024,
    memoryLimitMb: settings.memoryLimitMb,
    ...(settings.python !== '' && { python: settings.python }),
  };
}

/** How long this process has kept a processor busy. */
function spentMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
