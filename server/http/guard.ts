/** Keeps web pages and rebound names away from a loopback server; it knows no keys and no routes. */

import type { IncomingMessage } from 'node:http';
import { type ErrorCode, Failure } from '../errors.ts';

interface GuardOptions {
  /** The port that really listens. */
  port: number;
  /** The address that HTTP binds to. */
  host: string;
  /** Further `Host` values, e.g. a tunnel's. */
  allowedHosts: readonly string[];
}

/** Why a request is refused before anybody asks for its key. */
export type Objection = 'misdirected-host' | 'foreign-origin' | 'cross-site';

/**
 * What stands against a request that a foreign page, or a name that was rebound to loopback, has made.
 * A header that cannot be parsed is a foreign one: values are compared whole, nothing here throws on them.
 */
export function openGuard(options: GuardOptions): (request: IncomingMessage) => Objection | undefined {
  const known = allowed(options);
  return ({ rawHeaders }) => {
    let host: string | undefined;
    let objection: Objection | undefined;
    // Raw headers, which Node need not join first: this stands before every request.
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      if (!guardedLengths.has(name.length)) continue;
      const value = rawHeaders[index + 1]?.toLowerCase() ?? '';
      switch (name.toLowerCase()) {
        case 'host':
          // Of several, whatever stands in front of us may go by another one than we do.
          if (host !== undefined) return 'misdirected-host';
          host = value;
          break;
        case 'origin':
          if (!known.origins.has(value)) objection ??= 'foreign-origin';
          break;
        case 'sec-fetch-site':
          if (value !== 'none' && value !== 'same-origin') objection ??= 'cross-site';
      }
    }
    return host === undefined || !known.hosts.has(host) ? 'misdirected-host' : objection;
  };
}

const guardedLengths = new Set(['host', 'origin', 'sec-fetch-site'].map(({ length }) => length));

/** The failure to answer with; whoever asks from a foreign page learns nothing of which header gave it away. */
export function objectionFailure(objection: Objection): Failure {
  return new Failure(...failures[objection]);
}

const foreignPage = ['foreign-origin', 'Requests from other web pages are refused.'] as const;

const failures: Record<Objection, readonly [ErrorCode, string]> = {
  'misdirected-host': [
    'misdirected-host',
    'This Host is not served here. A tunnel or proxy is allowed by WORKFLOW_KEYS_ALLOWED_HOSTS.',
  ],
  'foreign-origin': foreignPage,
  'cross-site': foreignPage,
};

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
