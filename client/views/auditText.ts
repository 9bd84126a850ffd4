/** How the audit log reads as a document; pure, so that it is tested without an editor. */

import type { AuditRow } from '../../server/protocol/audit.ts';

/** A line for each row, the oldest first. */
export function auditDocument(rows: readonly AuditRow[]): string {
  return `${rows.map(auditLine).join('\n')}\n`;
}

/** What happened and who did it, then whom and what it belongs to; a row holds no value. */
function auditLine(row: AuditRow): string {
  const { seq, at, outcome, action, target, actor, organizationId, runId, requestId, detail = {} } = row;
  const belongs = { organization: organizationId, run: runId, request: requestId, ...detail };
  const facts = Object.entries(belongs)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  return [String(seq).padStart(6), at, outcome.padEnd(7), action, target, `by ${actor}`, ...facts].join('  ');
}
