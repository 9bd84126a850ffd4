/** Records of the audit log as the protocol shows them. */

import type { AuditRow } from '../protocol/audit.ts';
import type { AuditRecord } from '../store/contracts/audit.ts';

/** Without what only holds the chain together. */
export function auditRow({ hash: _, previousHash: __, revision: ___, at, ...shown }: AuditRecord): AuditRow {
  return { ...shown, at: new Date(at).toISOString() };
}
