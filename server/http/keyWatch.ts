/** Ends an answer that goes on for long when its key is not valid any more; it does not know what is answered. */

import type { Keys } from '../keys/keys.ts';

/** A key can end by itself, of which nobody is told. */
const lookEveryMs = 15_000;

export interface KeyWatch {
  /** Aborted once the key was revoked, or has ended. */
  signal: AbortSignal;
  stop(): void;
}

/** Invariant: who holds a key that was revoked is told nothing more, by answers that have begun before either. */
export function watchKey(keys: Pick<Keys, 'isValid' | 'onChange'>, id: string): KeyWatch {
  const ended = new AbortController();
  const look = () =>
    void keys.isValid(id).then((isValid) => {
      if (!isValid) ended.abort();
    });
  const forget = keys.onChange(look);
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  // It may have happened since the request was admitted.
  look();
  return {
    signal: ended.signal,
    stop() {
      forget();
      clearInterval(timer);
    },
  };
}
