/** Asks before something that cannot be undone; where nobody can answer, it says which flag answers instead. */

import { createInterface } from 'node:readline/promises';
import { Failure } from '../errors.ts';
import { plain } from './output.ts';

/**
 * Returns when the answer is yes, or was given before by `--yes`.
 *
 * @param what a sentence of what would happen.
 * @throws Failure `bad-input` for any other answer, and without a terminal.
 */
export async function confirm(what: string, { yes = false }: { yes?: boolean | undefined }): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new Failure('bad-input', `${what} Nothing was changed; add --yes to do it.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // The end of the input is no answer.
    const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    const answer = await Promise.race([terminal.question(`${plain(what)} Go on? [y/N] `), closed]);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new Failure('bad-input', 'Nothing was changed.');
}
