/** Keeps web pages and rebound names away from a loopback server; it knows no keys and no routes. */

import type { IncomingMessage } from 'node:http';
import { Failure } from '../errors.ts';

interface GuardOptions {
  /** The port that really listens. */
  port: number;
  /** The address that HTTP binds to. */
  host: string;
  /** Further `Host` values, e.g. a tunnel's. */
  allowedHosts: readonly string[];
}

/**
 * Refuses a request that a foreign page, or a name that was rebound to loopback, has made.
 * A header that cannot be parsed is a foreign one: values are compared whole, nothing here throws on them.
 *
 * @throws Failure `misdirected-host` or `foreign-origin`.
 */
export function openGuard(options: GuardOptions): (request: IncomingMessage) => void {
  const known = allowed(options);
  return (request) => {
    const host = onlyHost(request)?.toLowerCase();
    if (host === undefined || !known.hosts.has(host)) {
      throw new Failure(
        'misdirected-host',
        'This Host is not served here. A tunnel or proxy is allowed by WORKFLOW_KEYS_ALLOWED_HOSTS.',
      );
    }
    const { origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    if (
      (origin !== undefined && !known.origins.has(origin.toLowerCase())) ||
      (site !== undefined && site !== 'none' && site !== 'same-origin')
    ) {
      throw new Failure('foreign-origin', 'Requests from other web pages are refused.');
    }
  };
}

/** Undefined when there are several: whatever stands in front of us may go by another one than we do. */
function onlyHost({ rawHeaders }: IncomingMessage): string | undefined {
  let only: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== 'host') continue;
    if (only !== undefined) return undefined;
    only = rawHeaders[index + 1];
  }
  return only;
}

function allowed({ port, host, allowedHosts }: GuardOptions) {
  const own = ['127.0.0.1', 'localhost', '[::1]', (host.includes(':') ? `[${host}]` : host).toLowerCase()];
  const further = allowedHosts.map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  const hosts = new Set([
    ...own.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])),
    ...further,
  ]);
  const origins = new Set([
    ...own.map((name) => (port === 80 ? `http://${name}` : `http://${name}:${port}`)),
    ...further.flatMap((name) => [`http://${name}`, `https://${name}`]),
  ]);
  return { hosts, origins };
}
