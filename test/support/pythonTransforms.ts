/** The transforms of secrets as Python itself computes them, in one process for all. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { transforms } from './transforms.ts';

const program = `
import base64, html, json, shlex, sys, urllib.parse, xml.sax.saxutils
transforms, secrets = json.load(sys.stdin.buffer)
json.dump([{name: eval(code, {**globals(), "s": s}) for name, code in transforms} for s in secrets], sys.stdout)
`;

/** For each secret, in order: name of the transform → how Python writes it. @param codes name → expression of `s`. */
export async function inPython(
  secrets: readonly string[],
  codes = Object.fromEntries(transforms.map(({ name, python }) => [name, python])),
): Promise<Record<string, string>[]> {
  const python = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(python, 'close');
  python.stdin.end(JSON.stringify([Object.entries(codes), secrets]));
  const answer = await text(python.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`Python ended with ${code}.`);
  return JSON.parse(answer);
}
