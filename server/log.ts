/** The daemon's own log: structured lines, each scrubbed as a whole; never on stdout. */

import { type Logger, pino } from 'pino';

export type Log = Logger;

/** Where finished lines go, e.g. stderr or a file opened for appending. */
export interface LogSink {
  write(line: string): void;
}

/**
 * One of our keys or anything in a header that carries one, wherever it stands in a line.
 * pino's own redaction looks at fields only and misses message texts, so whole lines are scrubbed.
 */
const keyLike = /\b([A-Za-z][A-Za-z0-9]*_(?:[A-Za-z0-9]+_)?)[0-9A-Za-z]{32}\b/g;

export function openLog(sink: LogSink, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  return pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => sink.write(line.replace(keyLike, '$1[REDACTED]')) },
  );
}
