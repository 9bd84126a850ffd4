/** Which config names are those of secrets; pure, and the same for diagnostics and for the editor's prompts. */

/**
 * Whether a name is that of a secret: an API key, a client secret, a password, a signing key, a token (C5);
 * not an identifier such as `tenant_id` (C6).
 */
export function looksLikeSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined || describingWords.has(last) || words.includes('public')) return false;
  if (words.includes('max') || words.includes('min')) return false;
  if (words.some((word) => secretWords.has(word))) return true;
  return words.some((word, index) => /^keys?$/.test(word) && keyKinds.has(words[index - 1] ?? ''));
}

/** What a name's last word is about when the name is not a secret itself, e.g. `token_url`, `api_key_id`. */
const describingWords = new Set(
  (
    'id ids url uri endpoint host name names label count limit max min length size expiry expires expiration ' +
    'ttl seconds minutes days policy header prefix suffix type kind path file format version enabled required ' +
    'rotation date at age scope scopes hint status'
  ).split(' '),
);

const secretWords = new Set(
  (
    'secret secrets password passwords passwd passphrase pwd token tokens credential credentials ' +
    'apikey apikeys privatekey bearer jwt'
  ).split(' '),
);

/** Words that make the `key` after them a secret. */
const keyKinds = new Set(
  (
    'api access auth app application account client private secret shared signing signature encryption webhook ' +
    'master service storage subscription license hmac ssh deploy bot live prod production test'
  ).split(' '),
);
