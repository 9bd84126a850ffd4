/** Somebody who can write the stored audit log, knows this program, and does not have the log's key. */

import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';

import { genesisHash, recordHash } from '../../server/audit/chain.ts';
import type { AuditRecord } from '../../server/store/contracts/audit.ts';
import { sha256 } from '../store/engines.ts';
import type { Random } from './random.ts';

export interface Forger {
  /** Changes the log as it was in one to three ways, and answers them; the log is never as it was after it. */
  forge(): string[];
  /** Makes the log what it was. */
  restore(): void;
  close(): void;
}

interface Row {
  seq: number;
  record: string;
}

export function openForger(directory: string, random: Random): Forger {
  const database = new DatabaseSync(join(directory, 'history.db'));
  database.exec(`
    PRAGMA synchronous = OFF;
    PRAGMA temp_store = MEMORY;
    CREATE TEMP TABLE old_audit AS SELECT * FROM audit;
    CREATE TEMP TABLE old_head AS SELECT * FROM audit_head;
  `);
  const run = (sql: string, ...values: SQLInputValue[]) => database.prepare(sql).run(...values);
  const rows = () =>
    database
      .prepare('SELECT seq, CAST(record AS TEXT) AS record FROM audit WHERE seq < 1e9 ORDER BY seq')
      .all() as unknown as Row[];
  const anyRow = () => random.pick(rows());
  const hex = () => sha256(String(random.below(2 ** 32)));

  const restore = () => {
    database.exec(`
      DELETE FROM audit; INSERT INTO audit SELECT * FROM old_audit;
      DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM old_head;
    `);
  };
  /** The order of a record's members says nothing, and its hash does not depend on it. */
  const content = () => [
    database
      .prepare('SELECT CAST(seq AS TEXT), CAST(revision AS TEXT), request_id, record FROM audit ORDER BY seq')
      .all()
      .map(({ record, ...columns }) => ({ ...columns, record: parsed(record) })),
    database.prepare('SELECT CAST(seq AS TEXT), hash, seal FROM audit_head').all(),
  ];
  const old = content();
  const isAsItWas = () => isDeepStrictEqual(content(), old);

  /** Makes every record from `seq` on fit again: numbers, hashes, columns and the head, without the seal. */
  const rechain = (seq: number) => {
    let previousHash = genesisHash;
    let next = 1;
    for (const { seq: at, record } of rows()) {
      const members = parsed(record);
      if (typeof members !== 'object' || members === null) return;
      const forged = { ...members, seq: next, previousHash } as AuditRecord;
      if (at >= seq) {
        forged.hash = recordHash(forged, sha256);
        run('DELETE FROM audit WHERE seq = ?', at);
        run(
          'INSERT OR REPLACE INTO audit (seq, revision, request_id, record) VALUES (?, ?, ?, ?)',
          next,
          typeof forged.revision === 'number' ? forged.revision : null,
          typeof forged.requestId === 'string' ? forged.requestId : null,
          JSON.stringify(forged),
        );
      }
      previousHash = forged.hash;
      next += 1;
    }
    fitHead();
  };
  const fitHead = () => {
    const last = rows().at(-1);
    if (!last) return run('DELETE FROM audit_head');
    const members = parsed(last.record);
    const hash =
      typeof members === 'object' && members !== null && 'hash' in members ? members.hash : genesisHash;
    return run('UPDATE audit_head SET seq = ?, hash = ?', last.seq, String(hash));
  };

  const editText = () => {
    const { seq, record } = anyRow();
    const at = random.below(record.length);
    const put = random.pick(['', 'x', '0', ' ', '"', '\\u0041', 'é', '\u0000', String(random.below(10))]);
    run(
      'UPDATE audit SET record = ? WHERE seq = ?',
      record.slice(0, at) + put + record.slice(at + random.below(3)),
      seq,
    );
    return `text of ${seq}`;
  };
  const editField = () => {
    const { seq, record } = anyRow();
    const members = parsed(record);
    if (typeof members !== 'object' || members === null) return 'nothing';
    const edited: Record<string, unknown> = { ...members };
    const fields = ['at', 'actor', 'action', 'target', 'outcome', 'organizationId', 'requestId', 'runId'];
    const field = random.pick([...fields, 'revision', 'detail', 'previousHash', 'hash', 'seq', 'new']);
    if (random.below(4) === 0) delete edited[field];
    else edited[field] = random.pick<unknown>([hex(), random.below(20), 'ok', 'cli', null, { a: 1 }, true]);
    run('UPDATE audit SET record = ? WHERE seq = ?', JSON.stringify(edited), seq);
    return `${field} of ${seq}`;
  };
  const editColumn = () => {
    const { seq } = anyRow();
    const column = random.pick(['revision', 'request_id', 'seq']);
    const value = random.pick<SQLInputValue>([
      null,
      random.below(30),
      -random.below(5),
      2n ** 62n,
      'text',
      0.5,
    ]);
    if (column === 'seq' && (typeof value === 'string' || value === null || value === 0.5)) return 'nothing';
    run(`UPDATE OR REPLACE audit SET ${column} = ? WHERE seq = ?`, value, seq);
    return `column ${column} of ${seq}`;
  };
  const remove = () => {
    const { seq } = anyRow();
    run('DELETE FROM audit WHERE seq BETWEEN ? AND ?', seq, seq + random.below(4));
    return `removal from ${seq}`;
  };
  const truncate = () => {
    const { seq } = anyRow();
    const last = random.below(8) === 0 ? 0 : seq;
    run('DELETE FROM audit WHERE seq > ?', last);
    return `truncation after ${last}`;
  };
  const swap = () => {
    const [one, other] = [anyRow(), anyRow()];
    run('UPDATE audit SET record = ? WHERE seq = ?', other.record, one.seq);
    run('UPDATE audit SET record = ? WHERE seq = ?', one.record, other.seq);
    return `swap of ${one.seq} and ${other.seq}`;
  };
  const insert = () => {
    const { seq, record } = anyRow();
    const place = random.pick([seq + 1, (rows().at(-1)?.seq ?? 0) + 1, 0, -1, 1000]);
    run('INSERT OR REPLACE INTO audit (seq, record) VALUES (?, ?)', place, record);
    return `copy of ${seq} at ${place}`;
  };
  const asBytes = () => {
    const { seq } = anyRow();
    run('UPDATE audit SET record = CAST(record AS BLOB) WHERE seq = ?', seq);
    return `bytes of ${seq}`;
  };
  const editHead = () => {
    const [what, sql] = random.pick([
      ['no head', 'DELETE FROM audit_head'],
      ['number of the head', `UPDATE audit_head SET seq = ${random.below(30)}`],
      ['hash of the head', `UPDATE audit_head SET hash = '${hex()}'`],
      ['seal of the head', `UPDATE audit_head SET seal = '${hex()}'`],
      ['no seal', 'UPDATE audit_head SET seal = NULL'],
      ['text in the head', `UPDATE audit_head SET seq = 'text'`],
    ] as const);
    database.exec(sql);
    return what;
  };
  const edits = [
    editText,
    editField,
    editField,
    editColumn,
    remove,
    truncate,
    swap,
    insert,
    asBytes,
    editHead,
  ];

  const tamper = (): string[] => {
    restore();
    const done: string[] = [];
    const wanted = 1 + random.below(3);
    while (done.length < wanted && rows().length > 0) done.push(random.pick(edits)());
    const after = random.below(4);
    if (after === 0 && rows().length > 0) {
      rechain(random.below(20));
      done.push('a new chain');
    }
    if (after === 1) {
      fitHead();
      done.push('a fitting head');
    }
    return done;
  };

  return {
    forge() {
      database.exec('BEGIN IMMEDIATE');
      let done = tamper();
      while (isAsItWas()) done = tamper();
      database.exec('COMMIT');
      return done;
    },
    restore,
    close: () => database.close(),
  };
}

function parsed(record: unknown): unknown {
  try {
    return typeof record === 'string' ? JSON.parse(record) : record;
  } catch {
    return record;
  }
}
