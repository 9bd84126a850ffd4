/** A service on loopback that says everything it is told again; what it does with it is nobody's secret. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Service {
  origin: string;
  host: string;
  close(): void;
}

/** `/token` is an OAuth server that gives what `newToken` makes; `/moved` leads elsewhere; `/cut` gives no answer. */
export async function openService(newToken: () => string): Promise<Service> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const path = new URL(request.url ?? '/', 'http://service').pathname;
    if (path === '/cut') {
      request.socket.destroy();
    } else if (path === '/moved') {
      response.writeHead(302, { location: `http://localhost:1/elsewhere?was=${request.url}` }).end();
    } else if (path === '/refused') {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${request.headers.authorization}"` });
      response.end(JSON.stringify({ refused: request.headers, url: request.url }));
    } else if (path === '/token') {
      const token = { access_token: newToken(), token_type: 'Bearer', expires_in: 3600, was: body };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(token));
    } else {
      const echo = { url: request.url, headers: request.headers, body };
      response.writeHead(200, { 'x-echo': JSON.stringify(request.headers) }).end(JSON.stringify(echo));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    host: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
