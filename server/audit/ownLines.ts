/** The records that the audit log writes about itself; it does not know when. */

import type { AuditEntry, AuditRecord } from '../store/contracts/audit.ts';
import { brokenAction, resealedAction } from './chain.ts';

/** What is to be chained. */
export interface Line {
  entry: AuditEntry;
  revision?: number;
}

export const abortedAction = 'change.aborted';

/** Named by the log's first record. */
const auditSchemaVersion = 1;

export const openedLine: Line = {
  entry: {
    actor: 'daemon',
    action: 'audit.opened',
    target: 'audit-log',
    outcome: 'ok',
    detail: { schema: auditSchemaVersion },
  },
};

export function brokenLine(reason: string): Line {
  return {
    entry: {
      actor: 'daemon',
      action: brokenAction,
      target: 'audit-log',
      outcome: 'failed',
      detail: { reason },
    },
  };
}

export function resealedLine(from: number): Line {
  return {
    entry: {
      actor: 'daemon',
      action: resealedAction,
      target: 'audit-log',
      outcome: 'ok',
      detail: { from },
    },
  };
}

export function abortedLine({ seq, action, target, organizationId, revision }: AuditRecord): Line {
  return {
    entry: {
      actor: 'daemon',
      action: abortedAction,
      target,
      outcome: 'aborted',
      ...(organizationId !== undefined && { organizationId }),
      detail: { seq, action },
    },
    ...(revision !== undefined && { revision }),
  };
}
