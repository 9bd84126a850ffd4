/** The daemon's own log: structured lines, each scrubbed as a whole; never on stdout. */

import { type Logger, pino } from 'pino';
import { withoutKeys } from './keys/mint.ts';

export type Log = Logger;

/** Where finished lines go, e.g. stderr or a file opened for appending. */
export interface LogSink {
  write(line: string): void;
}

export function openLog(sink: LogSink, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  return pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    // pino's own redaction looks at fields only and misses message texts, so whole lines are scrubbed.
    { write: (line: string) => sink.write(withoutKeys(line)) },
  );
}
