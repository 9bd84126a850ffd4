/** OAuth access tokens that are renewed before they end (F31); they are kept in memory only. */

import type { Vault } from '../configs/vault.ts';
import { Failure } from '../errors.ts';
import { parseObject } from '../jsonObject.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import type { State } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import type { HttpClient, OutgoingAnswer } from './httpClient.ts';

export interface TokensParts {
  state: State;
  vault: Pick<Vault, 'sealer' | 'open'>;
  client: HttpClient;
  clock: () => Millis;
}

/** What a token server has given. */
interface Issued {
  accessToken: string;
  refreshToken: string | undefined;
  lifetimeMs: number;
  askedAt: Millis;
}

interface Token {
  accessToken: string;
  renewAt: Millis;
  /** The value that it was issued for: after a rotation of the credential it is of no use. */
  issuedFor: string;
}

/** So long before its end a token is not used any more, for clocks that differ and calls that take their time. */
const marginMs = 60_000;
/** Of a token that does not say how long it lasts. */
const assumedLifetimeMs = 30 * 60_000;
const renewalTimeoutMs = 30_000;

export class Tokens {
  readonly #parts: TokensParts;
  readonly #tokens = new Map<string, Token>();
  /** Credential and its value → the renewal that is under way. Not the sealed value: a new secret key changes it. */
  readonly #renewals = new Map<string, Promise<string>>();
  /** Credential → what took the place of its refresh token, which is spent, and could not be stored yet. */
  readonly #unstored = new Map<string, { spent: string; issued: Issued }>();

  constructor(parts: TokensParts) {
    this.#parts = parts;
  }

  /**
   * An access token that lasts for a call, and whether it was issued just for that. Whoever comes while it is renewed
   * waits for the same renewal.
   *
   * @throws Failure `call-failed` when none is issued, `call-timeout`, `cannot-decrypt`.
   */
  async current(record: CredentialRecord): Promise<{ accessToken: string; isNew: boolean }> {
    const { id } = record;
    const { vault, clock } = this.#parts;
    const value = vault.open(record, record.value);
    const token = this.#tokens.get(id);
    if (token?.issuedFor === value && clock() < token.renewAt) {
      return { accessToken: token.accessToken, isNew: false };
    }
    const renewalId = `${id}/${value}`;
    const underWay = this.#renewals.get(renewalId);
    if (underWay) return { accessToken: await underWay, isNew: true };
    const renewal = this.#renew(record, value).finally(() => this.#renewals.delete(renewalId));
    this.#renewals.set(renewalId, renewal);
    return { accessToken: await renewal, isNew: true };
  }

  /** The service refused it: the next call gets another one. */
  refuse({ id }: CredentialRecord, accessToken: string): void {
    if (this.#tokens.get(id)?.accessToken === accessToken) this.#tokens.delete(id);
  }

  async #renew(record: CredentialRecord, value: string): Promise<string> {
    const unstored = this.#unstored.get(record.id);
    const issued = unstored?.spent === value ? unstored.issued : await this.#issue(record, value);
    const { askedAt, lifetimeMs, accessToken, refreshToken } = issued;
    const issuedFor = record.auth === 'refresh-token' ? (refreshToken ?? value) : value;
    if (issuedFor !== value) {
      // The old one may be spent, so the new one is on the disk before anything else happens; where the disk is full, it
      // waits for the next call.
      this.#unstored.set(record.id, { spent: value, issued });
      await this.#store(record, value, issuedFor);
      this.#unstored.delete(record.id);
    }
    const renewAt = askedAt + lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
    // It may have waited for the disk longer than it lasts.
    if (unstored && this.#parts.clock() >= renewAt) return this.#renew(record, issuedFor);
    this.#tokens.set(record.id, { accessToken, renewAt, issuedFor });
    return accessToken;
  }

  async #issue(record: CredentialRecord, value: string): Promise<Issued> {
    const { vault, clock } = this.#parts;
    const clientSecret =
      record.auth === 'client-credentials'
        ? value
        : record.clientSecret === undefined
          ? undefined
          : vault.open(record, record.clientSecret);
    const askedAt = clock();
    const grant = {
      ...(record.auth === 'refresh-token'
        ? { grant_type: 'refresh_token', refresh_token: value }
        : { grant_type: 'client_credentials' }),
      ...(record.oauthScope !== undefined && { scope: record.oauthScope }),
    };
    return { ...(await this.#ask(record, grant, clientSecret)), askedAt };
  }

  /** The client's id and secret stand in the body; where a server wants them in the header only (RFC 6749), there. */
  async #ask(record: CredentialRecord, grant: Record<string, string>, clientSecret: string | undefined) {
    const { clientId = '' } = record;
    const first = await this.#post(record, {
      ...grant,
      client_id: clientId,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
    });
    const isUnknown = first.status === 401 || errorIn(first) === 'invalid_client';
    const wantsHeader = isUnknown && clientSecret !== undefined;
    const pair = [clientId, clientSecret ?? ''].map((part) => encodeURIComponent(part)).join(':');
    const answer = wantsHeader
      ? await this.#post(record, grant, `Basic ${Buffer.from(pair).toString('base64')}`)
      : first;
    return readAnswer(record, answer);
  }

  async #post(
    { tokenUrl = '' }: CredentialRecord,
    form: Record<string, string>,
    authorization?: string,
  ): Promise<OutgoingAnswer> {
    return this.#parts.client.send({
      method: 'POST',
      url: new URL(tokenUrl),
      headers: [
        ['content-type', 'application/x-www-form-urlencoded'],
        ['accept', 'application/json'],
        ...(authorization === undefined ? [] : ([['authorization', authorization]] as const)),
      ],
      body: Buffer.from(new URLSearchParams(form).toString()),
      timeoutMs: renewalTimeoutMs,
      redirects: 'return',
    });
  }

  async #store({ id }: CredentialRecord, spent: string, refreshToken: string): Promise<void> {
    const { state, vault } = this.#parts;
    await state.transact(async (tx) => {
      const stored = await tx.get('credentials', id);
      // Removed, or rotated by somebody, while it was renewed: that stays as it is.
      if (!stored || vault.open(stored, stored.value) !== spent) return;
      const seal = await vault.sealer(tx);
      tx.put('credentials', {
        ...stored,
        value: seal(stored, { text: refreshToken, isReference: false }),
      });
      const { name, organizationId } = stored;
      tx.audit({
        actor: 'daemon',
        action: 'credential.renewed',
        target: name,
        outcome: 'ok',
        ...(organizationId !== undefined && { organizationId }),
      });
    });
  }
}

function readAnswer({ name }: CredentialRecord, given: OutgoingAnswer) {
  const { status, body } = given;
  const answer = parseObject(body.toString()) ?? {};
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = answer;
  if (status !== 200 || typeof accessToken !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(accessToken)) {
    const error = errorIn(given);
    const word = error === undefined ? String(status) : `${status}, ${error}`;
    throw new Failure(
      'call-failed',
      `No token was issued for credential "${name}" (${word}). Check its client and scope, or give it a new value.`,
    );
  }
  const seconds = Number(expiresIn);
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    lifetimeMs: seconds > 0 ? seconds * 1000 : assumedLifetimeMs,
  };
}

/** The code of RFC 6749, 5.2; what else stands there could quote what was sent. */
function errorIn({ body }: OutgoingAnswer): string | undefined {
  const { error } = parseObject(body.toString()) ?? {};
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined;
}
