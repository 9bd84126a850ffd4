/** `/api/v1/workflows`: what the registered folders hold (A5). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Workflow } from '../workflows/workflow.ts';
import { pageInMemory, pageOf, pageQuery, readPage } from './paging.ts';
import { type Asker, type ResourceParts, routeResource } from './resource.ts';
import { envelope, strict } from './schemas.ts';

export interface WorkflowRouteParts extends ResourceParts {
  workflows: { get(id: string): Workflow | undefined; list(): Workflow[] };
  publicUrl(): string;
}

const row = strict({
  id: Type.String({ description: 'The name.' }),
  file: Type.String({ description: 'Relative to its registered folder.' }),
  description: Type.Optional(Type.String()),
  category: Type.Optional(Type.String()),
  tags: Type.Array(Type.String()),
  endpointEnabled: Type.Boolean(),
  publicEndpoint: Type.Boolean(),
  disableGlobalKey: Type.Boolean(),
  allowedMethods: Type.Array(Type.String()),
  executionMode: Type.Enum(['sync', 'async']),
  timeoutSeconds: Type.Number({ description: '0 is no limit.' }),
  parameters: Type.Array(
    strict({
      name: Type.String(),
      annotation: Type.Optional(Type.String({ description: 'As it is written in the source.' })),
      required: Type.Boolean(),
    }),
  ),
  duplicate: Type.Boolean({ description: 'Two workflows have this name; neither runs.' }),
  url: Type.String({ description: 'Where it is triggered.' }),
});

const address = strict({ id: Type.String({ description: "The workflow's id, which is its name." }) });

export function routeWorkflows(app: FastifyInstance, parts: WorkflowRouteParts): void {
  const { workflows, publicUrl } = parts;
  const tag = 'Workflows';
  const shown = (workflow: Workflow) => rowOf(workflow, publicUrl());

  routeResource(app, parts, { url: '/api/v1/workflows', tag }, (add) => {
    add(
      'GET',
      {
        id: 'listWorkflows',
        summary: 'The workflows that the key may know of, by name',
        scope: 'workflows:read',
        query: strict(pageQuery),
        answers: { 200: pageOf(row) },
      },
      ({ asker, query }) => {
        const allowed = asker.record.workflowIds;
        const seen = workflows.list().filter(({ id }) => !allowed || allowed.includes(id));
        // Two that share a name are told apart by where they stand.
        const positionOf = ({ id, folder, file, range }: Workflow) =>
          [id, folder, file, String(range.start.line).padStart(8, '0')].join('\n');
        return readPage(query, ['workflows', ...(allowed ?? [])], {
          read: pageInMemory(seen, positionOf),
          positionOf,
          shown,
        });
      },
    );
  });

  routeResource(
    app,
    parts,
    { url: '/api/v1/workflows/:id', tag, params: address, find: finder(workflows) },
    (add) => {
      add(
        'GET',
        {
          id: 'getWorkflow',
          summary: 'One workflow with its parameters',
          scope: 'workflows:read',
          answers: { 200: envelope(row) },
        },
        ({ found }) => ({ success: true, data: shown(found) }),
      );
    },
  );
}

/** D8: what is not in the key's list is 403, whether it exists or not. */
function finder(workflows: WorkflowRouteParts['workflows']) {
  return (asker: Asker, { id }: { id: string }): Workflow => {
    if (asker.record.workflowIds && !asker.record.workflowIds.includes(id)) {
      throw asker.forbid('not-in-allow-list');
    }
    const workflow = workflows.get(id);
    if (!workflow) throw asker.missing('There is no workflow with this id.', 'unknown-workflow');
    return workflow;
  };
}

/** Without the paths of this machine. */
function rowOf(workflow: Workflow, url: string) {
  const { acceptsExtra: _, folder: __, range: ___, functionName: ____, ...shown } = workflow;
  return { ...shown, url: `${url}/api/endpoints/${encodeURIComponent(workflow.id)}` };
}
