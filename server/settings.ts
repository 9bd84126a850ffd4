/** The daemon's settings: flags before environment before defaults, checked once. */

import { availableParallelism, homedir } from 'node:os';
import { resolve } from 'node:path';
import { defaultDataDirectory } from './dataDirectory.ts';
import { Failure } from './errors.ts';

interface NumberSetting {
  kind: 'number';
  variable: string;
  default: number;
  min: number;
  max: number;
  /** One sentence for the README's table. */
  doc: string;
}
interface TextSetting {
  kind: 'text';
  variable: string;
  default: string;
  doc: string;
  /** What the text must be, with the words that say so. */
  form?: { pattern: RegExp; must: string };
}
interface FlagSetting {
  kind: 'flag';
  variable: string;
  default: boolean;
  doc: string;
}

const number = (variable: string, value: number, min: number, max: number, doc: string): NumberSetting => ({
  kind: 'number',
  variable,
  default: value,
  min,
  max,
  doc,
});
const text = (variable: string, value: string, doc: string, form?: TextSetting['form']): TextSetting => ({
  kind: 'text',
  variable,
  default: value,
  doc,
  ...(form && { form }),
});
const flag = (variable: string, value: boolean, doc: string): FlagSetting => ({
  kind: 'flag',
  variable,
  default: value,
  doc,
});

/** Every setting that is a single value. The README's table lists the same variables; a test compares them. */
export const settingTable = {
  host: text('WORKFLOW_KEYS_HOST', '127.0.0.1', 'Address that HTTP binds to.'),
  port: number('WORKFLOW_KEYS_PORT', 3000, 0, 65_535, 'Port of HTTP; 0 takes a free one.'),
  allowedHosts: text(
    'WORKFLOW_KEYS_ALLOWED_HOSTS',
    '',
    'Further values of the `Host` header to accept, comma-separated, for a tunnel or a proxy.',
  ),
  python: text(
    'WORKFLOW_KEYS_PYTHON',
    '',
    'Interpreter for folders that do not choose one; empty is `python3`.',
  ),
  caFile: text(
    'WORKFLOW_KEYS_CA_FILE',
    '',
    'PEM file of further certificate authorities that outgoing calls trust.',
  ),
  waitLimitSeconds: number(
    'WORKFLOW_KEYS_WAIT_LIMIT_SECONDS',
    60,
    1,
    3_600,
    'How long an HTTP caller waits for a run before it gets 202 and the run goes on.',
  ),
  poolSize: number('WORKFLOW_KEYS_POOL_SIZE', 6, 1, 64, 'Processes that stand ready for a run, per folder.'),
  maxConcurrentRuns: number(
    'WORKFLOW_KEYS_MAX_CONCURRENT_RUNS',
    Math.max(16, availableParallelism() * 8),
    1,
    1_024,
    'Runs at the same time.',
  ),
  maxQueuedRuns: number(
    'WORKFLOW_KEYS_MAX_QUEUED_RUNS',
    1_000,
    0,
    100_000,
    'Runs that may wait for a place; one more is answered 503.',
  ),
  memoryLimitMb: number(
    'WORKFLOW_KEYS_MEMORY_LIMIT_MB',
    2_048,
    0,
    1_048_576,
    "A run's address space in MiB; 0 is no limit.",
  ),
  maxLogKb: number(
    'WORKFLOW_KEYS_MAX_LOG_KB',
    1_024,
    1,
    65_536,
    'Log output that is kept of a run, in KiB; the rest is counted and dropped.',
  ),
  maxResultKb: number(
    'WORKFLOW_KEYS_MAX_RESULT_KB',
    10_240,
    1,
    102_400,
    "A run's result in KiB; a larger one fails the run.",
  ),
  apiKeyPrefix: text(
    'WORKFLOW_KEYS_API_KEY_PREFIX',
    'wfk_',
    'What new API keys begin with (D2); those under an old prefix stay valid.',
    {
      pattern: /^(?!bk_live_$)[A-Za-z][A-Za-z0-9_]{0,30}_$/,
      must: 'be a letter, then at most 30 letters, digits and "_", then "_", and not the prefix of workflow keys',
    },
  ),
  readLimit: number('WORKFLOW_KEYS_READ_LIMIT', 1_000, 1, 10_000_000, 'Reads a minute, per key (A24).'),
  writeLimit: number('WORKFLOW_KEYS_WRITE_LIMIT', 100, 1, 10_000_000, 'Changes a minute, per key (A25).'),
  executeLimit: number('WORKFLOW_KEYS_EXECUTE_LIMIT', 500, 1, 10_000_000, 'Runs a minute, per key (A26).'),
  webhookLimit: number(
    'WORKFLOW_KEYS_WEBHOOK_LIMIT',
    10_000,
    1,
    10_000_000,
    'Requests a minute to public workflows, per address (A27).',
  ),
  failedAuthenticationLimit: number(
    'WORKFLOW_KEYS_FAILED_AUTHENTICATION_LIMIT',
    20,
    1,
    10_000_000,
    'Failed authentications a minute, per address (D10).',
  ),
  rateWindowSeconds: number(
    'WORKFLOW_KEYS_RATE_WINDOW_SECONDS',
    60,
    1,
    3_600,
    'The span of time that the limits above count in, instead of a minute.',
  ),
  referenceTimeoutSeconds: number(
    'WORKFLOW_KEYS_REFERENCE_TIMEOUT_SECONDS',
    10,
    1,
    300,
    'How long the command or file behind a secret may take at each read.',
  ),
  signatureHeaders: text(
    'WORKFLOW_KEYS_SIGNATURE_HEADERS',
    'X-Signature,X-Hub-Signature-256,Stripe-Signature',
    'Headers in which a webhook may carry its signature, comma-separated; the first one that is there counts.',
    {
      pattern: /^[\w-]{1,64}(?:\s*,\s*[\w-]{1,64}){0,31}$/,
      must: 'be names of headers, separated by commas',
    },
  ),
  idleSeconds: number(
    'WORKFLOW_KEYS_IDLE_SECONDS',
    900,
    0,
    100_000_000,
    'A background daemon without clients, runs and endpoints stops after this long; 0 is never.',
  ),
  stayForEndpoints: flag(
    'WORKFLOW_KEYS_STAY_FOR_ENDPOINTS',
    true,
    'A background daemon stays while an endpoint-enabled workflow is registered.',
  ),
} as const satisfies Record<string, NumberSetting | TextSetting | FlagSetting>;

