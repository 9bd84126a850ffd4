/** What every engine of the history must do: it grows, and is read by the page. */

import type { AuditFilter, AuditHead, AuditRecord } from './audit.ts';
import type { RunFilter, RunRecord, RunSummary } from './runs.ts';
import type { Millis } from './time.ts';

/**
 * Runs, the audit log and keys' last use.
 *
 * Guarantees: a promise that resolves is durable; waiting rows share one transaction; a failed write rejects
 * every row that shared it and leaves none of them behind.
 */
export interface History {
  /** With `inputScrubbed`, what an earlier record of the run had as its input is not left behind in any file. */
  putRun(run: RunRecord): Promise<void>;
  /**
   * Notes that a run goes on: seen by readers at once, written soon, and not at all when `putRun` of the same run
   * comes first. Nobody is told when it is written, or that it could not be.
   */
  noteRun(run: RunRecord): void;
  getRun(id: string): Promise<RunRecord | undefined>;
  /** Newest first, by creation and then by id. */
  listRuns(filter: RunFilter): Promise<RunSummary[]>;
  /** The newest run that this caller has started of this workflow with this key, unless it is older. */
  findOnce(wanted: {
    idempotencyKey: string;
    triggeredBy: string;
    workflowId: string;
    createdFrom: Millis;
  }): Promise<RunRecord | undefined>;
  /** Runs that were `Pending` or `Running` when the daemon last stopped, oldest first. */
  unfinishedRuns(): Promise<RunRecord[]>;

  /**
   * In the order of the calls; all or none. A `seq` that does not follow the newest is refused (`conflict`).
   * `seal` is of the head that the last record makes.
   */
  appendAudit(records: AuditRecord[], seal?: string): Promise<void>;
  lastAudit(): Promise<AuditRecord | undefined>;
  /**
   * Number and hash of the newest record, kept apart from the records and written together with them:
   * it still says how far the log went when its last records were removed.
   */
  auditHead(): Promise<AuditHead | undefined>;
  listAudit(filter: AuditFilter): Promise<AuditRecord[]>;
  /**
   * Oldest first, from the very first one unless `after` is given; rejects with `data-damaged` when one of them is
   * not byte for byte what was appended.
   */
  listAuditExactly(filter: { after?: number; limit: number }): Promise<AuditRecord[]>;
  findAuditByRequest(requestId: string): Promise<AuditRecord[]>;

  /** Last use of keys, by key id. Not acknowledged to anybody, so written without waiting for the disk. */
  saveLastUsed(lastUsed: ReadonlyMap<string, Millis>): Promise<void>;
  loadLastUsed(): Promise<Map<string, Millis>>;

  /** Holds on to all that was written up to now, while the history goes on. */
  pin(): Promise<PinnedHistory>;
  close(): Promise<void>;
}

/** A history as it was at one moment. To be closed, since until then nothing of it is given up. */
export interface PinnedHistory {
  /**
   * Copies it into the empty file at `path`, a part at a time, so that nobody waits for it.
   * Rejects with whatever the disk has to say.
   */
  copyTo(path: string, onProgress: (progress: CopyProgress) => void): Promise<void>;
  close(): void;
}

export interface CopyProgress {
  done: number;
  total: number;
}
