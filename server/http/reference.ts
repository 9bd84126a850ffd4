/** The reference: the OpenAPI document of these very schemas, and a page that shows it and tries it out (F25). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { version } from '../version.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { endpointPath } from './endpointPath.ts';
import { readMethods, refuseOtherMethods } from './otherMethods.ts';

export interface ReferenceParts {
  workflows: { list(): Workflow[] };
  /** Where the page's files are. */
  referenceDirectory: string;
  publicUrl(): string;
}

export const documentOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Workflow Keys',
      version,
      description:
        'Trigger Python workflows by HTTP. Every answer carries `X-Request-Id`; `workflow-keys explain <id>` tells why a request was refused.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        workflowKey: { type: 'apiKey', in: 'header', name: 'X-Bifrost-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
    security: [{ apiKey: [] }, { workflowKey: [] }, { bearer: [] }],
  },
};

const files = [
  { url: '/api-docs', file: 'page.html', type: 'text/html; charset=utf-8' },
  { url: '/api-docs/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
  { url: '/api-docs/page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
] as const;

/** Nothing from elsewhere, nothing inline: what a workflow's description says can run nothing here. */
const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function routeReference(app: FastifyInstance, parts: ReferenceParts): void {
  for (const { url, file, type } of files) {
    const content = readFileSync(join(parts.referenceDirectory, file));
    app.get(url, { schema: { hide: true } }, async (_request, reply) =>
      reply.type(type).header('content-security-policy', contentPolicy).send(content),
    );
    refuseOtherMethods(app, url, readMethods);
  }

  // What the daemon prints when it starts is clicked on.
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/api-docs'));

  app.get('/api-docs/openapi.json', { schema: { hide: true } }, async () => {
    const document = app.swagger();
    const endpoints = parts.workflows
      .list()
      .filter(({ endpointEnabled, duplicate }) => endpointEnabled && !duplicate)
      .map((workflow) => [`/api/endpoints/${encodeURIComponent(workflow.id)}`, endpointPath(workflow)]);
    return {
      ...document,
      servers: [{ url: parts.publicUrl() }],
      paths: { ...document.paths, ...Object.fromEntries(endpoints) },
    };
  });
  refuseOtherMethods(app, '/api-docs/openapi.json', readMethods);
}
