/** One accepted run, from its first record to its last; it knows neither HTTP nor the other runs. */

import { isDeepStrictEqual } from 'node:util';
import { publicError } from '../errors.ts';
import type { Slots } from '../slots.ts';
import type { History } from '../store/contracts/history.ts';
import type { RunRecord } from '../store/contracts/runs.ts';
import type { Millis } from '../store/contracts/time.ts';
import { Asks } from './asks.ts';
import type { RunEvent, RunRequest, RunScope, RunServices } from './contracts.ts';
import { describeEnd, type EndedStatus } from './ended.ts';
import type { Folder } from './folder.ts';
import type { Ask, DoneFrame } from './frames.ts';
import { LiveLogs } from './liveLogs.ts';
import { makeOrder } from './order.ts';
import { Output } from './output.ts';
import type { Ending, RunProcess } from './process.ts';
import { allMaskedMessage, Scrubber } from './scrubber.ts';

export interface RunLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
  /** From now on `secret` is masked in its lines. */
  keepOut(secret: unknown): void;
}

export interface RunParts {
  history: History;
  services: RunServices;
  folder: Folder;
  slots: Slots;
  clock: () => Millis;
  newId: () => string;
  log: RunLog;
  limits: { maxLogBytes: number; maxResultBytes: number };
  /** Told whenever the record was written. */
  onChange: () => void;
}

/** What a run that was accepted before the daemon started keeps of its record. */
export type Acceptance = Pick<RunRecord, 'id' | 'createdAt' | 'retryOf' | 'once'>;

/** Node's timers hold no more; a longer limit (24 days) is none. */
const longestTimerMs = 2 ** 31 - 1;
const frameOverheadBytes = 1024 * 1024;
/** The body of an outgoing call, 10 MiB, as base64. */
const largestCallBytes = 14 * 1024 * 1024;

export class Run {
  /** Resolves, never rejects, with the last record once it is durable. */
  readonly finished: Promise<RunRecord>;
  readonly #parts: RunParts;
  readonly #request: RunRequest;
  readonly #record: RunRecord;
  readonly #scrubber = new Scrubber();
  readonly #asks: Asks;
  readonly #output: Output;
  readonly #live: LiveLogs;
  readonly #finished = Promise.withResolvers<RunRecord>();
  readonly #aborted = new AbortController();
  #process: RunProcess | undefined;
  #endedStatus: EndedStatus | undefined;
  #isLeft = false;
  #written: Promise<void> = Promise.resolve();

