/** What editor and command line may ask: one handler per message of the protocol, each a call of a domain room. */

import { isAbsolute } from 'node:path';
import type { AuditLog } from './audit/auditLog.ts';
import type { Refusals } from './audit/refusals.ts';
import { auditRow } from './audit/rows.ts';
import { followAudit, searchAudit } from './audit/search.ts';
import type { Backups } from './backup.ts';
import type { Bundles } from './bundles/bundles.ts';
import type { Client, Clients } from './clients.ts';
import type { Configs } from './configs/configs.ts';
import type { Rotation } from './configs/rotation.ts';
import { parseText } from './configs/values.ts';
import type { Connections } from './connections/connections.ts';
import { Failure } from './errors.ts';
import { curlFor } from './keys/curl.ts';
import type { Keys, MadeKey } from './keys/keys.ts';
import { callOfKey, callOfWorkflow } from './keys/sampleCall.ts';
import { samplesOf } from './keys/sampleCode.ts';
import type { Lint } from './lint.ts';
import { defaultOverlapDays } from './protocol/keys.ts';
import { runStatuses } from './protocol/runs.ts';
import { type Method, protocolVersion, type Requests } from './protocol.ts';
import { finishedWithin } from './runs/finished.ts';
import type { RunOrganization } from './runs/organization.ts';
import { principalOf } from './runs/principal.ts';
import { logRow, runDetail, runRow } from './runs/rows.ts';
import type { Runs } from './runs/runner.ts';
import type { Settings } from './settings.ts';
import type { History } from './store/contracts/history.ts';
import { version } from './version.ts';
import type { Folders } from './workflows/folders.ts';
import { checkInput } from './workflows/input.ts';
import type { Overrides } from './workflows/overrides.ts';
import type { WorkflowRegistry } from './workflows/registry.ts';
import { workflowRow } from './workflows/rows.ts';

export interface RequestParts {
  keys: Keys;
  configs: Configs;
  connections: Connections;
  bundles: Bundles;
  backups: Backups;
  registry: WorkflowRegistry;
  folders: Folders;
  overrides: Overrides;
  organizationOf: RunOrganization;
  runs: Runs;
  history: History;
  audit: AuditLog;
  refusals: Pick<Refusals, 'explain'>;
  clients: Clients;
  lint: Lint;
  settings: Settings;
  rotation: Rotation;
  startedAt: string;
  url: () => string;
  /** Begins to stop; returns at once. */
  stop: () => void;
}

/** A message without a handler here does not compile. */
export type RequestTable = {
  [M in Method]: (params: Requests[M]['params'], client: Client) => Promise<Requests[M]['result']>;
};

const defaultPageSize = 50;
const maxPageSize = 1000;
/** So long a client that has gone may keep a question of its open. */
const followLimitMs = 10_000;

