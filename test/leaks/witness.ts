/** Hears and keeps all that the product says: answers, messages, output, logs; it does not know what is secret. */

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { program } from '../support/daemonProcess.ts';
import { connectEditor, type LspClient } from '../support/lspClient.ts';

/** Where something was said, and the bytes of it. */
export type Heard = (where: string, bytes: Uint8Array) => void;

export interface Answer {
  status: number;
  text: string;
  requestId: string;
}

/** Asks over HTTP; `without` is what this answer alone may hold, such as the key that it has made. */
export async function ask(
  heard: Heard,
  method: string,
  url: string,
  { headers = {}, body, without }: AskOptions = {},
): Promise<Answer> {
  const answer = await request(url, {
    method: method as 'GET',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.body.text();
  const allowed = without?.(text);
  const kept = allowed ? text.replaceAll(allowed, '') : text;
  heard(
    `the answer ${answer.statusCode} to ${method} ${new URL(url).pathname.slice(0, 40)}`,
    Buffer.from(JSON.stringify(answer.headers) + kept),
  );
  return { status: answer.statusCode, text, requestId: String(answer.headers['x-request-id']) };
}

interface AskOptions {
  headers?: Record<string, string>;
  body?: unknown;
  without?: (text: string) => string | undefined;
}

/** Runs the command line, and keeps both of its outputs. */
export async function command(
  heard: Heard,
  data: string,
  args: string[],
  { input = '', without, environment }: CommandOptions = {},
): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args, '--data', data],
      { timeout: 120_000, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        const allowed = without?.(stdout);
        const said = stdout + stderr;
        heard(
          `the command ${args.slice(0, 2).join(' ')}`,
          Buffer.from(allowed ? said.replaceAll(allowed, '') : said),
        );
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

interface CommandOptions {
  input?: string;
  without?: (text: string) => string | undefined;
  environment?: Record<string, string>;
}

/** An editor with its trace switched on, of which every byte that comes in is kept until it leaves. */
export async function openEditor(heard: Heard, data: string): Promise<LspClient> {
  const chunks: Buffer[] = [];
  const editor = await connectEditor(data, { onBytes: (chunk) => chunks.push(chunk) });
  await editor.connection.sendNotification('$/setTrace', { value: 'verbose' });
  return {
    ...editor,
    leave() {
      editor.leave();
      heard('the messages to the editor', Buffer.concat(chunks));
    },
  };
}

/** Every file below a folder, as it is on the disk now. */
export function readFiles(
  folder: string,
  heard: Heard,
  isLeftOut: (path: string) => boolean = () => false,
): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    heard('the name of a file', Buffer.from(path));
    if (entry.isSymbolicLink()) heard(`the link ${path}`, Buffer.from(readlinkSync(path)));
    if (entry.isFile() && !isLeftOut(path))
      heard(`the file ${path.slice(folder.length)}`, readFileSync(path));
  }
}

/** Process ids of all that descend from a process. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has just ended.
    }
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  }
  return found.slice(1);
}

/** What the system tells of a process, by the name of the file; undefined when it has ended meanwhile. */
export function readProcess(pid: number, files: string[]): Record<string, Buffer> | undefined {
  try {
    const read = files.map((file) => [file, readFileSync(`/proc/${pid}/${file}`)] as const);
    return read.every(([, bytes]) => bytes.length > 0) ? Object.fromEntries(read) : undefined;
  } catch {
    return undefined;
  }
}