type SettingTable = typeof settingTable;
type SettingValue<S> = S extends NumberSetting ? number : S extends FlagSetting ? boolean : string;

export type Settings = { [K in keyof SettingTable]: SettingValue<SettingTable[K]> } & {
  /** Absolute. */
  dataDirectory: string;
};

/** What the command line said; all of it text, as typed. */
export type SettingFlags = { [K in keyof SettingTable]?: string } & { dataDirectory?: string };

/** @throws Failure `bad-input` that names the flag or variable, what it must be, but not what was given. */
export function readSettings(flags: SettingFlags, environment: NodeJS.ProcessEnv): Settings {
  const entries = Object.entries(settingTable).map(([name, setting]) => {
    const given = flags[name as keyof SettingTable];
    const source = given === undefined ? setting.variable : `--${kebab(name)}`;
    const value = given ?? environment[setting.variable];
    return [name, value === undefined || value === '' ? setting.default : parse(setting, source, value)];
  });
  return {
    ...(Object.fromEntries(entries) as { [K in keyof SettingTable]: SettingValue<SettingTable[K]> }),
    dataDirectory: resolve(
      flags.dataDirectory || defaultDataDirectory(environment, process.platform, homedir()),
    ),
  };
}

function parse(setting: NumberSetting | TextSetting | FlagSetting, source: string, value: string) {
  switch (setting.kind) {
    case 'text':
      if (setting.form && !setting.form.pattern.test(value)) {
        throw new Failure('bad-input', `${source} must ${setting.form.must}.`);
      }
      return value;
    case 'flag':
      if (!/^(true|false|1|0)$/.test(value))
        throw new Failure('bad-input', `${source} must be true or false.`);
      return value === 'true' || value === '1';
    case 'number':
      if (!/^\d{1,9}$/.test(value) || Number(value) < setting.min || Number(value) > setting.max) {
        throw new Failure(
          'bad-input',
          `${source} must be a whole number from ${setting.min} to ${setting.max}.`,
        );
      }
      return Number(value);
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
