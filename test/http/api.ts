/** A built daemon with workflows, and calls of its HTTP interface with keys of chosen scopes. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { scopes } from '../../server/protocol/keys.ts';
import { type DaemonProcess, runJson, startDaemonProcess } from '../support/daemonProcess.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  body: any;
}

export interface CallOptions {
  /** Left out: the key that may do everything; empty: none. */
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Api {
  daemon: DaemonProcess;
  /** The folder that is registered. */
  folder: string;
  /** A key that has every scope. */
  fullKey: string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a key on the command line, where it can be an organization's. */
  makeKeyOf(organizationId: string, scopes: string[], ...options: string[]): Promise<string>;
  /** Makes a key as a client does, and gives it. */
  makeKey(wish: Record<string, unknown>): Promise<string>;
  end(): Promise<void>;
}

const source = `
import asyncio
from bifrost import ExecutionContext, workflow

@workflow(name="echo", endpoint_enabled=True, description="Says it again")
async def echo(context: ExecutionContext, name: str, times: int = 1):
    print("said", name)
    return {"name": name, "times": times, "org": context.org_id}

@workflow(name="fails", endpoint_enabled=True)
async def fails(context: ExecutionContext):
    raise ValueError("Not today")

@workflow(name="waits", endpoint_enabled=True)
async def waits(context: ExecutionContext):
    await asyncio.sleep(600)

@workflow(name="search", endpoint_enabled=True, public_endpoint=True, allowed_methods=["GET", "POST"])
async def search(context: ExecutionContext, text: str, tags: list[str] | None = None, **more):
    return text

@workflow(name="off")
async def off(context: ExecutionContext):
    return "never by HTTP"

@workflow(name="own_only", endpoint_enabled=True, disable_global_key=True)
async def own_only(context: ExecutionContext):
    return "own"
`;

const roomy = {
  WORKFLOW_KEYS_READ_LIMIT: '100000',
  WORKFLOW_KEYS_WRITE_LIMIT: '100000',
  WORKFLOW_KEYS_EXECUTE_LIMIT: '100000',
  WORKFLOW_KEYS_FAILED_AUTHENTICATION_LIMIT: '100000',
};

/**
 * @param environment the limits are out of the way unless it says otherwise.
 * @param files further workflows: name of the file → source.
 */
export async function openApi(
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<Api> {
  const place = temporaryFolder();
  const folder = join(place.path, 'code');
  const data = join(place.path, 'data');
  mkdirSync(folder);
  for (const [file, text] of Object.entries({ 'flows.py': source, ...files })) {
    writeFileSync(join(folder, file), text);
  }
  const daemon = await startDaemonProcess({
    data,
    folders: [folder],
    environment: { ...roomy, ...environment },
  });
  const end = async () => {
    await daemon.end();
    place.remove();
  };
  const created = await runJson<{ key: string }>(data, [
    ...['keys', 'create', '--name', 'Full', '--scopes', scopes.join(',')],
  ]).catch(async (thrown: unknown) => {
    await end();
    throw thrown;
  });

  const call: Api['call'] = async (method, path, { key = created.key, body, headers } = {}) => {
    const answer = await request(`${daemon.url}${path}`, {
      method: method as 'GET',
      headers: {
        ...(key !== '' && { 'x-api-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };

  return {
    daemon,
    folder,
    fullKey: created.key,
    call,
    async makeKeyOf(organizationId, wanted, ...options) {
      const made = await runJson<{ key: string }>(data, [
        ...['keys', 'create', '--name', 'Test', '--scopes', wanted.join(',')],
        ...['--org', organizationId, ...options],
      ]);
      return made.key;
    },
    async makeKey(wish) {
      const made = await call('POST', '/api/v1/auth/api-keys', { body: { name: 'Test', ...wish } });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      return made.body.data.key;
    },
    end,
  };
}

export const unauthorized = {
  success: false,
  error: { code: 'UNAUTHORIZED', message: 'Invalid or missing API key' },
};
export const forbidden = {
  success: false,
  error: { code: 'FORBIDDEN', message: 'Insufficient permissions for this operation' },
};
