/** A command of the built program at a pseudo-terminal, answered as a person would: when it asks. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from './daemonProcess.ts';
import { findPython } from './interpreter.ts';

const atTerminal = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/**
 * Types each answer, and Enter, as soon as its question has been asked; or does something else then.
 *
 * @returns all that the terminal has shown, and the exit code; ends with an error when a question is never asked.
 */
export async function converse(
  data: string,
  args: string[],
  answers: (readonly [question: RegExp, answer: string | (() => void)])[],
): Promise<{ code: number; shown: string }> {
  const child = spawn(
    findPython('pty') ?? 'python3',
    ['-c', atTerminal, process.execPath, program, ...args, '--data', data],
    { stdio: ['pipe', 'pipe', 'inherit'], timeout: 120_000 },
  );
  child.stdin.on('error', () => undefined);
  let shown = '';
  let unread = '';
  const waiting = [...answers];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
    unread += chunk;
    const [next] = waiting;
    const asked = next?.[0].exec(unread);
    if (!next || !asked) return;
    waiting.shift();
    unread = unread.slice(asked.index + asked[0].length);
    const [, answer] = next;
    if (typeof answer === 'string') child.stdin.write(`${answer}\r`);
    else answer();
  });
  const [code] = await once(child, 'close');
  if (waiting.length > 0) throw new Error(`Nobody asked ${waiting[0]?.[0]}: ${shown}`);
  return { code: Number(code), shown };
}
