/** The only place where the command line takes a secret: a prompt without echo, or standard input. */

import { Failure } from '../errors.ts';

/** One value from standard input, without its last newline; typed without echo when it is a terminal. */
export async function readSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await promptWithoutEcho(prompt) : await readAll();
  if (value === '') throw new Failure('bad-input', 'The value is empty; nothing was changed.');
  return value;
}

/** As `readSecret`, for a value that nobody could find out again: typed, it is asked for twice. */
export async function readNewSecret(prompt: string): Promise<string> {
  const value = await readSecret(prompt);
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

/** Reads a line in raw mode, so that the terminal shows nothing of it. */
async function promptWithoutEcho(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${prompt}: `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of stdin) {
      const characters = [...String(chunk)];
      for (const [index, character] of characters.entries()) {
        if (character === '\u0004') return typed;
        if (character === '\r' || character === '\n') {
          if (characters.slice(index + 1).some((rest) => rest !== '\n')) throw severalLines();
          return typed;
        }
        if (character === '\u0003') throw new Failure('bad-input', 'Cancelled; nothing was changed.');
        typed = character === '\u007f' || character === '\b' ? typed.slice(0, -1) : typed + character;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
