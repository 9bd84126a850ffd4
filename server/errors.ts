/** Failures that a user may see, and the one table of their HTTP statuses; it imports nothing. */

/**
 * Every failure the product can report: stable kebab-case code → HTTP status.
 * The code on the wire is the same word in upper snake case (`rate-limited` → `RATE_LIMITED`, A31).
 */
export const errorTable = {
  'bad-input': 400,
  'bad-json': 400,
  unauthorized: 401,
  forbidden: 403,
  'foreign-origin': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'misdirected-host': 421,
  'rate-limited': 429,
  internal: 500,
  'cannot-decrypt': 500,
  'storage-failed': 500,
  'call-failed': 502,
  'reference-failed': 502,
  'python-unavailable': 503,
  'host-failed': 503,
  busy: 503,
  stopping: 503,
  'data-locked': 503,
  'data-damaged': 503,
  'data-too-new': 503,
  'port-taken': 503,
  'daemon-unreachable': 503,
  'call-timeout': 504,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorTable;

/**
 * A failure with a stable code and one clear line for the user.
 *
 * Invariant: the message never holds a value, a secret or a key; the cause goes to the log only.
 */
export class Failure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, publicMessage: string, options?: { cause?: unknown }) {
    // A refusal is an answer and no bug: its stack tells nothing, and capturing it costs more than the look-up before.
    const { stackTraceLimit } = Error;
    if (errorTable[code] < 500) Error.stackTraceLimit = 0;
    super(publicMessage, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Failure';
    this.code = code;
  }
}

/** The message an outsider sees for any thrown thing: a Failure's own, else a fixed one that names `reference`. */
export function publicError(thrown: unknown, reference: string): { code: ErrorCode; message: string } {
  if (thrown instanceof Failure) return { code: thrown.code, message: thrown.message };
  return { code: 'internal', message: `Internal error; the daemon's log has the cause under ${reference}.` };
}
