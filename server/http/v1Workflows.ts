/** `/api/v1/workflows`: what the registered folders hold, new workflows, and changed ones (A5, A6). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { sampleBodies } from '../keys/sampleCall.ts';
import { endpointMethods } from '../protocol/workflows.ts';
import type { Authoring } from '../workflows/authoring.ts';
import type { Overrides } from '../workflows/overrides.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { checkWorkspace } from './ownership.ts';
import { pageInMemory, pageOf, pageQuery, readPage } from './paging.ts';
import { type Asker, type ResourceParts, routeResource } from './resource.ts';
import { envelope, errorAnswer, nullable, strict } from './schemas.ts';
import { checkUnique } from './start.ts';

export interface WorkflowRouteParts extends ResourceParts {
  workflows: { get(id: string): Workflow | undefined; list(): Workflow[] };
  publicUrl(): string;
  authoring: Authoring;
  overrides: Overrides;
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
  organizationId: Type.Optional(
    Type.String({ description: 'For whom it runs, unless its key belongs to an organization.' }),
  ),
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

const newWorkflow = strict(
  {
    name: Type.String({ description: "The workflow's id; the file gets the same name." }),
    source: Type.String({ description: 'Python source that defines it.' }),
  },
  { examples: [sampleBodies.workflow] },
);

/** `null` goes back to what the decorator says, and to no organization. */
const settings = {
  endpointEnabled: Type.Optional(nullable<boolean>('boolean')),
  publicEndpoint: Type.Optional(nullable<boolean>('boolean')),
  disableGlobalKey: Type.Optional(nullable<boolean>('boolean')),
  allowedMethods: Type.Optional(
    nullable<string[]>('array', { items: { enum: endpointMethods }, minItems: 1 }),
  ),
  organizationId: Type.Optional(
    nullable<string>('string', {
      description: 'For whom it runs, unless its key belongs to an organization.',
    }),
  ),
  executionMode: Type.Optional(Type.Unsafe<'sync' | 'async' | null>({ enum: ['sync', 'async', null] })),
  timeoutSeconds: Type.Optional(
    nullable<number>('integer', { minimum: 0, maximum: 86_400, description: '0 is no limit.' }),
  ),
};
const change = strict(
  {
    source: Type.Optional(
      Type.String({ description: "Replaces the workflow's file; all of its workflows must still be in it." }),
    ),
    ...settings,
  },
  { examples: [sampleBodies.workflowChange] },
);

const address = strict({ id: Type.String({ description: "The workflow's id, which is its name." }) });

export function routeWorkflows(app: FastifyInstance, parts: WorkflowRouteParts): void {
  const { workflows, publicUrl, authoring, overrides } = parts;
  const tag = 'Workflows';
  const shownTo = (asker: Asker) => (workflow: Workflow) => rowOf(workflow, publicUrl(), asker);

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
          shown: shownTo(asker),
        });
      },
    );
    add(
      'POST',
      {
        id: 'createWorkflow',
        summary: 'Write a new workflow into the registered folder',
        scope: 'workflows:write',
        // Source runs for every organization, so that a key of one must not change it.
        permit: checkWorkspace,
        body: newWorkflow,
        answers: { 201: envelope(row), 409: errorAnswer },
      },
      async ({ asker, body, reply }) => {
        const { workflowIds } = asker.record;
        if (workflowIds && !workflowIds.includes(body.name)) throw asker.forbid('not-in-allow-list');
        const workflow = await authoring.create(body, asker.actor);
        reply.code(201).header('location', `/api/v1/workflows/${encodeURIComponent(workflow.id)}`);
        return { success: true, data: shownTo(asker)(workflow) };
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
        ({ asker, found }) => ({ success: true, data: shownTo(asker)(found) }),
      );
      add(
        'PUT',
        {
          id: 'changeWorkflow',
          summary: 'Replace the source, or override settings of the decorator',
          scope: 'workflows:write',
          permit: checkWorkspace,
          body: change,
          answers: { 200: envelope(row), 409: errorAnswer },
        },
        async ({ asker, found, body: { source, ...wish } }) => {
          checkUnique(found);
          if (source !== undefined) await authoring.replace(found, source, asker.actor);
          if (Object.keys(wish).length > 0) await overrides.set(found.id, wish, asker.actor);
          return { success: true, data: shownTo(asker)(workflows.get(found.id) ?? found) };
        },
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

/** Without the paths of this machine; a key of an organization learns of no other (S20). */
function rowOf(workflow: Workflow, url: string, { record }: Asker) {
  const { acceptsExtra: _, folder: __, range: ___, functionName: ____, organizationId, ...shown } = workflow;
  const isTold = organizationId !== undefined && [undefined, organizationId].includes(record.organizationId);
  return {
    ...shown,
    ...(isTold && { organizationId }),
    url: `${url}/api/endpoints/${encodeURIComponent(workflow.id)}`,
  };
}
