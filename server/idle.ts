/** Notices that nobody has needed the daemon for a while; what "needed" means is its caller's. */

export interface IdleParts {
  idleMs: number;
  isNeeded: () => boolean;
  clock: () => number;
  /** Called once the daemon was not needed for that long, and again while that goes on. */
  onIdle: () => void;
}

/** Looks every quarter of the idle time, at least every 15 s; what it returns ends that. */
export function watchIdle({ idleMs, isNeeded, clock, onIdle }: IdleParts): () => void {
  let idleSince = clock();
  const timer = setInterval(
    () => {
      if (isNeeded()) idleSince = clock();
      else if (clock() - idleSince >= idleMs) onIdle();
    },
    Math.min(idleMs / 4, 15_000),
  );
  timer.unref();
  return () => clearInterval(timer);
}
