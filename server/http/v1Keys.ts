/** `/api/v1/auth/api-keys`: API keys made, listed and revoked by other API keys (A35–A38, D15). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Keys } from '../keys/keys.ts';
import { mayRevoke } from '../keys/permissions.ts';
import { sampleBodies } from '../keys/sampleCall.ts';
import type { KeyRow } from '../protocol/keys.ts';
import { pageOf, pageQuery, readPage } from './paging.ts';
import { type ResourceParts, routeResource } from './resource.ts';
import { envelope, nullable, strict } from './schemas.ts';

export interface KeyRouteParts extends ResourceParts {
  keys: Pick<Keys, 'page' | 'find' | 'createApiKey' | 'revoke'>;
}

const members = {
  id: Type.String(),
  name: Type.String(),
  masked: Type.String({ description: 'Only the last four characters are known.' }),
  scopes: Type.Array(Type.String()),
  workflowIds: Type.Optional(Type.Array(Type.String(), { description: 'Absent: all workflows.' })),
  organizationId: Type.Optional(Type.String()),
  createdAt: Type.String({ format: 'date-time' }),
  lastUsedAt: nullable<string>('string', { format: 'date-time' }),
  expiresAt: nullable<string>('string', { format: 'date-time' }),
  endsAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'Of a key that was rotated: the end of its overlap.' }),
  ),
  expired: Type.Boolean(),
  rotatedFrom: Type.Optional(Type.String({ description: 'The key that this one succeeds.' })),
  replacedBy: Type.Optional(Type.String({ description: 'The key that succeeds this one.' })),
};
const keyRow = strict(members);
const createdKey = strict({ ...members, key: Type.String({ description: 'Shown once; keep it now.' }) });

const wish = strict(
  {
    name: Type.String(),
    scopes: Type.Array(Type.String(), { description: 'In either vocabulary; at least one.' }),
    workflowIds: Type.Optional(Type.Array(Type.String(), { description: 'Left out: all workflows.' })),
    expiresInDays: Type.Optional(
      nullable<number>('integer', { description: 'Left out: 90 days. `null`: never.' }),
    ),
    organizationId: Type.Optional(Type.String()),
  },
  { examples: [sampleBodies.apiKey] },
);

export function routeKeys(app: FastifyInstance, parts: KeyRouteParts): void {
  const { keys } = parts;
  const tag = 'API keys';

  routeResource(app, parts, { url: '/api/v1/auth/api-keys', tag }, (add) => {
    add(
      'GET',
      {
        id: 'listApiKeys',
        summary: 'API keys that are not revoked, newest first',
        scope: 'keys:read',
        query: strict(pageQuery),
        answers: { 200: pageOf(keyRow) },
      },
      // A key of an organization sees only that one's (S20).
      ({ asker: { record }, query }) =>
        readPage(query, ['api-keys', record.organizationId], {
          read: (after, count) => keys.page({ organizationId: record.organizationId, after, count }),
          positionOf: ({ id }) => id,
          shown,
        }),
    );
    add(
      'POST',
      {
        id: 'createApiKey',
        summary: 'Make an API key that has at most the rights of this one',
        scope: 'keys:write',
        body: wish,
        answers: { 201: envelope(createdKey) },
      },
      async ({ asker, body, reply }) => {
        const made = await keys.createApiKey(body, asker.actor, asker.record);
        reply.code(201);
        return { success: true, data: { ...shown(made.row), key: made.key } };
      },
    );
  });

  routeResource(
    app,
    parts,
    {
      url: '/api/v1/auth/api-keys/:id',
      tag,
      params: strict({ id: Type.String() }),
      find: async (asker, { id }) => {
        const { record } = asker;
        const found = await keys.find(id);
        const isOfAnother =
          record.organizationId !== undefined && found?.organizationId !== record.organizationId;
        if (found?.kind !== 'api' || isOfAnother) throw asker.missing('There is no API key with this id.');
        if (!mayRevoke(record, found)) throw asker.forbid('beyond-own');
        return found;
      },
    },
    (add) => {
      add(
        'DELETE',
        {
          id: 'revokeApiKey',
          summary: 'Revoke an API key for good; the next request with it is refused',
          description: 'Itself, or a key whose scopes, workflows and organization are within its own.',
          scope: 'keys:write',
          answers: { 200: envelope(keyRow) },
        },
        async ({ asker, found }) => ({
          success: true,
          data: shown(await keys.revoke(found.id, asker.actor, asker.record)),
        }),
      );
    },
  );
}

function shown(row: KeyRow) {
  return {
    id: row.id,
    name: row.description,
    masked: row.masked,
    scopes: row.scopes ?? [],
    ...(row.workflowIds && { workflowIds: row.workflowIds }),
    ...(row.organizationId !== undefined && { organizationId: row.organizationId }),
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    expiresAt: row.expiresAt,
    ...(row.endsAt !== undefined && { endsAt: row.endsAt }),
    expired: row.expired,
    ...(row.rotatedFrom !== undefined && { rotatedFrom: row.rotatedFrom }),
    ...(row.replacedBy !== undefined && { replacedBy: row.replacedBy }),
  };
}
