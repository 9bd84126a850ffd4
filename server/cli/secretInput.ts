/** The only place where the command line takes a secret: a prompt without echo, or standard input. */

import { Failure } from '../errors.ts';

/** One value from standard input, without its last newline; typed without echo when it is a terminal. */
export async function readSecret(prompt: string): Promise<string> {
  const value = process.stdin.isTTY ? await promptWithoutEcho(prompt) : await readAll();
  if (value === '') throw new Failure('bad-input', 'The value is empty; nothing was changed.');
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

/** Reads a line in raw mode, so that the terminal shows nothing of it. */
async function promptWithoutEcho(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${prompt}: `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let typed = '';
  try {
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n' || character === '\u0004') return typed;
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
