/** The two routes that run a workflow with `{"input": {…}}` (A7, F24); the answer is a run, not its result alone. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Failure } from '../errors.ts';
import { sha256 } from '../keys/mint.ts';
import { mayRun } from '../keys/permissions.ts';
import { runDetail } from '../runs/rows.ts';
import type { History } from '../store/contracts/history.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { type Asker, type ResourceParts, routeResource } from './resource.ts';
import { runAnswer } from './runSchemas.ts';
import { envelope, strict } from './schemas.ts';
import { checkUnique, type Start } from './start.ts';

export interface RunWorkflowParts extends ResourceParts {
  workflows: { get(id: string): Workflow | undefined };
  history: Pick<History, 'getRun'>;
  start: Start;
}

const address = strict({ id: Type.String({ description: "The workflow's id, which is its name." }) });
const query = strict({
  wait: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Answer when the run has ended, or 202 past the wait limit.',
    }),
  ),
});
const body = strict(
  {
    input: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "The workflow's parameters." }),
    ),
  },
  { examples: [{ input: {} }] },
);

const headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'The same key with the same body within 24 hours is the same run; with another body it is 409.',
    }),
  ),
});

export function routeRunWorkflow(app: FastifyInstance, parts: RunWorkflowParts): void {
  for (const [url, id, tag] of [
    ['/api/v1/workflows/:id/run', 'runWorkflow', 'Workflows'],
    ['/api/workflows/:id/run', 'executeWorkflow', 'Executions'],
  ] as const) {
    routeResource(app, parts, { url, tag, params: address, find: finder(parts) }, (add) => {
      add(
        'POST',
        {
          id,
          summary: 'Run a workflow',
          description: 'Accepted runs survive a crash of the daemon.',
          scope: 'workflows:execute',
          category: 'execute',
          admitsWorkflowKeys: true,
          query,
          body,
          bodyIsOptional: true,
          headers,
          answers: { 200: envelope(runAnswer), 202: envelope(runAnswer) },
        },
        async ({ asker, found: workflow, query: { wait = false }, body: given, request, reply }) => {
          const idempotencyKey = readIdempotencyKey(request);
          const run = await parts.start({
            workflow,
            input: given.input ?? {},
            caller: { kind: 'key', record: asker.record },
            mode: wait ? workflow.executionMode : 'async',
            wait,
            ...(idempotencyKey !== undefined && {
              once: { key: idempotencyKey, bodyHash: sha256(JSON.stringify(given)) },
            }),
          });
          const record = run.record ?? (await parts.history.getRun(run.id));
          if (!record) throw new Error('A run that was started is not in the history.');
          reply.code(run.record ? 200 : 202).header('location', `/api/v1/runs/${run.id}`);
          return { success: true, data: runDetail(record) };
        },
      );
    });
  }
}

/** Node joins what is sent twice to one text, which a proxy on the way may not do: then it would be another run. */
function readIdempotencyKey({ raw }: FastifyRequest): string | undefined {
  const sent = raw.headersDistinct['idempotency-key'] ?? [];
  if (sent.length > 1) throw new Failure('bad-input', 'Send one Idempotency-Key.');
  return sent[0];
}

function finder({ workflows }: Pick<RunWorkflowParts, 'workflows'>) {
  return (asker: Asker, { id }: { id: string }): Workflow => {
    const workflow = workflows.get(id);
    const verdict = mayRun(asker.record, id, workflow);
    if (verdict !== 'yes' && verdict !== 'no-endpoint') throw asker.forbid(verdict);
    if (!workflow?.endpointEnabled) {
      throw asker.missing(
        'No workflow with this id has its endpoint switched on.',
        workflow ? 'no-endpoint' : 'unknown-workflow',
      );
    }
    checkUnique(workflow);
    return workflow;
  };
}
