/** The only place where the command line asks: for a secret without echo, or on standard input; for a yes. */

import { Failure } from '../errors.ts';
import { plain } from './output.ts';

/** One value from standard input, without its last newline; typed without echo when it is a terminal. */
export async function readSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await ask(prompt, { hidden: true }) : await readAll();
  if (value === '') throw new Failure('bad-input', 'The value is empty; nothing was changed.');
  return value;
}

/** As `readSecret`, for a value that nobody could find out again: typed, it is checked, and then asked for again. */
export async function readNewSecret(prompt: string, check: (value: string) => void): Promise<string> {
  const value = await readSecret(prompt);
  check(value);
  if (process.stdin.isTTY && (await readSecret(`${prompt}, once more`)) !== value) {
    throw new Failure('bad-input', 'The two are not the same; nothing was changed.');
  }
  return value;
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer));
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
    return text.replace(/\r?\n$/, '');
  } catch (cause) {
    throw new Failure('bad-input', 'The value on standard input is not UTF-8 text.', { cause });
  }
}

/** The first line alone would be stored as if it were the whole, and the shell would be given the others as commands. */
function severalLines(): Failure {
  return new Failure(
    'bad-input',
    'The value has several lines; pipe it from a file instead. Nothing was changed.',
  );
}

/** A question to whoever sits at the terminal, answered with one line that may be empty. */
export async function ask(
  question: string,
  {
    hidden,
    kept = 'nothing was changed',
  }: { hidden: boolean /** What is told of a cancellation. */; kept?: string },
): Promise<string> {
  const { stdin, stderr } = process;
  // In raw mode the terminal itself shows nothing; before the question, for some answer at once.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stderr.write(`${question}: `);
  isAsking = true;
  let typed = '';
  try {
    // The next question reads on where this one stops.
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      const characters = [...String(chunk)];
      for (const [index, character] of characters.entries()) {
        if (character === '\u0004') return typed;
        if (character === '\r' || character === '\n') {
          if (characters.slice(index + 1).some((rest) => rest !== '\n')) throw severalLines();
          return typed;
        }
        if (character === '\u0003') throw new Failure('bad-input', `Cancelled; ${kept}.`);
        const isRubout = character === '\u007f' || character === '\b';
        if (!hidden && !(isRubout && typed === '')) stderr.write(isRubout ? '\b \b' : plain(character));
        typed = isRubout ? [...typed].slice(0, -1).join('') : typed + character;
      }
    }
    return typed;
  } finally {
    isAsking = false;
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** Whether somebody is being asked; there is one terminal, and one question at a time. */
let isAsking = false;

/** A question whose answer is of no use any more, as when the daemon has ended, no longer keeps the program waiting. */
export function abandonQuestion(): void {
  if (!isAsking) return;
  process.stdin.setRawMode(false);
  process.stdin.unref();
  process.stderr.write('\n');
}

/** Whether the answer is yes. Where nobody can be asked, it says which flag answers. */
export async function confirm(question: string, flag: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure('bad-input', `Nobody can be asked here: ${question} Give ${flag} to go on.`);
  }
  return /^y(es)?$/i.test((await ask(`${question} [y/N]`, { hidden: false })).trim());
}
