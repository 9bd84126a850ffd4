/** `/api/v1/runs`, and the same history as `/api/executions`: listed, shown, cancelled, retried (A8, A11, F15). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { ownsRun } from '../configs/organizations.ts';
import type { Keys } from '../keys/keys.ts';
import { mayRun } from '../keys/permissions.ts';
import { runDetail, runRow } from '../runs/rows.ts';
import type { Runs } from '../runs/runner.ts';
import type { History } from '../store/contracts/history.ts';
import type { OrganizationRecord } from '../store/contracts/records.ts';
import type { RunFilter, RunRecord, RunSummary } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';
import { compareTexts } from '../textOrder.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { watchKey } from './keyWatch.ts';
import { placeFor } from './ownership.ts';
import { pageOf, pageQuery, readPage } from './paging.ts';
import { type Asker, type ResourceParts, routeResource } from './resource.ts';
import { sendRunLogs } from './runLogs.ts';
import { runAnswer, runRowSchema, runStatus } from './runSchemas.ts';
import { envelope, errorAnswer, strict, timestamp } from './schemas.ts';

export interface RunRouteParts extends ResourceParts {
  history: Pick<History, 'getRun' | 'listRuns'>;
  runs: Pick<Runs, 'cancel' | 'retry' | 'follow'>;
  keys: Pick<Keys, 'isValid' | 'onChange'>;
  workflows: { get(id: string): Workflow | undefined };
  organization: (id: string) => Promise<OrganizationRecord | undefined>;
}

const listQuery = strict({
  ...pageQuery,
  workflowId: Type.Optional(Type.String()),
  status: Type.Optional(runStatus),
  keyId: Type.Optional(Type.String({ description: 'Only runs that this key has triggered.' })),
  organizationId: Type.Optional(Type.String()),
  from: Type.Optional(
    Type.String({ description: 'Only runs that began to exist at this time or later.', ...timestamp }),
  ),
  to: Type.Optional(
    Type.String({ description: 'Only runs that began to exist before this time.', ...timestamp }),
  ),
});

const runAddress = strict({ id: Type.String() });

export function routeRuns(app: FastifyInstance, parts: RunRouteParts): void {
  routeHistory(app, parts, { base: '/api/v1/runs', tag: 'Runs', noun: 'Run' });
  routeHistory(app, parts, { base: '/api/executions', tag: 'Executions', noun: 'Execution' });

  routeLogs(app, parts);
  routeCommands(app, parts);
}

/** Cancel and retry count as Execute (A11, D21). */
function routeCommands(app: FastifyInstance, parts: RunRouteParts): void {
  const { runs, history } = parts;
  const operation = { scope: 'workflows:execute', category: 'execute' } as const;
  const one = { tag: 'Runs', params: runAddress, find: finder(parts) };

  routeResource(app, parts, { ...one, url: '/api/v1/runs/:id/cancel' }, (add) => {
    add(
      'POST',
      {
        ...operation,
        id: 'cancelRun',
        summary: 'End a run that waits or runs',
        answers: { 200: envelope(runAnswer), 409: errorAnswer },
      },
      async ({ found }) => ({ success: true, data: runDetail(await runs.cancel(found.id)) }),
    );
  });

  routeResource(app, parts, { ...one, url: '/api/v1/runs/:id/retry', find: retryFinder(parts) }, (add) => {
    add(
      'POST',
      {
        ...operation,
        id: 'retryRun',
        summary: 'Run it again with the same input, as a new run that names the old one',
        answers: { 202: envelope(runAnswer), 409: errorAnswer },
      },
      async ({ asker, found, reply }) => {
        const { id } = await runs.retry(found.id, asker.actor);
        const record = await history.getRun(id);
        if (!record) throw new Error('A run that was accepted is not in the history.');
        reply.code(202).header('location', `/api/v1/runs/${id}`);
        return { success: true, data: runDetail(record) };
      },
    );
  });
}

function routeLogs(app: FastifyInstance, parts: RunRouteParts): void {
  const one = { tag: 'Runs', params: runAddress, find: finder(parts) };
  routeResource(app, parts, { ...one, url: '/api/v1/runs/:id/logs' }, (add) => {
    add(
      'GET',
      {
        id: 'followRunLogs',
        summary: "A run's log lines as server-sent events, while it goes on",
        description: 'Events `log` with a line, numbered by their ids, and at last `end` with the run.',
        scope: 'runs:read',
        answers: { 200: Type.String() },
        produces: 'text/event-stream',
      },
      ({ asker, found, request, reply }) => {
        const watch = watchKey(parts.keys, asker.record.id);
        reply.raw.once('close', watch.stop);
        return sendRunLogs(parts.runs, found.id, request, reply, watch.signal);
      },
    );
  });
}

