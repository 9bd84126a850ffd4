/** One run for one idempotency key, however often and from how many sides it is asked for; it knows no HTTP. */

import { Failure } from '../errors.ts';
import type { History } from '../store/contracts/history.ts';
import type { OnceMark, RunRecord } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { RunRequest, StartedRun } from './contracts.ts';

export interface OnceParts {
  history: Pick<History, 'findOnce'>;
  clock: () => Millis;
  start: (request: RunRequest) => Promise<StartedRun>;
  /** The run of a record; undefined when it has not been seen to since the daemon started. */
  find: (record: RunRecord) => StartedRun | undefined;
}

/** How long a key stands for its run. */
const lifetimeMs = 24 * 60 * 60 * 1000;
const keyPattern = /^[\x20-\x7e]{1,255}$/;

/** Invariant: a key belongs to its caller and its workflow; nobody else's key leads to a run. */
export class Once {
  readonly #parts: OnceParts;
  /** Starts that are under way, so that those who come meanwhile get the same run. */
  readonly #starting = new Map<string, { bodyHash: string; started: Promise<StartedRun> }>();

  constructor(parts: OnceParts) {
    this.#parts = parts;
  }

  async start(once: OnceMark, request: RunRequest): Promise<StartedRun> {
    if (!keyPattern.test(once.key)) {
      throw new Failure('bad-input', 'An idempotency key has 1 to 255 printable ASCII characters.');
    }
    const place = JSON.stringify([request.triggeredBy, request.workflow.id, once.key]);
    const other = this.#starting.get(place);
    if (other !== undefined) {
      checkBody(other.bodyHash, once);
      return other.started;
    }
    const started = this.#findOrStart(once, request);
    this.#starting.set(place, { bodyHash: once.bodyHash, started });
    try {
      return await started;
    } finally {
      this.#starting.delete(place);
    }
  }

  async #findOrStart(once: OnceMark, request: RunRequest): Promise<StartedRun> {
    const { history, clock, start, find } = this.#parts;
    const record = await history.findOnce({
      idempotencyKey: once.key,
      triggeredBy: request.triggeredBy,
      workflowId: request.workflow.id,
      createdFrom: clock() - lifetimeMs + 1,
    });
    if (record === undefined) return start({ ...request, once });
    checkBody(record.once?.bodyHash, once);
    const run = find(record);
    if (run === undefined) {
      throw new Failure(
        'busy',
        `Run ${record.id} is being taken up again after a stop; ask again in a moment.`,
      );
    }
    return run;
  }
}

function checkBody(bodyHash: string | undefined, once: OnceMark): void {
  if (bodyHash === once.bodyHash) return;
  throw new Failure(
    'conflict',
    'This idempotency key was used with another body in the last 24 hours; use a new key for a new run.',
  );
}
