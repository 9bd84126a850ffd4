/** Outgoing HTTP on pooled connections, within limits; it knows no credential, only what to add for one origin. */

import { getCACertificates } from 'node:tls';
import type { Agent, request } from 'undici';
import { Failure } from '../errors.ts';
import { describeFailure } from './callFailure.ts';
import { isOwnAddress } from './ownAddress.ts';

export interface OutgoingRequest {
  method: string;
  url: URL;
  headers: readonly (readonly [string, string])[];
  body?: Buffer;
  /** For the whole call, redirects and body included. */
  timeoutMs: number;
  /** Added to what is sent to the origin of `url`, and to no other. */
  injected?: Injected;
  /** Left out: up to 5 are followed. */
  redirects?: 'follow' | 'return';
}

export type Injected = { kind: 'header' | 'query'; name: string; value: string };

/** One request of a call, which a redirect can follow. */
interface Hop extends Pick<OutgoingRequest, 'method' | 'url' | 'headers' | 'timeoutMs'> {
  body: Buffer | undefined;
  injected: Injected | undefined;
}

export interface OutgoingAnswer {
  status: number;
  /** Names in lower case; one that came several times stands several times. */
  headers: [string, string][];
  body: Buffer;
  /** Where the answer came from, without what was injected. */
  url: URL;
}

export interface HttpClientParts {
  /** PEM text of authorities that are trusted beside the usual ones. */
  extraCertificates?: string;
  /** The port that the daemon itself listens on. */
  ownPort: () => number | undefined;
  userAgent: string;
  /** What all answers together may hold while they come in; left out: 256 MiB. */
  heldLimitBytes?: number;
}

const responseLimitBytes = 10 * 1024 * 1024;
const connectTimeoutMs = 10_000;
const keepAliveMs = 30_000;
const connectionsPerOrigin = 64;
const mostRedirects = 5;
/** The caller's headers that go to another origin as well; any other can hold what is for the first one only. */
const harmlessHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'user-agent',
]);

/** The library with our pool; loaded with the first call, because most daemons make none. */
interface Pool {
  agent: Agent;
  request: typeof request;
}

export class HttpClient {
  readonly #parts: HttpClientParts;
  readonly #heldLimitBytes: number;
  #heldBytes = 0;
  #pool: Promise<Pool> | undefined;

  constructor(parts: HttpClientParts) {
    this.#parts = parts;
    this.#heldLimitBytes = parts.heldLimitBytes ?? 256 * 1024 * 1024;
  }

  /**
   * Sends a request and reads the whole answer, whatever its status.
   *
   * Invariant: what is injected goes to the origin of `url` only; a redirect elsewhere, and what follows it, goes
   * without, and with none of the caller's own headers that could hold a secret.
   *
   * @throws Failure `call-failed`, `call-timeout`, `forbidden` (the daemon's own port), `bad-input`, `busy`.
   */
  async send(wanted: OutgoingRequest, signal?: AbortSignal): Promise<OutgoingAnswer> {
    const timeout = AbortSignal.timeout(wanted.timeoutMs);
    const signals = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let { url, method, body, injected, headers } = wanted;
    try {
      for (let redirects = 0; ; redirects += 1) {
        const answer = await this.#sendOnce({ ...wanted, url, method, body, injected, headers }, signals);
        const target = wanted.redirects === 'return' ? undefined : redirectTarget(answer, url);
        if (!target) return answer;
        if (redirects === mostRedirects) {
          throw new Failure('call-failed', `${url.host} redirects more than ${mostRedirects} times.`);
        }
        if (target.origin !== url.origin) {
          injected = undefined;
          headers = headers.filter(([name]) => harmlessHeaders.has(name.toLowerCase()));
        }
        if (becomesGet(answer.status, method)) {
          method = 'GET';
          body = undefined;
          headers = headers.filter(([name]) => !name.toLowerCase().startsWith('content-'));
        }
        url = target;
      }
    } catch (thrown) {
      throw describeFailure(thrown, url, { isTimeout: timeout.aborted, timeoutMs: wanted.timeoutMs });
    }
  }

