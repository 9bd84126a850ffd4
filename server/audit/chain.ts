/** How audit records are chained and sealed, and the check that a chain is whole; it does not know who appends to it. */

import { setImmediate } from 'node:timers/promises';

import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import type { AuditVerification } from '../protocol/audit.ts';
import type { AuditHead, AuditRecord } from '../store/contracts/audit.ts';
import type { History } from '../store/contracts/history.ts';
import { compareTexts } from '../textOrder.ts';

/** The hash before the first record. */
export const genesisHash = '0'.repeat(64);
/** Says that the log was found changed, or written without its key, where a new seal would have covered it up. */
export const brokenAction = 'audit.broken';
/** Says that a new key seals the log from here on, since there was none, or it was lost. */
export const keyedAction = 'audit.keyed';
/** Says that the key is here again, that the seal of before fits, and since which record (`detail.from`) there was none. */
export const resealedAction = 'audit.resealed';

/** A keyed hash of text, in hex; without the key nobody can make one. */
export type Seal = (text: string) => string;

/** Small enough that hashing a page is not felt by other requests. */
const pageSize = 256;

/** The record's hash: over the previous hash and all of its fields, as JSON with sorted names. */
export function recordHash(record: Omit<AuditRecord, 'hash'>, hash: (text: string) => string): string {
  return hash(JSON.stringify({ ...record, hash: undefined }, sorted));
}

/** The seal of a log that ends here; the hash covers every record up to it. */
export function sealOf({ seq, hash }: AuditHead, seal: Seal): string {
  return seal(`audit head ${seq} ${hash}`);
}

/** What is kept in the place of the seal while its key is not here: the last one, and the record that it was over. */
export function lapsedSeal({ seq, seal }: AuditHead): string | undefined {
  return seal === undefined || readLapsedSeal(seal) ? seal : `over ${seq} ${seal}`;
}

/** Undefined for a seal that has not lapsed. */
export function readLapsedSeal(text: string | undefined): { seq: number; seal: string } | undefined {
  const [, seq, seal] = /^over ([1-9]\d{0,15}) (.+)$/.exec(text ?? '') ?? [];
  return seq === undefined || seal === undefined ? undefined : { seq: Number(seq), seal };
}

/**
 * Reads the whole log, page by page, also what is appended meanwhile.
 * Without a `seal` the head's own is not checked; `known` is a head that must still be part of the log.
 */
export async function verifyChain(
  history: History,
  hash: (text: string) => string,
  { seal, known }: { seal?: Seal | undefined; known?: AuditHead | undefined } = {},
): Promise<AuditVerification> {
  let last: AuditHead = { seq: 0, hash: genesisHash };
  let keyedAt: number | undefined;
  const unsealed: { from: number; to: number }[] = [];
  const bad = (reason: string, seq = last.seq + 1): AuditVerification => ({
    records: seq - 1,
    firstBad: { seq, reason },
    sealedFrom: null,
  });
  for (;;) {
    // Read first: a record that is missing later was there when this was written.
    const head = await history.auditHead();
    for (;;) {
      const page = await readPage(history, last.seq);
      if (page === 'unreadable') return bad('it is not as it was written, or cannot be read');
      if (page.length === 0) break;
      for (const record of page) {
        const reason = reasonAgainst(record, last, hash);
        if (reason) return bad(reason);
        const isOther = [head, known].some((end) => record.seq === end?.seq && record.hash !== end.hash);
        if (isOther) return bad('it is not the one that was written');
        if (record.action === keyedAction) keyedAt = record.seq;
        if (record.action === resealedAction) {
          unsealed.push({ from: Number(record.detail?.from), to: record.seq - 1 });
        }
        last = record;
      }
      await setImmediate();
    }
    const end = Math.max(head?.seq ?? 0, known?.seq ?? 0);
    if (end > last.seq) return bad(`it is missing, like all up to record ${end}`);
    if (!head && (seal || last.seq > 0))
      return bad('it may have been removed: nothing says how far the log went');
    // Something was appended, or the end was changed, since the head was read.
    if ((await history.auditHead())?.hash !== head?.hash) continue;
    if (head && head.seq !== last.seq)
      return bad('the log ends before it, by what was written last', last.seq);
    if (head && seal && head.seal !== sealOf(head, seal)) {
      return bad(
        'the seal over it and all before it does not fit: some of them were changed, or cut',
        last.seq,
      );
    }
    return {
      records: last.seq,
      firstBad: null,
      sealedFrom: seal ? (keyedAt ?? 1) : null,
      ...(unsealed.length > 0 && { unsealed }),
    };
  }
}

function reasonAgainst(
  record: AuditRecord,
  last: AuditHead,
  hash: (text: string) => string,
): string | undefined {
  if (record.seq !== last.seq + 1) return `it is missing: record ${record.seq} stands in its place`;
  if (record.previousHash !== last.hash) return 'it does not hold the hash of the record before it';
  if (record.hash !== recordHash(record, hash)) return 'its content does not fit its hash';
  if (record.action !== brokenAction) return undefined;
  return `before it the log was changed, or written without its key: ${record.detail?.reason}`;
}

/** One by one where a page holds a record that cannot be read, so that those before it are still checked. */
async function readPage(history: History, after: number): Promise<AuditRecord[] | 'unreadable'> {
  for (const limit of [pageSize, 1]) {
    try {
      return await history.listAuditExactly({ limit, ...(after > 0 && { after }) });
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === 'data-damaged')) throw thrown;
    }
  }
  return 'unreadable';
}

function sorted(_name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => compareTexts(one, other)));
}
