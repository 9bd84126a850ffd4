/** `/api/v1/configs`: typed values of the key's organization, secrets as `[SECRET]` (S3, D32). */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { Configs } from '../configs/configs.ts';
import { sampleBodies } from '../keys/sampleCall.ts';
import { type ConfigRow, configTypes, referenceKinds } from '../protocol/configs.ts';
import { placeFor } from './ownership.ts';
import { pageInMemory, pageOf, pageQuery, readPage } from './paging.ts';
import { type ResourceParts, routeResource } from './resource.ts';
import { envelope, strict, timestamp } from './schemas.ts';

export interface ConfigRouteParts extends ResourceParts {
  configs: Pick<Configs, 'list' | 'get' | 'set' | 'unset' | 'checkScope' | 'checkStored'>;
}

const configType = Type.Enum([...configTypes]);

const configRow = strict({
  name: Type.String(),
  type: configType,
  organizationId: Type.Optional(Type.String({ description: 'Absent: the global scope.' })),
  reference: Type.Optional(
    Type.Enum([...referenceKinds], { description: 'Of a secret whose value is kept elsewhere.' }),
  ),
  value: Type.Unknown({ description: '`[SECRET]` for a secret; `null` when a value is needed.' }),
  needsValue: Type.Boolean(),
  description: Type.Optional(Type.String()),
  updatedAt: timestamp,
  updatedBy: Type.String(),
});

const address = strict({ name: Type.String() });
const oneQuery = strict({
  organizationId: Type.Optional(
    Type.String({ description: "Left out: the key's own organization, else the global scope." }),
  ),
});
const body = strict(
  {
    type: configType,
    value: Type.Optional(Type.Unknown({ description: 'Left out: the stored one stays.' })),
    description: Type.Optional(Type.String({ maxLength: 1_000 })),
  },
  { examples: [sampleBodies.config] },
);

export function routeConfigs(app: FastifyInstance, parts: ConfigRouteParts): void {
  const { configs } = parts;
  const tag = 'Configuration';

  routeResource(app, parts, { url: '/api/v1/configs', tag }, (add) => {
    add(
      'GET',
      {
        id: 'listConfigs',
        summary: 'Values by name, secrets as `[SECRET]`',
        scope: 'configs:read',
        permit: (asker, { query }) => configs.checkScope(placeFor(asker, query)),
        query: strict({
          ...pageQuery,
          organizationId: Type.Optional(
            Type.String({
              description: "Left out: the key's own organization, else the rows of all scopes.",
            }),
          ),
        }),
        answers: { 200: pageOf(configRow) },
      },
      async ({ asker, query }) => {
        const place = placeFor(asker, query);
        const positionOf = ({ name, organizationId = '' }: ConfigRow) => `${name}\n${organizationId}`;
        return readPage(query, ['configs', place.organizationId], {
          read: pageInMemory(await configs.list(place), positionOf),
          positionOf,
          shown: (row) => row,
        });
      },
    );
  });

  routeResource(app, parts, { url: '/api/v1/configs/:name', tag, params: address }, (add) => {
    add(
      'GET',
      {
        id: 'getConfig',
        summary: 'One value, as the organization sees it',
        scope: 'configs:read',
        permit: async (asker, { params, query }) => {
          await configs.get({ ...params, ...placeFor(asker, query) });
        },
        query: oneQuery,
        answers: { 200: envelope(configRow) },
      },
      async ({ asker, params, query }) => ({
        success: true,
        data: await configs.get({ ...params, ...placeFor(asker, query) }),
      }),
    );
    add(
      'PUT',
      {
        id: 'setConfig',
        summary: 'Store a value in this scope',
        scope: 'configs:write',
        permit: (asker, { query }) => configs.checkScope(placeFor(asker, query)),
        query: oneQuery,
        body,
        answers: { 200: envelope(configRow) },
      },
      async ({ asker, params, query, body: wish }) => ({
        success: true,
        data: await configs.set({ ...params, ...placeFor(asker, query), ...wish }, asker.actor),
      }),
    );
    add(
      'DELETE',
      {
        id: 'unsetConfig',
        summary: 'Remove the value of exactly this scope',
        scope: 'configs:write',
        permit: (asker, { params, query }) => configs.checkStored({ ...params, ...placeFor(asker, query) }),
        query: oneQuery,
        answers: { 200: envelope(strict({ name: Type.String() })) },
      },
      async ({ asker, params, query }) => {
        await configs.unset({ ...params, ...placeFor(asker, query) }, asker.actor);
        return { success: true, data: params };
      },
    );
  });
}
