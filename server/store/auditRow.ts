/** An audit record as a row of the history; it does not know how records are chained. */

import type { SQLOutputValue } from 'node:sqlite';

import { Failure } from '../errors.ts';
import type { AuditRecord } from './contracts/audit.ts';

type Row = Record<string, SQLOutputValue>;

export interface AuditInsert {
  seq: number;
  revision: number | null;
  requestId: string | null;
  hash: string;
  json: string;
}

export function auditToRow(record: AuditRecord, index: number, records: AuditRecord[]): AuditInsert {
  const { seq, revision, requestId, hash } = record;
  const before = records[index - 1];
  if (before && seq !== before.seq + 1) {
    throw new Failure(
      'conflict',
      `Audit record ${seq} was refused, because it does not follow ${before.seq}.`,
    );
  }
  return {
    seq,
    revision: revision ?? null,
    requestId: requestId ?? null,
    hash,
    json: JSON.stringify(record),
  };
}

/** @throws SyntaxError for a row that holds no record. */
export function auditFromRow(row: Row): AuditRecord {
  const record: unknown = JSON.parse(String(row.record));
  if (typeof record !== 'object' || record === null || !('seq' in record)) {
    throw new SyntaxError(`Row ${row.seq} of the audit log holds no record.`);
  }
  return record as AuditRecord;
}

/**
 * As `auditFromRow`, for a row with its numbers as text and the record's length in `bytes`.
 *
 * @throws SyntaxError for a row of which any column is not what was written.
 */
export function exactAuditRecord(row: Row): AuditRecord {
  const record = auditFromRow(row);
  const text = JSON.stringify(record);
  // What was put there by hand may be of any type.
  const requestId: unknown = record.requestId ?? null;
  const isExact =
    row.record === text &&
    row.bytes === Buffer.byteLength(text) &&
    row.seq === String(record.seq) &&
    row.revision === (record.revision === undefined ? null : String(record.revision)) &&
    row.request_id === (typeof requestId === 'string' ? requestId.toWellFormed() : requestId);
  if (isExact) return record;
  throw new SyntaxError(`Row ${row.seq} of the audit log is not as it was written.`);
}
