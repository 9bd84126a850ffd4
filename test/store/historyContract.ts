/** What every history engine guarantees, as tests; it does not know which engine it is run on. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { AuditRecord } from '../../server/store/contracts/audit.ts';
import type { History } from '../../server/store/contracts/history.ts';
import type { RunFilter, RunRecord, RunSummary } from '../../server/store/contracts/runs.ts';

/** A place of its own where a history can be opened, broken and opened again; disposed with all that is in it. */
export interface HistoryPlace extends AsyncDisposable {
  open(): Promise<History>;
  /** Before it is opened: gives the path of an empty file that is then the history. */
  fill(write: (path: string) => Promise<void>): Promise<void>;
  /** Makes every write fail until the answer is called. */
  breakWrites(): () => void;
}

/** Sorts by `index`, as run ids sort by time. */
export function runRecord(index: number, fields: Partial<RunRecord> = {}): RunRecord {
  return {
    id: `0193-${String(index).padStart(8, '0')}`,
    workflowId: 'deploy',
    folder: '/home/example/flows',
    triggeredBy: 'key:k1',
    mode: 'sync',
    status: 'Pending',
    createdAt: 1_795_000_000_000 + index,
    input: { index },
    logs: [],
    droppedLogBytes: 0,
    ...fields,
  };
}

/** Unchained: the engine looks at the numbers only. */
export function auditRecord(seq: number, fields: Partial<AuditRecord> = {}): AuditRecord {
  return {
    seq,
    at: 1_795_000_000_000 + seq,
    actor: 'cli',
    action: 'key.created',
    target: `k${seq}`,
    outcome: 'ok',
    previousHash: `hash-${seq - 1}`,
    hash: `hash-${seq}`,
    ...fields,
  };
}

const seqs = (records: AuditRecord[]) => records.map(({ seq }) => seq);
const ids = (runs: RunSummary[]) => runs.map(({ id }) => id);

