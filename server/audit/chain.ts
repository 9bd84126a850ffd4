/** How audit records are chained, and the check that a chain is whole; it does not know who appends to it. */

import { setImmediate } from 'node:timers/promises';

import { Failure } from '../errors.ts';
import type { AuditRecord, History } from '../store/contracts.ts';

/** The hash before the first record. */
export const genesisHash = '0'.repeat(64);

/** Small enough that hashing a page is not felt by other requests. */
const pageSize = 256;

export interface Verification {
  /** Number of records that were found good, from the first on. */
  records: number;
  /** The first record that was edited, moved or taken away. */
  firstBad: { seq: number; reason: string } | null;
}

/** The record's hash: over the previous hash and all of its fields, as JSON with sorted names. */
export function recordHash(record: Omit<AuditRecord, 'hash'>, hash: (text: string) => string): string {
  return hash(JSON.stringify({ ...record, hash: undefined }, sorted));
}

/** Reads the whole log, page by page; records that are appended meanwhile may or may not be part of it. */
export async function verifyChain(history: History, hash: (text: string) => string): Promise<Verification> {
  // Read first: a record that is missing later was there when this was written.
  const head = await history.auditHead();
  let last = { seq: 0, hash: genesisHash };
  const bad = (reason: string): Verification => ({
    records: last.seq,
    firstBad: { seq: last.seq + 1, reason },
  });
  for (;;) {
    const page = await readPage(history, last.seq);
    if (page === 'unreadable') return bad('it cannot be read');
    if (page.length === 0) break;
    for (const record of page) {
      if (record.seq !== last.seq + 1) return bad(`it is missing: record ${record.seq} stands in its place`);
      if (record.previousHash !== last.hash) return bad('it does not hold the hash of the record before it');
      if (record.hash !== recordHash(record, hash)) return bad('its content does not fit its hash');
      if (record.seq === head?.seq && record.hash !== head.hash)
        return bad('it is not the one that was written');
      last = record;
    }
    await setImmediate();
  }
  if (!head && last.seq > 0) return bad('it may have been removed: nothing says how far the log went');
  if (head && head.seq > last.seq) return bad(`it is missing, like all up to record ${head.seq}`);
  return { records: last.seq, firstBad: null };
}

/** One by one where a page holds a record that cannot be read, so that those before it are still checked. */
async function readPage(history: History, after: number): Promise<AuditRecord[] | 'unreadable'> {
  for (const limit of [pageSize, 1]) {
    try {
      return await history.listAudit({ after, limit });
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === 'data-damaged')) throw thrown;
    }
  }
  return 'unreadable';
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
