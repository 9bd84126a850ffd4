/** `/api/v1/connections`: credentials for outgoing calls, never with their values (A9, A10, D17). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Connections } from '../connections/connections.ts';
import { sampleBodies } from '../keys/sampleCall.ts';
import { type CredentialRow, credentialAuths } from '../protocol/credentials.ts';
import { placeFor } from './ownership.ts';
import { pageInMemory, pageOf, pageQuery, readPage } from './paging.ts';
import { type Asker, type ResourceParts, routeResource } from './resource.ts';
import { envelope, errorAnswer, strict, timestamp } from './schemas.ts';

export interface ConnectionRouteParts extends ResourceParts {
  connections: Pick<Connections, 'list' | 'create' | 'remove' | 'test'>;
}

const auth = Type.Enum([...credentialAuths]);

const where = {
  header: Type.Optional(Type.String({ description: 'The value goes here, with `prefix` before it.' })),
  prefix: Type.Optional(Type.String({ description: 'E.g. `Bearer`; empty: the value stands alone.' })),
  queryParameter: Type.Optional(
    Type.String({ description: 'The value goes here instead of into a header.' }),
  ),
  testUrl: Type.Optional(Type.String()),
  tokenUrl: Type.Optional(Type.String()),
  clientId: Type.Optional(Type.String()),
  oauthScope: Type.Optional(Type.String()),
  organizationId: Type.Optional(Type.String({ description: 'Absent: the global scope.' })),
};

const connection = strict({
  id: Type.String(),
  name: Type.String(),
  service: Type.String(),
  auth,
  value: Type.String({ description: 'Always `[SECRET]`.' }),
  hosts: Type.Array(Type.String(), { description: 'Where it may be sent.' }),
  ...where,
  createdAt: timestamp,
  updatedAt: timestamp,
  updatedBy: Type.String(),
});

const wish = strict(
  {
    name: Type.String(),
    service: Type.String({ description: 'E.g. `stripe`, `github`, `generic`.' }),
    auth: Type.Optional(auth),
    value: Type.String({ description: 'The key or token; it is never answered.' }),
    clientSecret: Type.Optional(Type.String()),
    hosts: Type.Optional(Type.Array(Type.String())),
    ...where,
  },
  { examples: [sampleBodies.connection] },
);

const tested = strict({
  outcome: Type.Enum(['good', 'bad', 'inconclusive']),
  status: Type.Optional(Type.Integer({ description: "Of the service's answer." })),
  message: Type.String(),
});

export function routeConnections(app: FastifyInstance, parts: ConnectionRouteParts): void {
  const { connections } = parts;
  const tag = 'Connections';
  const one = { tag, params: strict({ id: Type.String() }), find: finder(connections) };

  routeResource(app, parts, { url: '/api/v1/connections', tag }, (add) => {
    add(
      'GET',
      {
        id: 'listConnections',
        summary: 'Credentials for outgoing calls, by name',
        scope: 'connections:read',
        query: strict(pageQuery),
        answers: { 200: pageOf(connection) },
      },
      async ({ asker, query }) => {
        const place = placeFor(asker);
        const positionOf = ({ name, id }: CredentialRow) => `${name}\n${id}`;
        return readPage(query, ['connections', place.organizationId], {
          read: pageInMemory(await connections.list(place), positionOf),
          positionOf,
          shown: (row) => row,
        });
      },
    );
    add(
      'POST',
      {
        id: 'createConnection',
        summary: 'Store a credential, encrypted',
        scope: 'connections:write',
        body: wish,
        answers: { 201: envelope(connection), 409: errorAnswer },
      },
      async ({ asker, body, reply }) => {
        const created = await connections.create({ ...body, ...placeFor(asker, body) }, asker.actor);
        reply.code(201);
        return { success: true, data: created };
      },
    );
  });

  routeResource(app, parts, { ...one, url: '/api/v1/connections/:id' }, (add) => {
    add(
      'DELETE',
      {
        id: 'removeConnection',
        summary: 'Remove a credential; calls that name it fail from then on',
        scope: 'connections:write',
        answers: { 200: envelope(connection) },
      },
      async ({ asker, found }) => {
        await connections.remove({ id: found.id, ...placeFor(asker) }, asker.actor);
        return { success: true, data: found };
      },
    );
  });

  routeResource(app, parts, { ...one, url: '/api/v1/connections/:id/test' }, (add) => {
    add(
      'POST',
      {
        id: 'testConnection',
        summary: 'Call the service once, harmlessly',
        scope: 'connections:write',
        answers: { 200: envelope(tested) },
      },
      async ({ asker, found }) => ({
        success: true,
        data: await connections.test({ id: found.id, ...placeFor(asker) }, asker.actor),
      }),
    );
  });
}

/** The credential that an address names; a global one is seen by an organization, but is not its own to change. */
function finder(connections: Pick<Connections, 'list'>) {
  return async (asker: Asker, { id }: { id: string }): Promise<CredentialRow> => {
    const own = asker.record.organizationId;
    const row = (await connections.list()).find((candidate) => candidate.id === id);
    if (row && (own === undefined || row.organizationId === own)) return row;
    throw asker.missing('There is no connection with this id.', row && 'other-organization');
  };
}
