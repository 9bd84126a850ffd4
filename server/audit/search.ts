/** Looks for records of the audit log, and waits for new ones; it changes nothing. */

import { setImmediate } from 'node:timers/promises';

import type { AuditFilter, AuditRecord } from '../store/contracts/audit.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { AuditLog } from './auditLog.ts';

/** What is left out is not asked for. */
export interface AuditWish {
  /** `secret.read`, or a noun such as `secret` for all of its actions. */
  action?: string;
  target?: string;
  /** Inclusive. */
  since?: Millis;
}

/** Small enough that reading a page is not felt by other requests. */
const pageSize = 256;
/** After so many in a row that are older than what is asked for, no younger one is before them. */
const olderInRow = 10_000;

/** The newest `limit` records that match, oldest first. */
export async function searchAudit(
  audit: Pick<AuditLog, 'list'>,
  wish: AuditWish,
  limit: number,
): Promise<AuditRecord[]> {
  const found: AuditRecord[] = [];
  let before: number | undefined;
  let older = 0;
  for (;;) {
    const filter: AuditFilter = {
      limit: pageSize,
      newestFirst: true,
      ...(before !== undefined && { before }),
    };
    const page = await audit.list(filter);
    for (const record of page) {
      // The first older one is not the end: the clock may have been set back for a while.
      older = wish.since !== undefined && record.at < wish.since ? older + 1 : 0;
      if (older === olderInRow) return found.reverse();
      if (matches(record, wish)) found.push(record);
      if (found.length === limit) return found.reverse();
    }
    before = page.at(-1)?.seq;
    if (before === undefined || page.length < pageSize) return found.reverse();
    await setImmediate();
  }
}

/** The records after a number that match, and the number up to which all were looked at; waits until there is one. */
export async function followAudit(
  audit: Pick<AuditLog, 'list' | 'onAppend'>,
  after: number,
  wish: AuditWish,
  signal: AbortSignal,
): Promise<{ records: AuditRecord[]; last: number }> {
  for (let last = after; ; ) {
    const news = Promise.withResolvers<void>();
    const stop = audit.onAppend(news.resolve);
    signal.addEventListener('abort', () => news.resolve(), { once: true });
    try {
      const page = await audit.list({ after: last, limit: pageSize });
      last = page.at(-1)?.seq ?? last;
      const records = page.filter((record) => matches(record, wish));
      if (records.length > 0 || signal.aborted) return { records, last };
      if (page.length === 0) await news.promise;
    } finally {
      stop();
    }
  }
}

function matches(record: AuditRecord, { action, target, since }: AuditWish): boolean {
  return (
    (action === undefined || record.action === action || record.action.startsWith(`${action}.`)) &&
    (target === undefined || record.target === target) &&
    (since === undefined || record.at >= since)
  );
}
