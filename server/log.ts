/** The daemon's own log: structured lines, each scrubbed as a whole (D35); never on stdout. */

import { type Logger, pino } from 'pino';
import { withoutKeys } from './keys/mint.ts';
import { Scrubber } from './runs/scrubber.ts';

export interface Log extends Logger {
  /** From now on `secret` is masked in every line; the log remembers as many as it can search for in no time. */
  keepOut(secret: unknown): void;
}

/** Where finished lines go, e.g. stderr or a file opened for appending. */
export interface LogSink {
  write(line: string): void;
}

/** Once so many are remembered they are forgotten: what is still in use is soon kept out again. */
const mostSecrets = 200;

export function openLog(sink: LogSink, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  let secrets = new Scrubber();
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    // pino's own redaction looks at fields only and misses message texts, so whole lines are scrubbed.
    { write: (line: string) => sink.write(secrets.scrubText(withoutKeys(line))) },
  );
  return Object.assign(logger, {
    keepOut(secret: unknown) {
      secrets.register(secret);
      if (secrets.size <= mostSecrets && !secrets.isFull) return;
      secrets = new Scrubber();
      secrets.register(secret);
      // The log goes on, whatever a run calls a secret.
      if (secrets.isFull) secrets = new Scrubber();
    },
  });
}
