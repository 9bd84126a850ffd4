/** A credential → what is added to a call with it (F5–F8, F33); the only place of this room that opens a value. */

import type { Vault } from '../configs/vault.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import type { Injected } from './httpClient.ts';
import type { Tokens } from './tokens.ts';
import { isOauth } from './wish.ts';

export interface Injection {
  injected: Injected;
  /** What must be kept out of a run's output, in every part that stands for the whole. */
  secrets: string[];
  /** To be called when the service answers 401: whether there may be another value, which has to be asked for anew. */
  onRefused: () => boolean;
}

export type Inject = (record: CredentialRecord) => Promise<Injection>;

/** The answer throws Failure `cannot-decrypt`, `call-failed` and `call-timeout` (a token that is not renewed). */
export function openInjection({ vault, tokens }: { vault: Pick<Vault, 'open'>; tokens: Tokens }): Inject {
  return async (record) => {
    if (isOauth(record.auth)) {
      const { accessToken, isNew } = await tokens.current(record);
      return {
        injected: place(record, accessToken),
        secrets: [accessToken],
        onRefused: () => {
          tokens.refuse(record, accessToken);
          // A service may end a token before its time; one that was issued just now it means to refuse.
          return !isNew;
        },
      };
    }
    const value = vault.open(record, record.value);
    const isBasic = record.auth === 'basic';
    const sent = isBasic ? Buffer.from(value).toString('base64') : value;
    return {
      injected: place(record, sent),
      secrets: isBasic ? [value, sent, value.slice(value.indexOf(':') + 1)] : [value],
      onRefused: () => false,
    };
  };
}

/** D43: one blank between scheme and value. */
function place(
  { header = 'Authorization', prefix, queryParameter }: CredentialRecord,
  value: string,
): Injected {
  if (queryParameter !== undefined) return { kind: 'query', name: queryParameter, value };
  return { kind: 'header', name: header, value: prefix === undefined ? value : `${prefix} ${value}` };
}