export function historyContract(engine: string, makePlace: () => Promise<HistoryPlace>): void {
  describe(`history in ${engine}`, () => {
    test('a new history is empty', async () => {
      await using place = await makePlace();
      const history = await place.open();
      assert.equal(await history.getRun('absent'), undefined);
      assert.deepEqual(await history.listRuns({ limit: 10 }), []);
      assert.deepEqual(await history.unfinishedRuns(), []);
      assert.equal(await history.lastAudit(), undefined);
      assert.equal(await history.auditHead(), undefined);
      assert.deepEqual(await history.loadLastUsed(), new Map());
      await history.close();
    });

    test('a run is read as it was put, also after opening again', async () => {
      await using place = await makePlace();
      const full = runRecord(1, {
        organizationId: 'acme',
        mode: 'async',
        status: 'Failed',
        startedAt: 1,
        finishedAt: 2.5,
        input: { text: 'ünï 🙂 \u0000 \ud800', nested: [{ a: null }] },
        result: { rows: [1, 2] },
        error: { type: 'ValueError', message: 'bad "quote"', traceback: 'line\nline' },
        logs: [{ at: 3, level: 'INFO', message: 'started' }],
        droppedLogBytes: 17,
        retryOf: '0193-00000000',
        inputScrubbed: true,
        once: { key: 'order-7', bodyHash: 'a1b2' },
      });
      const nothing = runRecord(2, { status: 'Success', result: null });
      const first = await place.open();
      await Promise.all([full, nothing, runRecord(3)].map((run) => first.putRun(run)));
      await first.close();
      const second = await place.open();
      assert.deepEqual(await second.getRun(full.id), full);
      assert.deepEqual(await second.getRun(nothing.id), nothing);
      assert.deepEqual(await second.getRun(runRecord(3).id), runRecord(3));
      await second.close();
    });

    test('putting a run again replaces the whole of it', async () => {
      await using place = await makePlace();
      const history = await place.open();
      const logs = [{ at: 1, level: 'stdout', message: 'hello' }];
      await history.putRun(runRecord(1, { result: 1, organizationId: 'acme', logs }));
      const after = runRecord(1, { status: 'Success', input: { scrubbed: true } });
      await history.putRun(after);
      assert.deepEqual(await history.getRun(after.id), after);
      assert.deepEqual(await history.listRuns({ organizationId: 'acme', limit: 10 }), []);
      await history.close();
    });

    test('a noted run is seen at once, never undoes its end, and survives closing', async () => {
      await using place = await makePlace();
      const history = await place.open();
      history.noteRun(runRecord(1, { status: 'Running' }));
      history.noteRun(runRecord(2, { status: 'Running' }));
      assert.equal((await history.getRun(runRecord(1).id))?.status, 'Running');
      await history.putRun(runRecord(1, { status: 'Success' }));
      const listed = await history.listRuns({ limit: 10 });
      assert.deepEqual(
        listed.map(({ status }) => status),
        ['Running', 'Success'],
      );
      history.noteRun(runRecord(3, { status: 'Running' }));
      await history.close();
      const again = await place.open();
      assert.deepEqual(ids(await again.unfinishedRuns()), [runRecord(2).id, runRecord(3).id]);
    });

    test('a noted run is seen also while its note is being written', async () => {
      await using place = await makePlace();
      const history = await place.open();
      history.noteRun(runRecord(1, { status: 'Running' }));
      const [first, second, one] = await Promise.all([
        history.listRuns({ limit: 10 }),
        history.listRuns({ status: 'Running', limit: 10 }),
        history.getRun(runRecord(1).id),
      ]);
      assert.deepEqual(
        [ids(first), ids(second), one?.status],
        [[runRecord(1).id], [runRecord(1).id], 'Running'],
      );
      await history.close();
    });

    test('a run that JSON cannot hold is refused alone', async () => {
      await using place = await makePlace();
      const history = await place.open();
      const bad = history.putRun(runRecord(1, { result: 1n }));
      const good = history.putRun(runRecord(2));
      await assert.rejects(bad, TypeError);
      await good;
      assert.deepEqual(ids(await history.listRuns({ limit: 10 })), [runRecord(2).id]);
      await history.close();
    });

    test('lists are newest first, filtered, paged, and leave out what may be large', async () => {
      await using place = await makePlace();
      const history = await place.open();
      const runs = Array.from({ length: 24 }, (_, index) =>
        runRecord(index, {
          workflowId: index % 2 ? 'deploy' : 'report',
          status: index % 3 ? 'Success' : 'Failed',
          triggeredBy: index % 5 ? 'key:k1' : 'editor',
          // Several in one millisecond, and a clock that was set back: the page stays in one order all the same.
          createdAt: 1_795_000_000_000 + (index < 20 ? Math.floor(index / 3) : 2),
          ...(index % 4 === 0 && { organizationId: 'acme' }),
          ...(index % 6 === 0 && { retryOf: 'earlier', inputScrubbed: true }),
          result: 'large',
          error: { type: 'ValueError', message: 'large' },
          logs: [{ at: 1, level: 'INFO', message: 'large' }],
          once: { key: `order-${index}`, bodyHash: 'a1b2' },
        }),
      );
      await Promise.all(runs.map((run) => history.putRun(run)));
      const newestFirst = runs
        .map(({ input: _, result: __, error: ___, logs: ____, once: _____, ...summary }) => summary)
        .sort((one, other) => other.createdAt - one.createdAt || (one.id < other.id ? 1 : -1));
      const start = 1_795_000_000_000;
      const filters: [Omit<RunFilter, 'limit'>, (run: RunSummary) => boolean][] = [
        [{}, () => true],
        [{ workflowId: 'deploy' }, (run) => run.workflowId === 'deploy'],
        [{ status: 'Failed' }, (run) => run.status === 'Failed'],
        [{ organizationId: 'acme' }, (run) => run.organizationId === 'acme'],
        [{ triggeredBy: 'editor' }, (run) => run.triggeredBy === 'editor'],
        [
          { workflowId: 'report', status: 'Failed', organizationId: 'acme' },
          (run) => run.workflowId === 'report' && run.status === 'Failed' && run.organizationId === 'acme',
        ],
        [{ createdFrom: start + 3 }, (run) => run.createdAt >= start + 3],
        [{ createdTo: start + 3 }, (run) => run.createdAt < start + 3],
        [
          { createdFrom: start + 1, createdTo: start + 4, triggeredBy: 'key:k1' },
          (run) => run.createdAt > start && run.createdAt < start + 4 && run.triggeredBy === 'key:k1',
        ],
        [{ workflowId: 'absent' }, () => false],
      ];
      for (const [filter, matches] of filters) {
        const found: RunSummary[] = [];
        for (;;) {
          const before = found.at(-1)?.id;
          const page = await history.listRuns({ ...filter, ...(before && { before }), limit: 5 });
          if (page.length === 0) break;
          found.push(...page);
        }
        assert.deepEqual(found, newestFirst.filter(matches), JSON.stringify(filter));
      }
      assert.deepEqual(await history.listRuns({ before: 'absent', limit: 5 }), []);
      await history.close();
    });

    test('a run is found by its idempotency key, its caller and its workflow, until it is too old', async () => {
      await using place = await makePlace();
      const first = await place.open();
      const once = { key: 'order-7', bodyHash: 'a1b2' };
      const [older, newer] = [runRecord(1, { once }), runRecord(5, { once, status: 'Success' })];
      await Promise.all([older, newer, runRecord(6)].map((run) => first.putRun(run)));
      await first.close();
      const history = await place.open();
      const wanted = {
        idempotencyKey: 'order-7',
        triggeredBy: 'key:k1',
        workflowId: 'deploy',
        createdFrom: older.createdAt,
      };
      assert.deepEqual(await history.findOnce(wanted), newer);
      for (const other of [
        { idempotencyKey: 'order-8' },
        { triggeredBy: 'key:k2' },
        { workflowId: 'report' },
        { createdFrom: newer.createdAt + 1 },
      ]) {
        assert.equal(await history.findOnce({ ...wanted, ...other }), undefined);
      }
      await history.close();
    });

    test('runs that had not finished are given oldest first when the history opens again', async () => {
      await using place = await makePlace();
      const first = await place.open();
      const statuses = ['Success', 'Running', 'Pending', 'Failed', 'Running', 'Interrupted'] as const;
      await Promise.all(statuses.map((status, index) => first.putRun(runRecord(9 - index, { status }))));
      await first.close();
      const second = await place.open();
      assert.deepEqual(
        (await second.unfinishedRuns()).map(({ createdAt, status }) => [
          createdAt - 1_795_000_000_000,
          status,
        ]),
        [
          [5, 'Running'],
          [7, 'Pending'],
          [8, 'Running'],
        ],
      );
      await second.close();
    });

    test('256 concurrent writes of all kinds are all there', async () => {
      await using place = await makePlace();
      const history = await place.open();
      const writes = Array.from({ length: 64 }, (_, index) => [
        history.putRun(runRecord(index)),
        history.appendAudit([auditRecord(2 * index + 1), auditRecord(2 * index + 2)]),
        history.saveLastUsed(new Map([[`k${index}`, index]])),
        history.putRun(runRecord(index, { status: 'Running' })),
      ]);
      await Promise.all(writes.flat());
      assert.equal((await history.listRuns({ status: 'Running', limit: 100 })).length, 64);
      assert.deepEqual(
        seqs(await history.listAudit({ limit: 1000 })),
        Array.from({ length: 128 }, (_, index) => index + 1),
      );
      assert.equal((await history.loadLastUsed()).size, 64);
      await history.close();
    });

    test('audit records are read as they were appended, from either end and between bounds', async () => {
      await using place = await makePlace();
      const first = await place.open();
      const records = [
        auditRecord(1),
        auditRecord(2, {
          revision: 1,
          organizationId: 'acme',
          detail: { b: 1, a: 'ünï\u0000\ud800', c: true },
        }),
        auditRecord(3, { requestId: 'req-1', outcome: 'refused' }),
        auditRecord(4, { revision: 2, runId: 'run-1' }),
        auditRecord(5, { requestId: 'req-1' }),
      ];
      await first.appendAudit(records.slice(0, 2));
      await first.appendAudit(records.slice(2));
      await first.appendAudit([]);
      await first.close();
      const history = await place.open();
      assert.deepEqual(await history.listAudit({ limit: 10 }), records);
      assert.deepEqual(await history.lastAudit(), records[4]);
      assert.deepEqual(seqs(await history.listAudit({ after: 1, limit: 2 })), [2, 3]);
      assert.deepEqual(seqs(await history.listAudit({ newestFirst: true, limit: 2 })), [5, 4]);
      assert.deepEqual(seqs(await history.listAudit({ newestFirst: true, before: 4, limit: 2 })), [3, 2]);
      assert.deepEqual(seqs(await history.listAudit({ after: 1, before: 4, limit: 9 })), [2, 3]);
      assert.deepEqual(seqs(await history.listAudit({ changesOnly: true, limit: 9 })), [2, 4]);
      const newestChange = { changesOnly: true, newestFirst: true, limit: 1 } as const;
      assert.deepEqual(seqs(await history.listAudit(newestChange)), [4]);
      assert.deepEqual(seqs(await history.findAuditByRequest('req-1')), [3, 5]);
      assert.deepEqual(await history.findAuditByRequest('absent'), []);
      await history.close();
    });

    test('the head names the newest audit record', async () => {
      await using place = await makePlace();
      const first = await place.open();
      await first.appendAudit([auditRecord(1), auditRecord(2)]);
      assert.deepEqual(await first.auditHead(), { seq: 2, hash: 'hash-2' });
      await first.appendAudit([auditRecord(3)]);
      await first.close();
      const second = await place.open();
      assert.deepEqual(await second.auditHead(), { seq: 3, hash: 'hash-3' });
      await second.appendAudit([auditRecord(4)]);
      await second.close();
    });

    test('an audit record that does not follow the newest is refused, and only it', async () => {
      await using place = await makePlace();
      const history = await place.open();
      await history.appendAudit([auditRecord(1)]);
      const refused = [
        [auditRecord(1)],
        [auditRecord(3)],
        [auditRecord(2), auditRecord(4)],
        [auditRecord(2), auditRecord(2)],
      ];
      const outcomes = await Promise.allSettled([
        history.putRun(runRecord(1)),
        ...refused.map((records) => history.appendAudit(records)),
        history.appendAudit([auditRecord(2)]),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'written')),
        ['written', 'conflict', 'conflict', 'conflict', 'conflict', 'written'],
      );
      assert.deepEqual(seqs(await history.listAudit({ limit: 10 })), [1, 2]);
      assert.ok(await history.getRun(runRecord(1).id));
      await history.close();
    });

    test('a write that fails rejects all that shared it, leaves none of them, and the next one works', async () => {
      await using place = await makePlace();
      const history = await place.open();
      await history.appendAudit([auditRecord(1)]);
      const repair = place.breakWrites();
      const outcomes = await Promise.allSettled([
        history.putRun(runRecord(1)),
        history.appendAudit([auditRecord(2)]),
        history.saveLastUsed(new Map([['k1', 1]])),
      ]);
      for (const outcome of outcomes) {
        assert.equal(outcome.status, 'rejected');
        assert.equal(outcome.reason.code, 'storage-failed');
      }
      repair();
      assert.deepEqual(await history.listRuns({ limit: 10 }), []);
      assert.deepEqual(await history.auditHead(), { seq: 1, hash: 'hash-1' });
      assert.equal((await history.loadLastUsed()).size, 0);
      await Promise.all([history.putRun(runRecord(1)), history.appendAudit([auditRecord(2)])]);
      await history.close();
      const again = await place.open();
      assert.deepEqual(seqs(await again.listAudit({ limit: 10 })), [1, 2]);
      assert.ok(await again.getRun(runRecord(1).id));
      await again.close();
    });

    test('the last use of a key never goes back', async () => {
      await using place = await makePlace();
      const first = await place.open();
      await first.saveLastUsed(
        new Map([
          ['a', 5],
          ['b', 5],
        ]),
      );
      await first.saveLastUsed(new Map([['a', 9]]));
      await first.saveLastUsed(new Map([['b', 1]]));
      await first.close();
      const second = await place.open();
      assert.deepEqual(
        await second.loadLastUsed(),
        new Map([
          ['a', 9],
          ['b', 5],
        ]),
      );
      await second.close();
    });

    test('closing writes what waits, and refuses later calls', async () => {
      await using place = await makePlace();
      const history = await place.open();
      const waiting = [history.putRun(runRecord(1)), history.appendAudit([auditRecord(1)])];
      await history.close();
      await Promise.all(waiting);
      await assert.rejects(history.putRun(runRecord(2)), { code: 'stopping' });
      await assert.rejects(history.listRuns({ limit: 1 }), { code: 'stopping' });
      await history.close();
      const again = await place.open();
      assert.ok(await again.getRun(runRecord(1).id));
      assert.deepEqual(seqs(await again.listAudit({ limit: 10 })), [1]);
      await again.close();
    });

    test('what is pinned can be copied as it was, while the history goes on', async () => {
      await using place = await makePlace();
      const history = await place.open();
      await history.appendAudit([auditRecord(1)]);
      history.noteRun(runRecord(1, { status: 'Running' }));
      const pinned = await history.pin();
      await history.appendAudit([auditRecord(2)]);
      await history.putRun(runRecord(2));
      await using elsewhere = await makePlace();
      await elsewhere.fill((path) => pinned.copyTo(path, () => undefined));
      pinned.close();
      const copy = await elsewhere.open();
      assert.deepEqual(seqs(await copy.listAudit({ limit: 10 })), [1]);
      assert.deepEqual(ids(await copy.listRuns({ limit: 10 })), [runRecord(1).id]);
      assert.deepEqual(seqs(await history.listAudit({ limit: 10 })), [1, 2]);
      await copy.close();
      await history.close();
    });
  });
}
