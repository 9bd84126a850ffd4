/** `/api/v1/audit`: the chained log, newest first (W39, A12); it holds no values. */

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { AuditLog } from '../audit/auditLog.ts';
import { auditRow } from '../audit/rows.ts';
import { checkWorkspace } from './ownership.ts';
import { pageOf, pageQuery, readPage } from './paging.ts';
import { type ResourceParts, routeResource } from './resource.ts';
import { strict, timestamp } from './schemas.ts';

export interface AuditRouteParts extends ResourceParts {
  audit: Pick<AuditLog, 'list'>;
}

const auditLine = strict({
  seq: Type.Integer(),
  at: timestamp,
  actor: Type.String(),
  action: Type.String({ description: 'Noun and verb, e.g. `key.created`.' }),
  target: Type.String(),
  outcome: Type.String(),
  organizationId: Type.Optional(Type.String()),
  requestId: Type.Optional(Type.String()),
  runId: Type.Optional(Type.String()),
  detail: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

export function routeAudit(app: FastifyInstance, parts: AuditRouteParts): void {
  routeResource(app, parts, { url: '/api/v1/audit', tag: 'Audit' }, (add) => {
    add(
      'GET',
      {
        id: 'listAudit',
        summary: 'Changes, reads of secrets and refused requests, newest first',
        scope: 'audit:read',
        // The log is the whole workspace's, and an organization is to see nothing of another (S20).
        permit: checkWorkspace,
        query: strict(pageQuery),
        answers: { 200: pageOf(auditLine) },
      },
      ({ query }) =>
        readPage(query, ['audit'], {
          read: (position, limit) =>
            parts.audit.list({
              limit,
              newestFirst: true,
              ...(position !== undefined && { before: Number(position) }),
            }),
          positionOf: ({ seq }) => String(seq),
          shown: auditRow,
        }),
    );
  });
}
