/** Which ports of this machine can be listened on; it listens for a moment to find out. */

import { createServer } from 'node:net';

export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** The first free port from `from` on, of a hundred; `undefined` when there is none. */
export async function nextFreePort(host: string, from: number): Promise<number | undefined> {
  for (let port = from; port < from + 100 && port <= 65_535; port += 1) {
    if (await isPortFree(host, port)) return port;
  }
  return undefined;
}
