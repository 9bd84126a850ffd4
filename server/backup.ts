/** Backs up everything of a running daemon into one file, while it goes on; it opens no secret. */

import { isAbsolute } from 'node:path';
import { Failure } from './errors.ts';
import type { MadeBackup } from './protocol/bundles.ts';
import type { WorkProgress } from './protocol/daemon.ts';
import { writeBackupFile } from './store/backupFile.ts';
import type { AuditEntry } from './store/contracts/audit.ts';
import type { History } from './store/contracts/history.ts';
import type { State } from './store/contracts/state.ts';
import type { Millis } from './store/contracts/time.ts';
import { version } from './version.ts';

export interface BackupsParts {
  state: State;
  history: History;
  /** Resolves once the record is durable, and rejects when it cannot be. */
  appendAudit: (entry: AuditEntry) => Promise<unknown>;
  clock: () => Millis;
  /** Where the key of its secrets is. */
  keySource: MadeBackup['keySource'];
}

export class Backups {
  readonly #parts: BackupsParts;
  /** Of the backup that is being made. */
  progress: WorkProgress | undefined;

  constructor(parts: BackupsParts) {
    this.#parts = parts;
  }

  /**
   * State and history as they are at one moment, in one new file (0600) at the absolute path; audited first.
   *
   * @throws Failure `bad-input`; `conflict` while another is made, or for a file that is there and not to be replaced;
   * `storage-failed`.
   */
  async write({ path, replace }: { path: string; replace: boolean }, actor: string): Promise<MadeBackup> {
    if (!isAbsolute(path)) throw new Failure('bad-input', 'Give the absolute path of the file to write.');
    if (this.progress) throw new Failure('conflict', 'A backup is being made; wait until it is there.');
    this.progress = { done: 0, total: 0 };
    try {
      return await this.#write(path, replace, actor);
    } finally {
      this.progress = undefined;
    }
  }

  async #write(path: string, replace: boolean, actor: string): Promise<MadeBackup> {
    const { state, history, appendAudit, clock, keySource } = this.#parts;
    const entry = { actor, action: 'backup.made', target: 'data-directory' };
    // First, so that the backup itself says that it was made.
    await appendAudit({ ...entry, outcome: 'ok' });
    const { meanwhile: pinned, ...frozen } = await state.freeze(() => history.pin());
    try {
      await writeBackupFile({
        path,
        replace,
        state: frozen,
        history: pinned,
        head: { madeAt: clock(), program: version },
        onProgress: (progress) => {
          this.progress = progress;
        },
      });
    } catch (thrown) {
      await appendAudit({ ...entry, outcome: 'failed' });
      throw thrown;
    } finally {
      pinned.close();
    }
    return { path, revision: frozen.revision, keySource };
  }
}
