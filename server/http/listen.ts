/** Binding the HTTP server to its port, and saying what to do when that fails. */

import type { FastifyInstance } from 'fastify';
import { Failure } from '../errors.ts';
import type { Settings } from '../settings.ts';

/** @throws Failure `port-taken`; `bad-input` for an address that is not this machine's. */
export async function listen(
  app: Pick<FastifyInstance, 'listen'>,
  settings: Pick<Settings, 'host' | 'port'>,
): Promise<void> {
  try {
    await app.listen({ port: settings.port, host: settings.host });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE') {
      throw new Failure(
        'port-taken',
        `Port ${settings.port} on ${settings.host} is taken by another program. Choose another with --port or WORKFLOW_KEYS_PORT; 0 takes a free one.`,
        { cause },
      );
    }
    throw new Failure(
      'bad-input',
      `Cannot listen on ${settings.host}:${settings.port} (${code ?? 'unknown'}). Choose an address of this machine with --host, and a port that you may open with --port.`,
      { cause },
    );
  }
}