  /** Ends every connection; calls under way fail. */
  async close(): Promise<void> {
    const pool = await this.#pool;
    await pool?.agent.destroy();
  }

  async #sendOnce(wanted: Hop, signal: AbortSignal): Promise<OutgoingAnswer> {
    const { method, url, body, injected } = wanted;
    const sent = new URL(url);
    sent.hash = '';
    if (injected?.kind === 'query') sent.searchParams.set(injected.name, injected.value);
    this.#pool ??= openPool(this.#parts);
    const pool = await this.#pool;
    const answer = await pool.request(sent, {
      dispatcher: pool.agent,
      method: method as 'GET',
      headers: this.#headersOf(wanted).flat(),
      body: body ?? null,
      signal,
      headersTimeout: wanted.timeoutMs,
      bodyTimeout: wanted.timeoutMs,
    });
    return {
      status: answer.statusCode,
      headers: pairs(answer.headers),
      body: await this.#read(answer.body, url),
      url,
    };
  }

  /** What is injected stands in the place of a header of the same name. */
  #headersOf({ headers, injected }: Hop): (readonly [string, string])[] {
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    const own = [
      ['user-agent', this.#parts.userAgent],
      ['accept', '*/*'],
      ['accept-encoding', 'identity'],
    ] as const;
    const all = [...own.filter(([name]) => !names.has(name)), ...headers];
    if (injected?.kind !== 'header') return all;
    const { name, value } = injected;
    return [...all.filter(([other]) => other.toLowerCase() !== name.toLowerCase()), [name, value]];
  }

  async #read(body: AsyncIterable<Buffer>, url: URL): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let readBytes = 0;
    try {
      for await (const chunk of body) {
        readBytes += chunk.length;
        this.#heldBytes += chunk.length;
        if (readBytes > responseLimitBytes) {
          throw new Failure(
            'call-failed',
            `${url.host} answered with more than 10 MiB; ask it for less at a time.`,
          );
        }
        if (this.#heldBytes > this.#heldLimitBytes) {
          throw new Failure('busy', 'Too many large answers are coming in at the same time; try again.');
        }
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      this.#heldBytes -= readBytes;
    }
  }
}

async function openPool({ extraCertificates, ownPort }: HttpClientParts): Promise<Pool> {
  const { Agent, buildConnector, request } = await import('undici');
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    ...(extraCertificates !== undefined && { ca: [...getCACertificates('default'), extraCertificates] }),
  });
  const agent = new Agent({
    connections: connectionsPerOrigin,
    keepAliveTimeout: keepAliveMs,
    connect: (options, callback) =>
      connect(options, (...settled) => {
        const [, socket] = settled;
        // Asked of the connection and not of the name, which a name server could answer anew.
        if (socket && isOwnAddress(socket, ownPort())) {
          socket.destroy();
          callback(
            new Failure(
              'forbidden',
              'A call may not go to the daemon itself; start a workflow with its key.',
            ),
            null,
          );
        } else {
          callback(...settled);
        }
      }),
  });
  return { agent, request };
}

function pairs(headers: NodeJS.Dict<string | string[]>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value = []]) =>
    (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one]),
  );
}

/** Where an answer sends its caller, or undefined where it is an answer. @throws Failure for an address that is none. */
function redirectTarget({ status, headers }: OutgoingAnswer, url: URL): URL | undefined {
  const location = headers.find(([name]) => name === 'location')?.[1];
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const target = URL.parse(location, url.href);
  if (target && /^https?:$/.test(target.protocol) && target.username === '' && target.password === '')
    return target;
  throw new Failure('call-failed', `${url.host} redirects to something that is no http or https address.`);
}

/** As browsers and `requests` do it (RFC 9110, 15.4). */
function becomesGet(status: number, method: string): boolean {
  return (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST');
}
