/** The SQL of the history that has fixed text; it does not know what its rows mean. */

import type { DatabaseSync } from 'node:sqlite';

import { runColumns, withArrays } from './runRow.ts';

/** Every statement with fixed text; a table or column that is missing shows here. */
export function prepareStatements(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text);
  const updates = runColumns.slice(1).map((name) => `${name} = excluded.${name}`);
  const selectRun = `SELECT ${runColumns.join(', ')} FROM runs`;
  const selectAudit = 'SELECT seq, record FROM audit';
  const inRange = 'seq > ? AND seq < ?';
  const both = (where: string) => ({
    oldest: sql(`${selectAudit} WHERE ${where} ORDER BY seq LIMIT ?`),
    newest: sql(`${selectAudit} WHERE ${where} ORDER BY seq DESC LIMIT ?`),
  });
  return {
    putRun: sql(
      `INSERT INTO runs (${runColumns.join(', ')}) VALUES (${runColumns.map(() => '?').join(', ')})
       ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')}`,
    ),
    getRun: withArrays(sql(`${selectRun} WHERE id = ?`)),
    findOnce: sql(
      `SELECT id FROM runs WHERE idempotency_key = ? AND triggered_by = ? AND workflow_id = ? AND created_at >= ?
       ORDER BY created_at DESC LIMIT 1`,
    ),
    unfinishedRuns: withArrays(
      sql(`${selectRun} WHERE status IN ('Pending', 'Running') ORDER BY created_at, id`),
    ),
    putAudit: sql('INSERT INTO audit (seq, revision, request_id, record) VALUES (?, ?, ?, ?)'),
    putAuditHead: sql(
      `INSERT INTO audit_head (one, seq, hash, seal) VALUES (1, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, seal = excluded.seal`,
    ),
    auditHead: sql('SELECT CAST(seq AS TEXT) AS seq, hash, seal FROM audit_head'),
    // Records that were taken away leave their numbers used, so that the gap stays to be found.
    headSeq: sql(
      `SELECT max(
         coalesce((SELECT CAST(seq AS INTEGER) FROM audit_head), 0),
         coalesce((SELECT max(seq) FROM audit WHERE seq < ${Number.MAX_SAFE_INTEGER}), 0)
       ) AS seq`,
    ),
    auditAll: both(inRange),
    auditChanges: both(`${inRange} AND revision IS NOT NULL`),
    // As text, since a number that was put there by hand may be larger than JavaScript can hold.
    auditExactly: sql(
      `SELECT CAST(seq AS TEXT) AS seq, CAST(revision AS TEXT) AS revision, request_id, record,
         length(CAST(record AS BLOB)) AS bytes
       FROM audit WHERE audit.seq > ? ORDER BY audit.seq LIMIT ?`,
    ),
    auditByRequest: sql(`${selectAudit} WHERE request_id = ? ORDER BY seq`),
    putLastUsed: sql(
      `INSERT INTO last_used (key_id, at) VALUES (?, ?)
       ON CONFLICT (key_id) DO UPDATE SET at = max(at, excluded.at)`,
    ),
    allLastUsed: sql('SELECT key_id, at FROM last_used'),
  };
}
