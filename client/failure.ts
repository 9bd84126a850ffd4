/** A failure that can be shown as it is: the daemon's own, from the wire, or the editor's. */

/**
 * Invariant: the message never holds a value, a secret or a key; the cause goes to the log only.
 */
export class Failure extends Error {
  /** Stable and kebab-case, e.g. `port-taken`; the daemon's table lists them all. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
  }
}
