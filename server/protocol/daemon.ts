/** What a daemon says of itself and of long work. */

import type { Timestamp } from './time.ts';

/** What `daemon.json` says to whoever looks for a running daemon (0600, in the data directory). */
export interface DaemonFile {
  pid: number;
  version: string;
  protocolVersion: number;
  /** Path of the local socket (a pipe name on Windows). */
  socket: string;
  /** Path of the 0600 file with the token: 64 hex characters that a client sends, with "\n", before anything else. */
  tokenFile: string;
  url: string;
  startedAt: string;
}

export interface DaemonStatus {
  pid: number;
  version: string;
  protocolVersion: number;
  url: string;
  dataDirectory: string;
  startedAt: Timestamp;
  folders: string[];
  clients: number;
  activeRuns: number;
  memoryBytes: number;
  /** Whether stored secrets open with the present secret key (D6). */
  secretKey: 'ok' | 'wrong';
}

/** How far a long piece of work is. */
export interface WorkProgress {
  done: number;
  total: number;
}