function routeHistory(
  app: FastifyInstance,
  parts: RunRouteParts,
  { base, tag, noun }: { base: string; tag: string; noun: string },
): void {
  const scope = 'runs:read';
  routeResource(app, parts, { url: base, tag }, (add) => {
    add(
      'GET',
      {
        id: `list${noun}s`,
        summary: 'Runs, newest first',
        scope,
        permit: checkFilter,
        query: listQuery,
        answers: { 200: pageOf(runRowSchema) },
      },
      async ({ asker, query }) => {
        const { workflowId, status, keyId, from, to } = query;
        const { workflowIds: allowed, organizationId: own } = asker.record;
        const { organizationId } = placeFor(asker, query);
        // An organization sees no run of a former one under its id.
        const ownFrom = own === undefined ? undefined : (await parts.organization(own))?.createdAt;
        const createdFrom = Math.max(from === undefined ? 0 : readTime(from), ownFrom ?? 0);
        const filter = {
          ...(status !== undefined && { status }),
          ...(keyId !== undefined && { triggeredBy: `key:${keyId}` }),
          ...(organizationId !== undefined && { organizationId }),
          ...(createdFrom > 0 && { createdFrom }),
          ...(to !== undefined && { createdTo: readTime(to) }),
        };
        const workflowIds = workflowId === undefined ? allowed : [workflowId];
        const list = [base, workflowId, status, keyId, organizationId, from, to, ...(allowed ?? [])];
        return readPage(query, list, {
          read: (before, limit) =>
            listRuns(parts.history, workflowIds, {
              ...filter,
              limit,
              ...(before !== undefined && { before }),
            }),
          positionOf: ({ id }) => id,
          shown: runRow,
        });
      },
    );
  });

  routeResource(app, parts, { url: `${base}/:id`, tag, params: runAddress, find: finder(parts) }, (add) => {
    add(
      'GET',
      {
        id: `get${noun}`,
        summary: 'One run with its input, result, error and logs, scrubbed',
        scope,
        answers: { 200: envelope(runAnswer) },
      },
      ({ found }) => ({ success: true, data: runDetail(found) }),
    );
  });
}

/** What a key may not know of is refused where it is asked for, instead of an empty list (S20, F19). */
function checkFilter(asker: Asker, { query }: { query: Readonly<Record<string, unknown>> }): void {
  placeFor(asker, query);
  const { workflowIds: allowed } = asker.record;
  const { workflowId } = query;
  if (allowed && typeof workflowId === 'string' && !allowed.includes(workflowId)) {
    throw asker.forbid('not-in-allow-list');
  }
}

/** A leap second, which a `date-time` may name, is no time to JavaScript: the one before it is meant. */
function readTime(text: string): Millis {
  return Date.parse(text.replace(/:60(?=[.Z+-])/i, ':59'));
}

/** The run that an address names, when the key may know of it. */
function finder({ history, organization }: Pick<RunRouteParts, 'history' | 'organization'>) {
  return async (asker: Asker, { id }: { id: string }): Promise<RunRecord> => {
    const run = await history.getRun(id);
    const { organizationId, workflowIds } = asker.record;
    const own = organizationId === undefined ? undefined : await organization(organizationId);
    // S20: a run of another organization is not there, nor is one of a former organization under its id.
    if (!run || (organizationId !== undefined && !(own && ownsRun(own, run)))) {
      throw asker.missing('There is no run with this id.', run && 'other-organization');
    }
    if (workflowIds && !workflowIds.includes(run.workflowId)) throw asker.forbid('not-in-allow-list');
    return run;
  };
}

/** The run that an address names, when the key may run its workflow as well. */
function retryFinder(parts: Pick<RunRouteParts, 'history' | 'organization' | 'keys' | 'workflows'>) {
  const find = finder(parts);
  return async (asker: Asker, address: { id: string }): Promise<RunRecord> => {
    const run = await find(asker, address);
    const verdict = mayRun(asker.record, run.workflowId, parts.workflows.get(run.workflowId));
    if (verdict === 'no-endpoint') {
      throw asker.missing("The run's workflow is not there any more, or its endpoint is off.", verdict);
    }
    if (verdict !== 'yes') throw asker.forbid(verdict);
    return run;
  };
}

/** Of several workflows the newest of all: each is one indexed look-up, whatever else the history holds. */
async function listRuns(
  history: Pick<History, 'listRuns'>,
  workflowIds: readonly string[] | undefined,
  filter: RunFilter,
): Promise<RunSummary[]> {
  if (!workflowIds) return history.listRuns(filter);
  const found = await Promise.all(
    workflowIds.map((workflowId) => history.listRuns({ ...filter, workflowId })),
  );
  return found
    .flat()
    .sort((one, other) => other.createdAt - one.createdAt || compareTexts(other.id, one.id))
    .slice(0, filter.limit);
}
