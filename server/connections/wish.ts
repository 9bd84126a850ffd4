/** What somebody asks a new credential to be → what is stored, or a refusal that names the field; it stores nothing. */

import { Failure } from '../errors.ts';
import { configNamePattern } from '../protocol/configs.ts';
import type { AddCredentialParams, CredentialAuth } from '../protocol/credentials.ts';
import type { CredentialRecord, CredentialShape } from '../store/contracts/records.ts';
import { isLoopbackName, normalHost } from './hosts.ts';
import { findService, type Service, services } from './services.ts';

/** All but the value, so that a wish can be checked before the value is asked for. */
export type CredentialWish = Omit<AddCredentialParams, 'value' | 'clientSecret'>;

/**
 * @throws Failure `bad-input` for a name, service, kind, place, host or address that cannot be (F4, F6–F8, D36).
 */
export function checkShape(params: CredentialWish): CredentialShape {
  const { name, organizationId } = params;
  if (typeof name !== 'string' || !configNamePattern.test(name)) {
    throw new Failure(
      'bad-input',
      'The name of a credential has 1 to 255 characters out of letters, digits, "_", "." and "-".',
    );
  }
  const service = findService(params.service);
  if (!service) {
    throw new Failure(
      'bad-input',
      `Credential "${name}" needs a service: one of ${services.map(({ id }) => id).join(', ')}.`,
    );
  }
  const { auth, ...place } = checkPlace(service, params);
  return {
    name,
    ...(organizationId !== undefined && { organizationId }),
    service: service.id,
    auth,
    ...place,
    hosts: checkHosts(service, params),
    ...checkTest(service, params),
    ...checkOauth(service, auth, params),
  };
}

/** The secret parts, as they are sealed: trimmed, and such that they fit where they go. */
export function checkSecrets(
  { name, auth, prefix }: Pick<CredentialRecord, 'name' | 'auth' | 'prefix'>,
  params: { value: string; clientSecret?: string },
): { value: string; clientSecret?: string } {
  const value = checkSecret(name, 'value', params.value);
  if (auth === 'basic' && !value.includes(':')) {
    throw new Failure(
      'bad-input',
      `The value of credential "${name}" is user and password with ":" between.`,
    );
  }
  if (prefix && value.toLowerCase().startsWith(`${prefix.toLowerCase()} `)) {
    throw new Failure(
      'bad-input',
      `The value of credential "${name}" begins with "${prefix}", which is put before it anyway; leave it out.`,
    );
  }
  if (params.clientSecret === undefined) return { value };
  if (auth !== 'refresh-token') {
    throw new Failure('bad-input', `Credential "${name}" has no client secret besides its value.`);
  }
  return { value, clientSecret: checkSecret(name, 'client secret', params.clientSecret) };
}

export function isOauth(auth: CredentialAuth): boolean {
  return auth === 'client-credentials' || auth === 'refresh-token';
}

/** What RFC 9110 calls a token. */
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
/** Headers that say where a message goes and where it ends. */
export const framingHeaders: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function checkPlace(service: Service, params: CredentialWish) {
  const { name } = params;
  const supported =
    params.auth === undefined ? service.auth[0] : service.auth.find(({ auth }) => auth === params.auth);
  if (!supported) {
    const kinds = service.auth.map(({ auth }) => auth).join(', ');
    throw new Failure('bad-input', `${service.name} takes ${kinds}; choose one for credential "${name}".`);
  }
  const { auth } = supported;
  const { header = supported.header, prefix = supported.prefix, queryParameter } = params;
  if (queryParameter !== undefined) {
    if (auth !== 'api-key' || !/^[A-Za-z0-9_.~[\]-]{1,64}$/.test(queryParameter)) {
      throw new Failure(
        'bad-input',
        `Credential "${name}" goes into a query parameter only as api-key, under a name of letters, digits, "_", "." and "-".`,
      );
    }
    return { auth, queryParameter };
  }
  if (!headerName.test(header) || framingHeaders.has(header.toLowerCase())) {
    throw new Failure('bad-input', `Credential "${name}" cannot go into a header of this name.`);
  }
  if (!/^[\x21-\x7e]{0,40}$/.test(prefix)) {
    throw new Failure(
      'bad-input',
      `The prefix of credential "${name}" is one word, such as Bearer, or empty.`,
    );
  }
  return { auth, header, ...(prefix !== '' && { prefix }) };
}

function checkHosts(service: Service, { name, hosts = service.hosts }: CredentialWish): string[] {
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw new Failure(
      'bad-input',
      `Credential "${name}" needs the hosts that it may be sent to, such as api.example.com.`,
    );
  }
  return hosts.map((entry) => {
    const host = typeof entry === 'string' ? normalHost(entry) : undefined;
    if (host !== undefined) return host;
    throw new Failure(
      'bad-input',
      `A host of credential "${name}" is none; write api.example.com, *.example.com or http://10.0.0.5:8080.`,
    );
  });
}

function checkTest(service: Service, { name, hosts, testUrl }: CredentialWish): { testUrl?: string } {
  // The service's own address tells nothing of a copy of it that somebody hosts elsewhere.
  const url = testUrl ?? (hosts === undefined ? service.testUrl : undefined);
  if (url === undefined) return {};
  const address = URL.parse(url);
  if (!address || !/^https?:$/.test(address.protocol) || address.username !== '' || address.password !== '') {
    throw new Failure('bad-input', `The test address of credential "${name}" is no http or https address.`);
  }
  return { testUrl: address.href };
}

function checkOauth(service: Service, auth: CredentialAuth, params: CredentialWish) {
  if (!isOauth(auth)) return {};
  const { name, clientId, tokenUrl = service.tokenUrl, oauthScope = service.oauthScope } = params;
  const address = tokenUrl === undefined ? null : URL.parse(tokenUrl);
  const isSafe = address?.protocol === 'https:' || (address && isLoopbackName(address.hostname));
  if (!address || !isSafe || address.username !== '') {
    throw new Failure('bad-input', `Credential "${name}" needs the https address where tokens are issued.`);
  }
  if (clientId === undefined || clientId.trim() === '') {
    throw new Failure('bad-input', `Credential "${name}" needs the client id that its tokens are issued to.`);
  }
  return {
    tokenUrl: address.href,
    clientId: clientId.trim(),
    ...(oauthScope !== undefined && oauthScope.trim() !== '' && { oauthScope: oauthScope.trim() }),
  };
}

/** No blank at either end is part of a key; one that was copied along breaks the header. */
function checkSecret(name: string, what: string, given: string): string {
  const secret = typeof given === 'string' ? given.trim() : '';
  if (secret === '') throw new Failure('bad-input', `The ${what} of credential "${name}" is empty.`);
  if (!/^[\x20-\x7e\xa0-\xff]{1,16384}$/.test(secret)) {
    throw new Failure(
      'bad-input',
      `The ${what} of credential "${name}" is one line of at most 16,384 characters that a header can hold.`,
    );
  }
  return secret;
}