export function buildRequests(parts: RequestParts): RequestTable {
  const {
    keys,
    configs,
    connections,
    rotation,
    bundles,
    backups,
    registry,
    folders,
    runs,
    history,
    audit,
    refusals,
    overrides,
    organizationOf,
    clients,
    lint,
    settings,
    startedAt,
    url,
    stop,
  } = parts;

  const withCurl = <M extends MadeKey>(made: M) => ({
    ...made,
    curl: curlFor({ url: url(), row: made.row, key: made.key, workflows: registry }),
  });
  const findRun = async (id: string) => {
    const run = await history.getRun(id);
    if (!run) throw new Failure('not-found', `There is no run ${id}; list the runs to see their ids.`);
    return run;
  };

  const findWorkflow = (id: string) => {
    const workflow = registry.get(id);
    if (!workflow) throw new Failure('not-found', `There is no workflow "${id}" in any registered folder.`);
    return workflow;
  };

  return {
    'workflowKeys/daemon/status': async () => ({
      pid: process.pid,
      version,
      protocolVersion,
      url: url(),
      dataDirectory: settings.dataDirectory,
      startedAt,
      folders: folders.list(),
      clients: clients.size,
      activeRuns: runs.active(),
      memoryBytes: process.memoryUsage.rss(),
      secretKey: await rotation.keyState(),
    }),
    'workflowKeys/daemon/stop': async () => {
      // Writing the answer takes a few turns of the event loop, and the end of the connections must not overtake it.
      setTimeout(stop, 20);
      return null;
    },

    'workflowKeys/keys/list': () => keys.list(),
    'workflowKeys/keys/create': async (params, client) => withCurl(await keys.create(params, client.kind)),
    'workflowKeys/keys/createApi': async (params, client) =>
      withCurl(await keys.createApiKey(params, client.kind)),
    'workflowKeys/keys/rotate': async ({ id, overlapDays = defaultOverlapDays }, client) =>
      withCurl(await keys.rotate(id, { overlapDays }, client.kind)),
    'workflowKeys/keys/rebind': ({ id, workflowId }, client) => keys.rebind(id, workflowId, client.kind),
    'workflowKeys/keys/revoke': ({ id }, client) => keys.revoke(id, client.kind),
    'workflowKeys/keys/offeredWorkflows': async () =>
      (await keys.offeredWorkflows()).map((workflow) => workflowRow(workflow, url())),
    'workflowKeys/keys/samples': async ({ id }) => samplesOf(callOfKey(await keys.get(id), registry), url()),

    'workflowKeys/configs/list': (params) => configs.list(params),
    'workflowKeys/configs/get': (params) => configs.get(params),
    'workflowKeys/configs/set': ({ value, ...params }, client) =>
      configs.set(
        {
          ...params,
          // People type text; what it must be follows from the type.
          ...(value !== undefined && {
            value: typeof value === 'string' ? parseText(params.name, params.type, value) : value,
          }),
        },
        client.kind,
      ),
    'workflowKeys/configs/unset': async (params, client) => {
      await configs.unset(params, client.kind);
      return null;
    },

    'workflowKeys/credentials/list': (params) => connections.list(params),
    'workflowKeys/credentials/add': (params, client) => connections.create(params, client.kind),
    'workflowKeys/credentials/rotate': (params, client) => connections.rotate(params, client.kind),
    'workflowKeys/credentials/test': (params, client) => connections.test(params, client.kind),
    'workflowKeys/credentials/remove': async (params, client) => {
      await connections.remove(params, client.kind);
      return null;
    },
    'workflowKeys/credentials/services': async () => connections.services(),

    'workflowKeys/secretKey/check': () => rotation.check(),
    'workflowKeys/secretKey/rotate': async ({ key, generate = false }, client) => {
      if ((key !== undefined) === generate) {
        throw new Failure('bad-input', 'Give the new secret key, or have it generated; not both.');
      }
      return rotation.rotate(
        key === undefined ? { kind: 'generated' } : { kind: 'chosen', text: key },
        client.kind,
      );
    },
    'workflowKeys/secretKey/progress': async () => rotation.progress ?? null,

    'workflowKeys/organizations/list': () => configs.listOrganizations(),
    'workflowKeys/organizations/add': (params, client) => configs.addOrganization(params, client.kind),
    'workflowKeys/organizations/rename': (params, client) => configs.renameOrganization(params, client.kind),
    'workflowKeys/organizations/contents': (params) => configs.organizationContents(params),
    'workflowKeys/organizations/remove': (params, client) => configs.removeOrganization(params, client.kind),

    'workflowKeys/bundles/export': (_params, client) => bundles.export(client.kind),
    'workflowKeys/bundles/preview': ({ text }) => bundles.preview(text),
    'workflowKeys/bundles/import': (params, client) => bundles.import(params, client.kind),

    'workflowKeys/backups/write': ({ path, replace = false }, client) =>
      backups.write({ path, replace }, client.kind),
    'workflowKeys/backups/progress': async () => backups.progress ?? null,

    'workflowKeys/workflows/list': async () =>
      registry.list().map((workflow) => workflowRow(workflow, url())),
    'workflowKeys/workflows/samples': async ({ id }) => samplesOf(callOfWorkflow(findWorkflow(id)), url()),
    'workflowKeys/workflows/setOrganization': async ({ id, organizationId }, client) => {
      findWorkflow(id);
      await overrides.set(id, { organizationId: organizationId ?? null }, client.kind);
      return workflowRow(findWorkflow(id), url());
    },
    'workflowKeys/folders/register': async (params, client) => ({
      workflows: await folders.register(params, client.kind),
    }),
    'workflowKeys/folders/unregister': async ({ path }, client) => {
      await folders.unregister(path, client.kind);
      return null;
    },

    'workflowKeys/runs/start': async ({ workflowId, input, organizationId }, client) => {
      // Whoever saves and runs at once means what was saved.
      await folders.settled();
      const workflow = findWorkflow(workflowId);
      if (workflow.duplicate) {
        throw new Failure(
          'conflict',
          `Two workflows are named "${workflowId}"; rename one of the two first.`,
        );
      }
      // A developer at this machine chooses, as a key does.
      const organization = await organizationOf(workflow, organizationId);
      const run = await runs.start({
        workflow,
        input: checkInput(workflow, input),
        ...(organization && { organization }),
        triggeredBy: client.kind,
        mode: workflow.executionMode,
        principal: principalOf(client.kind),
        publicUrl: url(),
      });
      const finished = await finishedWithin(run, settings.waitLimitSeconds * 1000);
      return runDetail(finished ?? (await findRun(run.id)));
    },
    'workflowKeys/runs/list': async ({ status, createdFrom, createdTo, limit, ...exact }) => {
      if (status !== undefined && !runStatuses.includes(status)) {
        throw new Failure('bad-input', `A run's status is one of ${runStatuses.join(', ')}.`);
      }
      const found = await history.listRuns({
        ...exact,
        limit: pageSize(limit),
        ...(status !== undefined && { status }),
        ...(createdFrom !== undefined && { createdFrom: readTime('createdFrom', createdFrom) }),
        ...(createdTo !== undefined && { createdTo: readTime('createdTo', createdTo) }),
      });
      return found.map(runRow);
    },
    'workflowKeys/runs/show': async ({ id }) => runDetail(await findRun(id)),
    'workflowKeys/runs/cancel': async ({ id }) => {
      await findRun(id);
      await runs.cancel(id);
      return runRow(await findRun(id));
    },
    'workflowKeys/runs/retry': async ({ id }, client) => {
      const run = await runs.retry(id, client.kind);
      return runRow(await findRun(run.id));
    },
    'workflowKeys/runs/follow': async ({ id, after }) => {
      const events = await runs.follow(id, { after, signal: AbortSignal.timeout(followLimitMs) });
      for await (const event of events) {
        return event.kind === 'lines'
          ? { lines: event.lines.map(logRow), ended: null }
          : { lines: [], ended: runRow(event.run) };
      }
      return { lines: [], ended: null };
    },

    'workflowKeys/language/lint': async ({ path, organizationId }) => {
      if (!isAbsolute(path)) throw new Failure('bad-input', 'Give the absolute path of the folder to lint.');
      return lint(path, organizationId);
    },
    'workflowKeys/language/chooseOrganization': async ({ organizationId }, client) => {
      if (organizationId === undefined) delete client.organizationId;
      else client.organizationId = organizationId;
      client.refreshLanguage();
      return null;
    },

    'workflowKeys/requests/explain': ({ requestId }) => refusals.explain(requestId),

    'workflowKeys/audit/list': async ({ after, limit, since, ...wish }) => {
      const size = pageSize(limit);
      const page =
        after === undefined
          ? await searchAudit(
              audit,
              { ...wish, ...(since !== undefined && { since: readTime('since', since) }) },
              size,
            )
          : await audit.list({ after, limit: size });
      return page.map(auditRow);
    },
    'workflowKeys/audit/follow': async ({ after, ...wish }) => {
      const { records, last } = await followAudit(audit, after, wish, AbortSignal.timeout(followLimitMs));
      return { rows: records.map(auditRow), last };
    },
    'workflowKeys/audit/verify': () => audit.verify(),
  };
}

function readTime(name: string, timestamp: string): number {
  const time = Date.parse(timestamp);
  if (Number.isNaN(time)) {
    throw new Failure('bad-input', `${name} must be a time such as 2026-11-21T02:25:00Z.`);
  }
  return time;
}

function pageSize(limit: number | undefined): number {
  if (limit === undefined) return defaultPageSize;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxPageSize) {
    throw new Failure('bad-input', `The limit must be a whole number from 1 to ${maxPageSize}.`);
  }
  return limit;
}
