/** How answers look in a terminal: one JSON value with `--json`, else lines for people. */

import { Failure } from '../errors.ts';

/** Writes to stdout; the command line's answers go nowhere else. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const outputEnded = Promise.withResolvers<void>();

/** Resolves when nothing more can be written, as when `head` has seen enough; what has no end ends then. */
export const outputEnd: Promise<void> = outputEnded.promise;

/** Looks after standard output from the start on; a reader that has gone is no failure. */
export function watchOutput(): {
  /** Waits until all is written. @throws Failure `storage-failed` when it could not be. */
  written(): Promise<void>;
} {
  let failed: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (thrown: NodeJS.ErrnoException) => {
    outputEnded.resolve();
    if (thrown.code !== 'EPIPE') failed ??= thrown;
  });
  return {
    async written() {
      // An empty write is done when those before it are; why one of them failed is told by the event.
      await new Promise<void>((resolve) => process.stdout.write('', () => setImmediate(resolve)));
      if (!failed) return;
      throw new Failure(
        'storage-failed',
        `The answer could not be written to standard output (${failed.code ?? 'unknown'}). What was asked for is done.`,
        { cause: failed },
      );
    },
  };
}

/** One JSON value on one line, or what `toText` makes of it. */
export function printAnswer<T>(json: boolean, value: T, toText: (value: T) => string): void {
  print(json ? JSON.stringify(value) : toText(value));
}

/** Columns padded to their widest cell; the last one is left as it is. `empty` when there are no rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return empty;
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  return [headings, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          column === headings.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - [...cell].length),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `1 key`, `2 keys`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `2026-11-21 02:25` in UTC, or `never`. */
export function shortTime(timestamp: string | null): string {
  return timestamp === null ? 'never' : timestamp.slice(0, 16).replace('T', ' ');
}

/** A value from outside on one line, so that it cannot write over the terminal. */
export function plain(text: string): string {
  return text.replace(obeyed, '\uFFFD');
}

/** As `plain`, for text that has lines of its own, e.g. a traceback. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

/** What a terminal obeys instead of showing it: control characters, line ends, and what turns the writing around. */
const obeyed = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
