/** A folder of workflows, the runs room over a real history, and configuration in memory: what the tests here share. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '../../server/errors.ts';
import { newId } from '../../server/ids.ts';
import type {
  CallServices,
  ConfigServices,
  RunRequest,
  RunScope,
  StartedRun,
} from '../../server/runs/contracts.ts';
import type { RunLog } from '../../server/runs/run.ts';
import { defaultRunSettings, openRuns, type RunSettings, type Runs } from '../../server/runs/runner.ts';
import { openSocketDirectory } from '../../server/socketDirectory.ts';
import type { History } from '../../server/store/contracts/history.ts';
import type { RunRecord } from '../../server/store/contracts/runs.ts';
import { openSqliteHistory } from '../../server/store/sqliteHistory.ts';
import type { Workflow } from '../../server/workflows/workflow.ts';

export const pythonDirectory = join(import.meta.dirname, '..', '..', 'server', 'python');

export interface Bench {
  runs: Runs;
  history: History;
  /** The folder of workflows. */
  folder: string;
  configs: MemoryConfigs;
  /** Messages of the daemon's own log. */
  logged: string[];
  /** Secrets that must not stand in it. */
  keptOut: unknown[];
  write(file: string, source: string): void;
  /** Tells the room that these files are the folder's workflow modules, as they are now. */
  use(...files: string[]): Promise<void>;
  start(id: string, options?: StartOptions): Promise<StartedRun>;
  /** Starts a run and waits for its end. */
  run(id: string, options?: StartOptions): Promise<RunRecord>;
}

export interface StartOptions extends Partial<Omit<RunRequest, 'workflow'>> {
  /** Left out: `flows.py`. */
  file?: string;
  functionName?: string;
  timeoutSeconds?: number;
}

export interface BenchOptions {
  /** Source of `flows.py`. */
  source?: string;
  settings?: Partial<RunSettings>;
  environment?: NodeJS.ProcessEnv;
  history?: History;
  python?: string;
  /** Left out: a record's workflow is in `flows.py`. */
  rebuild?: (record: RunRecord) => Promise<RunRequest | undefined>;
  clock?: () => number;
  /** Left out: no call is made and there is no credential. */
  calls?: CallServices;
}

const refuseCall = () => Promise.reject(new Failure('not-found', 'This bench makes no calls.'));
const noCalls: CallServices = { call: refuseCall, credentialHeaders: refuseCall };

/** Opens a bench that cleans up after the test. */
export async function openBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const root = mkdtempSync(join(tmpdir(), 'wk-runs-'));
  const folder = join(root, 'folder');
  mkdirSync(folder);
  const history = options.history ?? (await openSqliteHistory({ directory: root }));
  const sockets = openSocketDirectory(root);
  const configs = new MemoryConfigs();
  const logged: string[] = [];
  const keptOut: unknown[] = [];
  const note = (_detail: object, message: string) => void logged.push(message);
  const log: RunLog = { info: note, warn: note, error: note, keepOut: (secret) => void keptOut.push(secret) };
  const runs = await openRuns({
    history,
    services: Object.assign(configs, options.calls ?? noCalls),
    pythonDirectory,
    socketDirectory: sockets.directory,
    environment: options.environment ?? process.env,
    log,
    clock: options.clock ?? Date.now,
    newId,
    settings: { ...defaultRunSettings, poolSize: 2, ...options.settings },
    rebuild: options.rebuild ?? (async (record) => rebuildRequest(folder, record)),
  });
  t.after(async () => {
    await runs.close({ graceMs: 0 });
    if (options.history === undefined) await history.close();
    sockets.remove();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const bench: Bench = {
    runs,
    history,
    folder,
    configs,
    logged,
    keptOut,
    write(file, source) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, source);
    },
    use: (...modules) =>
      runs.useFolder({
        path: folder,
        modules,
        ...(options.python === undefined ? {} : { python: options.python }),
      }),
    start: (id, request) => runs.start(makeRequest(folder, id, request)),
    run: async (id, request) => (await bench.start(id, request)).finished,
  };
  if (options.source !== undefined) {
    bench.write('flows.py', options.source);
    await bench.use('flows.py');
  }
  return bench;
}

/** The request of a record whose workflow is still there. */
export function rebuildRequest(folder: string, record: RunRecord): RunRequest {
  const { workflowId, mode, input, triggeredBy } = record;
  return makeRequest(folder, workflowId, { mode, input, triggeredBy });
}

export function makeRequest(folder: string, id: string, options: StartOptions = {}): RunRequest {
  const { file = 'flows.py', functionName = id, timeoutSeconds = 60, ...rest } = options;
  const workflow: Workflow = {
    id,
    functionName,
    folder,
    file,
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    tags: [],
    endpointEnabled: true,
    allowedMethods: ['POST'],
    publicEndpoint: false,
    disableGlobalKey: false,
    executionMode: 'sync',
    timeoutSeconds,
    parameters: [],
    acceptsExtra: false,
    duplicate: false,
  };
  return {
    workflow,
    input: {},
    triggeredBy: 'editor',
    mode: 'sync',
    principal: { userId: 'service', name: 'API Key', email: '', isFunctionKey: true },
    publicUrl: 'http://127.0.0.1:3000',
    ...rest,
  };
}

/** The scope's own values before the global ones (C17). Secrets are those that were put as such. */
export class MemoryConfigs implements ConfigServices {
  /** `<organization or empty>/<name>` → value. */
  readonly values = new Map<string, { value: unknown; secret: boolean }>();
  readonly asked: string[] = [];

  put(name: string, value: unknown, options: { secret?: boolean; organization?: string } = {}): void {
    this.values.set(`${options.organization ?? ''}/${name}`, { value, secret: options.secret ?? true });
  }

  async getConfig(run: RunScope, { name, scope }: { name: string; scope?: string | null }) {
    this.asked.push(name);
    if (name === 'undecryptable') throw new Failure('cannot-decrypt', `Secret "${name}" does not open.`);
    if (name === 'broken') throw new TypeError('an inner detail');
    const own = scope === undefined ? this.values.get(`${run.organization?.id ?? ''}/${name}`) : undefined;
    const found = own ?? this.values.get(`/${name}`);
    return found === undefined
      ? { found: false as const, message: `Config '${name}' is not set; add it in Settings.` }
      : { found: true as const, ...found };
  }

  async setConfig(run: RunScope, wish: { name: string; value: unknown; isSecret?: boolean }) {
    const place = `${run.organization?.id ?? ''}/${wish.name}`;
    const wasSecret = this.values.get(place)?.secret ?? false;
    if (wasSecret && wish.isSecret === false) {
      throw new Failure('bad-input', `Config "${wish.name}" holds a secret; leave is_secret out.`);
    }
    const secret = wish.isSecret ?? wasSecret;
    this.values.set(place, { value: wish.value, secret });
    return { secret };
  }

  async deleteConfig(run: RunScope, { name }: { name: string }) {
    return this.values.delete(`${run.organization?.id ?? ''}/${name}`);
  }

  async listConfigs() {
    return Object.fromEntries(
      [...this.values].map(([place, { value, secret }]) => [place, secret ? '[SECRET]' : value]),
    );
  }
}

/** Waits until `condition` holds; the runner's own time limit ends a test that waits in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}

/**
 * Whether a process with this number is alive. A child of this process is until this one was told of its end;
 * any other zombie is not, because not every system has somebody who looks for it.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return !'ZX'.includes(state) || Number(parent) === process.pid;
  } catch {
    return false;
  }
}

export function messages(record: RunRecord): string[] {
  return record.logs.map(({ message }) => message);
}
