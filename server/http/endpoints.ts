/** `/api/endpoints/:workflowId`: a key triggers a workflow (W24); the answer is flat (D19). */

import type { FastifyInstance } from 'fastify';
import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import { mayRun } from '../keys/permissions.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { openAdmission } from './admission.ts';
import type { Authentication, Caller } from './authentication.ts';
import { toFlatAnswer } from './flatAnswer.ts';
import { checkUnique, type Start } from './start.ts';

export interface EndpointParts {
  authentication: Authentication;
  workflows: { get(id: string): Workflow | undefined };
  start: Start;
}

interface EndpointRequest {
  caller: Caller;
  workflow: Workflow;
}

export function routeEndpoints(app: FastifyInstance, parts: EndpointParts): void {
  const { authentication } = parts;
  const admission = openAdmission<EndpointRequest>();

  app.all<{ Params: { workflowId: string } }>('/api/endpoints/:workflowId', {
    // The document has a path for each workflow instead, with its parameters.
    schema: { hide: true },
    // The order of D10 up to 405 is decided before the body is read.
    onRequest: async (request, reply) => {
      const { workflowId } = request.params;
      const workflow = parts.workflows.get(workflowId);
      const isPublic = workflow?.endpointEnabled === true && workflow.publicEndpoint;
      const caller: Caller = isPublic
        ? await authentication.admitPublic(request, reply, 'execute')
        : { kind: 'key', record: await authentication.authenticate(request, reply, 'execute') };
      if (caller.kind === 'key') {
        const verdict = mayRun(caller.record, workflowId, workflow);
        if (verdict !== 'yes' && verdict !== 'no-endpoint') {
          throw authentication.forbid(request, caller, verdict);
        }
      }
      if (!workflow?.endpointEnabled) {
        throw authentication.missing(
          request,
          caller,
          workflow ? 'no-endpoint' : 'unknown-workflow',
          'No workflow with this id has its endpoint switched on.',
        );
      }
      checkUnique(workflow);
      if (!workflow.allowedMethods.includes(request.method)) {
        reply.header('allow', workflow.allowedMethods.join(', '));
        throw new Failure(
          'method-not-allowed',
          `"${workflow.id}" allows ${workflow.allowedMethods.join(', ')}.`,
        );
      }
      admission.grant(request, { caller, workflow });
    },

    handler: async (request, reply) => {
      const { caller, workflow } = admission.of(request);
      const mode = workflow.executionMode;
      const started = await parts.start({
        workflow,
        input: mergeInput(request.query, request.body),
        caller,
        mode,
        wait: mode === 'sync',
      });
      return toFlatAnswer(reply, workflow, started);
    },
  });
}

/** Query parameters merge below the body, which must be an object when there is one (D18). */
function mergeInput(query: unknown, body: unknown): Record<string, unknown> {
  if (body !== undefined && !isObject(body)) {
    throw new Failure('bad-input', 'The request body must be a JSON object.');
  }
  return { ...(query as Record<string, unknown>), ...body };
}