  /** `accepted` is given for a run that was accepted before the daemon started. */
  constructor(request: RunRequest, parts: RunParts, accepted?: Acceptance) {
    const { workflow, organization, input, mode, triggeredBy } = request;
    const { retryOf, once } = accepted ?? request;
    this.#request = request;
    this.#parts = parts;
    this.#record = {
      id: accepted?.id ?? parts.newId(),
      workflowId: workflow.id,
      folder: workflow.folder,
      ...(organization === undefined ? {} : { organizationId: organization.id }),
      triggeredBy,
      mode,
      status: 'Pending',
      // Never before its organization, though the clock was set back: it would not be its own.
      createdAt: accepted?.createdAt ?? Math.max(parts.clock(), organization?.createdAt ?? 0),
      input,
      logs: [],
      droppedLogBytes: 0,
      ...(retryOf === undefined ? {} : { retryOf }),
      ...(once === undefined ? {} : { once }),
    };
    const scope: RunScope = {
      runId: this.#record.id,
      workflowId: workflow.id,
      ...(organization === undefined ? {} : { organization }),
    };
    this.#asks = new Asks({
      scope,
      services: parts.services,
      scrubber: this.#scrubber,
      signal: this.#aborted.signal,
      log: parts.log,
    });
    this.#output = new Output(parts.limits.maxLogBytes, parts.clock);
    this.#live = new LiveLogs(this.#output.lines, this.#scrubber);
    this.finished = this.#finished.promise;
  }

  get id(): string {
    return this.#record.id;
  }

  /** Whether its function may have begun. */
  get hasBegun(): boolean {
    return this.#record.status === 'Running';
  }

  get mode(): 'sync' | 'async' {
    return this.#record.mode;
  }

  /** Its log lines after the first `after`, held back and scrubbed as `LiveLogs` says, and its end. */
  follow(after: number, signal?: AbortSignal): AsyncIterable<RunEvent> {
    return this.#live.follow(after, signal);
  }

  /** Makes the acceptance durable. */
  async accept(): Promise<void> {
    await this.#write();
  }

  /** Waits for its turn, runs, and finishes; never rejects. */
  async perform(): Promise<void> {
    const { slots, folder } = this.#parts;
    let granted = false;
    try {
      if (this.#record.mode === 'sync' && !(slots.hasFree && folder.hasIdle)) this.#writeAhead();
      granted = await slots.acquire(this.#aborted.signal);
      if (granted && this.#endedStatus === undefined) await this.#execute();
    } catch (error) {
      this.#fail(error);
    } finally {
      if (granted) slots.release();
      this.#aborted.abort();
    }
    await this.#finish();
  }

  /** Ends it with this status, wherever it is; the first call counts. */
  end(status: EndedStatus): void {
    this.#endedStatus ??= status;
    this.#aborted.abort();
    this.#process?.end();
  }

  /** Leaves a run that has not begun to the daemon's next start: its acceptance stays as it is. */
  leave(): void {
    this.#isLeft = true;
    this.#resolve({ ...this.#record });
    this.#aborted.abort();
  }

  async #execute(): Promise<void> {
    const { limits } = this.#parts;
    const { workflow } = this.#request;
    const taken = await this.#take();
    if (taken === undefined) return;
    this.#process = taken;
    this.#record.status = 'Running';
    this.#record.startedAt = this.#parts.clock();
    // A begun run must not begin again after a crash. A run that somebody waits for never does.
    if (this.#record.mode === 'async') await this.#write();
    else this.#writeAhead();
    // Ended while it was written: then it must not begin at all.
    if (this.#endedStatus !== undefined) return taken.end();
    const limitMs = workflow.timeoutSeconds * 1000;
    const timer =
      limitMs > 0 && limitMs <= longestTimerMs ? setTimeout(() => this.end('Timeout'), limitMs) : undefined;
    const ending = await taken.run(
      makeOrder(this.#request, this.#record.id, limits),
      Math.max(limits.maxResultBytes, largestCallBytes) + frameOverheadBytes,
      {
        onAsk: (ask) => this.#answer(ask),
        onOutput: (chunk) => {
          this.#output.push(chunk);
          this.#live.grow();
        },
      },
    );
    clearTimeout(timer);
    this.#settle(ending);
  }

  /** A process; undefined when the run was ended, or left, before there was one: nobody waits for a host that hangs. */
  async #take(): Promise<RunProcess | undefined> {
    const { signal } = this.#aborted;
    const taking = this.#parts.folder.take(this.#request.workflow.file);
    const ended = Promise.withResolvers<undefined>();
    signal.addEventListener('abort', () => ended.resolve(undefined), { once: true });
    const taken = await Promise.race([taking, ended.promise]);
    if (taken !== undefined && !signal.aborted) return taken;
    taking.then(
      (late) => late.end(),
      () => {},
    );
    return undefined;
  }

  /** Log lines wait for what may be a secret. A call may last for minutes, and its credential is not the run's to know. */
  #answer(ask: Ask): Promise<object> {
    const answer = () => this.#asks.answer(ask);
    return ask.verb === 'call' ? answer() : this.#live.during(answer);
  }

  #settle(ending: Ending): void {
    const record = this.#record;
    if (ending.kind === 'done') {
      this.#settleDone(ending.frame);
    } else {
      record.status = 'Failed';
      record.error = {
        type: 'Crashed',
        message: ending.kind === 'crashed' ? ending.message : 'It was ended.',
      };
      this.#capture(0);
    }
  }

  #settleDone({ outcome, droppedBytes }: DoneFrame): void {
    const record = this.#record;
    this.#endedStatus = undefined;
    if (outcome.kind === 'success') {
      record.status = 'Success';
      record.result = outcome.result;
    } else {
      const { type, message, traceback } = outcome.error;
      const cut = { cut: outcome.cut };
      record.status = 'Failed';
      record.error = {
        type: this.#scrubber.scrubText(type.toWellFormed()),
        message: this.#scrubber.scrubText(message.toWellFormed(), cut),
      };
      if (traceback !== undefined) {
        record.error.traceback = this.#scrubber.scrubText(traceback.toWellFormed(), cut);
      }
    }
    this.#capture(droppedBytes);
  }

  #capture(unsentBytes: number): void {
    const { lines, droppedBytes, cut } = this.#output.finish(unsentBytes);
    this.#record.logs = this.#scrubber.scrubLines(lines, { cut });
    if (this.#scrubber.isFull) {
      this.#record.logs.push({ at: this.#parts.clock(), level: 'WARNING', message: allMaskedMessage });
    }
    this.#record.droppedLogBytes = droppedBytes;
  }

  /** It never got a process, or what keeps its record failed. */
  #fail(error: unknown): void {
    const { code, message } = publicError(error, this.#record.id);
    if (code === 'internal')
      this.#parts.log.error({ err: error, run: this.#record.id }, 'a run could not go on');
    this.#process?.end();
    this.#record.status = 'Failed';
    this.#record.error = { type: 'HostFailed', message };
  }

  async #finish(): Promise<void> {
    if (this.#isLeft) return;
    const record = this.#record;
    if (this.#endedStatus !== undefined) {
      record.status = this.#endedStatus;
      record.error = describeEnd(this.#endedStatus, this.#request.workflow.timeoutSeconds);
    }
    record.finishedAt = this.#parts.clock();
    const input = this.#scrubber.scrubValue(record.input) as Record<string, unknown>;
    if (!isDeepStrictEqual(input, record.input)) record.inputScrubbed = true;
    record.input = input;
    if (record.result !== undefined) record.result = this.#scrubber.scrubValue(record.result);
    try {
      await this.#write();
    } catch (error) {
      this.#parts.log.error(
        { err: error, run: record.id },
        'the record of a finished run could not be written',
      );
      delete record.result;
      record.status = 'Failed';
      record.error = {
        type: 'StorageFailed',
        message: `Run ${record.id} has ended, but its record could not be written. Check the free space and the rights of the data directory.`,
      };
    }
    this.#resolve(record);
  }

  #resolve(record: RunRecord): void {
    this.#live.end(record);
    this.#finished.resolve(record);
  }

  /** Writes what is known now. Writes of one run never overtake each other. */
  #write(): Promise<void> {
    const snapshot = { ...this.#record };
    const { history, onChange } = this.#parts;
    this.#written = this.#written.catch(() => {}).then(() => history.putRun(snapshot));
    return this.#written.then(onChange);
  }

  /** A trace for the case of a crash, which nobody waits for. */
  #writeAhead(): void {
    this.#parts.history.noteRun({ ...this.#record });
    this.#parts.onChange();
  }
}
