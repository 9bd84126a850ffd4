/** Listing runs out of a million of them: through the daemon, as editor and command line do. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { withDaemon } from '../../server/cli/connect.ts';
import type { Requests } from '../../server/protocol.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import { startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

type Filter = Requests['workflowKeys/runs/list']['params'];

export interface ListTimes {
  /** Of every page, over all filters. */
  pagesMs: number[];
  /** The same page by a look at each run, which the first scan of the table costs. */
  scanMs: number;
}

const total = 1_000_000;
const pageSize = 50;
const firstMs = Date.UTC(2026, 0, 1);
/** One run a minute and a half: about three years. */
const intervalMs = 90_000;
const timeAt = (share: number) => new Date(firstMs + share * total * intervalMs).toISOString();

const filters: Filter[] = [
  {},
  { workflowId: 'workflow-7' },
  { status: 'Failed' },
  { workflowId: 'workflow-7', status: 'Failed' },
  { workflowId: 'workflow-7', status: 'Timeout' },
  { triggeredBy: 'key:12' },
  { triggeredBy: 'key:12', status: 'Failed' },
  { organizationId: 'organization-3' },
  { organizationId: 'organization-3', workflowId: 'workflow-7' },
  { createdFrom: timeAt(0.2), createdTo: timeAt(0.3) },
  { createdTo: timeAt(0.01), status: 'Failed' },
];

/** `rounds` times two pages for each filter. */
export async function measureRunLists(rounds: number): Promise<ListTimes> {
  const folder = temporaryFolder();
  try {
    await fill(folder.path);
    const scanMs = scan(folder.path);
    const daemon = await startDaemonProcess({ data: folder.path });
    try {
      const pagesMs = await withDaemon(folder.path, async (call) => {
        const durations: number[] = [];
        const read = async (filter: Filter) => {
          const before = performance.now();
          const page = await call('workflowKeys/runs/list', { ...filter, limit: pageSize });
          durations.push(performance.now() - before);
          return page;
        };
        for (let round = 0; round < rounds; round += 1) {
          for (const filter of filters) {
            const last = (await read(filter)).at(-1);
            if (last) await read({ ...filter, before: last.id });
          }
        }
        return durations;
      });
      return { pagesMs, scanMs };
    } finally {
      await daemon.end();
    }
  } finally {
    folder.remove();
  }
}

/** In one transaction. Every fifth run failed; nothing of `workflow-7` ever ran out of time. */
async function fill(directory: string): Promise<void> {
  await (await openSqliteHistory({ directory })).close();
  const database = new DatabaseSync(join(directory, 'history.db'));
  database.exec(`
    BEGIN;
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${total - 1})
    INSERT INTO runs (id, workflow_id, folder, organization_id, triggered_by, mode, status, created_at, started_at,
      finished_at, dropped_log_bytes, input_scrubbed, input, result, logs)
    SELECT printf('0193%08d-example', n), 'workflow-' || (n % 50), '/home/example/flows',
      CASE n % 4 WHEN 0 THEN NULL ELSE 'organization-' || (n % 30) END, 'key:' || (n * 7 % 100), 'sync',
      CASE WHEN n % 50 <> 7 AND n % 1000 = 1 THEN 'Timeout' WHEN n % 5 = 2 THEN 'Failed' ELSE 'Success' END,
      ${firstMs} + n * ${intervalMs}, ${firstMs} + n * ${intervalMs}, ${firstMs} + n * ${intervalMs} + 40, 0, 0,
      '{"amount":' || n || '}', '{"charged":true}', '[{"at":1,"level":"INFO","message":"an example of a line"}]'
    FROM numbers;
    COMMIT;
  `);
  database.close();
}

function scan(directory: string): number {
  const database = new DatabaseSync(join(directory, 'history.db'), { readOnly: true });
  const before = performance.now();
  // The plus sign keeps SQLite from using an index.
  database
    .prepare('SELECT id FROM runs WHERE +workflow_id = ? ORDER BY +created_at DESC LIMIT ?')
    .all('workflow-7', pageSize);
  const durationMs = performance.now() - before;
  database.close();
  return durationMs;
}
