/** Sealed secrets: bound to their row, strict about tokens, and readable by Python's own Fernet. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { deriveKey } from '../../server/configs/secretKey.ts';
import { openVault, type SecretAddress } from '../../server/configs/vault.ts';
import { findPython, isCi } from '../support/interpreter.ts';
import { openStore } from './store.ts';

const key = deriveKey('a-secret-key-of-a-test-that-is-long-enough');
const address: SecretAddress = { id: 'id-1', name: 'stripe_api_key', organizationId: 'acme' };

/** The parts of a token as the Fernet specification names them, for what a sound implementation would not make. */
interface TokenParts {
  version?: number;
  /** Seconds. */
  time?: bigint;
  iv?: Buffer;
  plaintext?: string;
  /** In place of the encrypted plaintext. */
  cipherText?: Buffer;
  signingKey?: Buffer;
}

const fixedIv = Buffer.from(Array.from({ length: 16 }, (_, index) => index));

/** Fernet written down independently of the package, straight from its specification. */
function buildToken(fernetKey: Buffer, parts: TokenParts): Buffer {
  const iv = parts.iv ?? fixedIv;
  const head = Buffer.alloc(9);
  head.writeUInt8(parts.version ?? 0x80);
  head.writeBigUInt64BE(parts.time ?? 499_162_800n, 1);
  const cipherText = parts.cipherText ?? encrypt(fernetKey, iv, Buffer.from(parts.plaintext ?? ''), true);
  const signed = Buffer.concat([head, iv, cipherText]);
  const mac = createHmac('sha256', parts.signingKey ?? fernetKey.subarray(0, 16))
    .update(signed)
    .digest();
  return Buffer.concat([signed, mac]);
}

function encrypt(fernetKey: Buffer, iv: Buffer, plaintext: Buffer, padding: boolean): Buffer {
  const cipher = createCipheriv('aes-128-cbc', fernetKey.subarray(16), iv).setAutoPadding(padding);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** Fernet writes its base64 with padding. */
function textOf(token: Buffer): string {
  return token.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function envelopeOf(
  value: unknown,
  bound: Partial<Record<'organization' | 'name' | 'id', unknown>> = {},
): string {
  return JSON.stringify({ organization: 'acme', name: address.name, id: address.id, ...bound, value });
}

/** The token of a plain value, as the vault makes it in a transaction. */
function seal(at: SecretAddress, text: string, fernetKey = key): string {
  return openVault(fernetKey).addKey(fernetKey).seal(at, { text, isReference: false });
}

/** Asserts the one clear refusal, which holds nothing of the token or the value (S22, C28, D6). */
function refuses(token: string, at: SecretAddress = address, vault = openVault(key)): void {
  assert.throws(
    () => vault.open(at, token),
    (thrown: Error & { code?: string }) => {
      assert.equal(thrown.code, 'cannot-decrypt');
      assert.match(thrown.message, /The secret "stripe_api_key" \(.+\) cannot be decrypted/);
      assert.match(thrown.message, /BIFROST_SECRET_KEY/);
      assert.match(thrown.message, /set the secret again/);
      assert.equal(thrown.cause, undefined);
      assert.doesNotMatch(`${thrown.message}${thrown.stack}`, /canary/);
      return true;
    },
  );
}

test('what is sealed opens again, and no two tokens are alike (S1)', () => {
  const vault = openVault(key);
  const tokens = new Set<string>();
  for (let round = 0; round < 50; round += 1) {
    const token = seal(address, 'sk_test_canary');
    assert.equal(vault.open(address, token), 'sk_test_canary');
    assert.match(token, /^gAAAAA[A-Za-z0-9_-]+={0,2}$/);
    assert.doesNotMatch(Buffer.from(token, 'base64url').toString('latin1'), /canary/);
    tokens.add(token);
  }
  assert.equal(tokens.size, 50);
});

test('any Unicode text up to 64 KiB comes back as it was', () => {
  const vault = openVault(key);
  const property = fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
    assert.equal(vault.open(address, seal(address, value)), value);
  });
  fc.assert(property, { numRuns: 300 });
  for (const value of ['\u0000', ' ', '"\\\n', '🔑'.repeat(16_384), 'x'.repeat(65_536)]) {
    assert.equal(vault.open(address, seal(address, value)), value);
  }
});

test('empty, too large and half-character values are refused with a clear line', () => {
  const refusals: [string, RegExp][] = [
    ['', /is empty/],
    ['canary'.padEnd(65_537, 'x'), /larger than 64 KiB/],
    ['canary\ud800', /lone surrogate/],
    ['\udc00canary', /lone surrogate/],
  ];
  for (const [value, pattern] of refusals) {
    assert.throws(
      () => seal(address, value),
      (thrown: Error & { code?: string }) => {
        assert.equal(thrown.code, 'bad-input');
        assert.match(thrown.message, pattern);
        assert.match(thrown.message, /"stripe_api_key"/);
        assert.doesNotMatch(thrown.message, /canary/);
        return true;
      },
    );
  }
});

test('a token opens however old it is: the package by itself would refuse it after a minute', () => {
  const token = textOf(buildToken(key, { time: 1n, plaintext: envelopeOf('sk_test_old') }));
  assert.equal(openVault(key).open(address, token), 'sk_test_old');
});

test('a token moved to another organization, name or row is refused (S12, S20)', () => {
  const token = seal(address, 'canary');
  refuses(token, { ...address, organizationId: 'globex' });
  refuses(token, { id: address.id, name: address.name });
  refuses(token, { ...address, id: 'id-2' });
  const global = seal({ id: 'id-1', name: 'other' }, 'canary');
  refuses(global, { id: 'id-1', name: 'stripe_api_key' });
});

test("a credential's token opens only for the hosts and addresses that it was sealed for", () => {
  const sentTo = { hosts: ['api.example.com'], testUrl: 'https://api.example.com/me' };
  const credential = { ...address, ...sentTo, tokenUrl: 'https://id.example.com/token' };
  const token = seal(credential, 'canary');
  assert.equal(openVault(key).open(credential, token), 'canary');
  refuses(token, { ...credential, hosts: ['api.example.com', 'evil.example.net'] });
  refuses(token, { ...credential, testUrl: 'https://evil.example.net/' });
  refuses(token, { ...credential, tokenUrl: 'https://evil.example.net/token' });
  refuses(token, { ...address, ...sentTo });
  // Nor is it a config's value, or a config's value a credential's.
  refuses(token, address);
  refuses(seal(address, 'canary'), credential);
});

test('a token from before destinations were sealed still opens', () => {
  const token = textOf(buildToken(key, { plaintext: envelopeOf('sk_test_old') }));
  assert.equal(openVault(key).open({ ...address, hosts: ['api.example.com'] }, token), 'sk_test_old');
  assert.equal(openVault(key).open(address, token), 'sk_test_old');
});

test('whether a token holds a value or a reference is sealed with it (D29)', () => {
  const vault = openVault(key);
  const { seal: sealContent } = vault.addKey(key);
  const text = 'env:STRIPE_KEY';
  for (const isReference of [true, false]) {
    assert.deepEqual(vault.read(address, sealContent(address, { text, isReference })), { text, isReference });
  }
  // What is never a reference is not read as one, such as a credential.
  assert.throws(() => vault.open(address, sealContent(address, { text, isReference: true })), {
    code: 'cannot-decrypt',
    message: /holds no value of its own/,
  });
  for (const mark of [1, 'true', null, {}]) {
    const plaintext = JSON.stringify({ ...JSON.parse(envelopeOf('canary')), reference: mark });
    assert.equal(vault.read(address, textOf(buildToken(key, { plaintext }))).isReference, false);
  }
});

test('a token sealed with another key is refused (S22, C28)', () => {
  refuses(seal(address, 'canary', deriveKey('another-secret-key-of-this-test-file')));
});

test('a plaintext that is no envelope of this row is refused, though its MAC is right', () => {
  const plaintexts = [
    '',
    'canary',
    'null',
    '[]',
    '"canary"',
    '{"value":"canary"}',
    envelopeOf(undefined),
    envelopeOf(null),
    envelopeOf(7),
    envelopeOf('canary', { organization: null }),
    envelopeOf('canary', { organization: undefined }),
    envelopeOf('canary', { id: ['id-1'] }),
    `${envelopeOf('canary')} canary`,
  ];
  for (const plaintext of plaintexts) refuses(textOf(buildToken(key, { plaintext })));
});

test('every class of invalid token in the Fernet specification is refused', () => {
  const plaintext = envelopeOf('canary');
  const good = buildToken(key, { plaintext });
  assert.equal(openVault(key).open(address, textOf(good)), 'canary');

  const iv = fixedIv;
  const whole = encrypt(key, iv, Buffer.from(plaintext), true);
  const badlyPadded = Buffer.concat([Buffer.from(plaintext), Buffer.alloc(16 - (plaintext.length % 16), 0)]);
  const invalid: Record<string, Buffer> = {
    'incorrect MAC': Buffer.concat([good.subarray(0, -1), Buffer.from([(good.at(-1) ?? 0) ^ 1])]),
    'another signing key': buildToken(key, { plaintext, signingKey: randomBytes(16) }),
    'too short': good.subarray(0, 25),
    empty: Buffer.alloc(0),
    'no ciphertext': buildToken(key, { cipherText: Buffer.alloc(0) }),
    'ciphertext of no whole blocks': buildToken(key, { cipherText: whole.subarray(0, -1) }),
    'padding error': buildToken(key, { cipherText: encrypt(key, iv, badlyPadded, false) }),
    'padding of 255': buildToken(key, { cipherText: encrypt(key, iv, Buffer.alloc(32, 255), false) }),
    'incorrect IV': buildToken(key, { cipherText: whole, iv: Buffer.alloc(16, 0x75) }),
    'unknown version': buildToken(key, { plaintext, version: 0x81 }),
    'truncated by a block': good.subarray(0, -16),
  };
  for (const token of Object.values(invalid)) refuses(textOf(token));
});

test('base64 that is not the canonical URL-safe form is refused', () => {
  const token = seal(address, 'canary');
  const unpadded = token.replace(/=+$/, '');
  const malformed = [
    `%${token.slice(1)}`,
    ` ${token}`,
    `${token}\n`,
    `${token.slice(0, 20)}\n${token.slice(20)}`,
    `${token}====`,
    `${token}trailing`,
    token.replaceAll('_', '/').replaceAll('-', '+').replace(/^./, '+'),
    `${token.slice(0, 40)}=${token.slice(41)}`,
    `${unpadded}A`,
    `é${token.slice(1)}`,
  ];
  for (const text of malformed) refuses(text);
});

test('base64 with bits set that no byte takes is refused, so each token is one text only', () => {
  const lengths = Array.from({ length: 48 }, (_, length) => length + 1);
  const tokens = lengths.map((length) => seal(address, 'x'.repeat(length)));
  const padded = tokens.filter((token) => token.endsWith('='));
  assert.ok(padded.length > 0);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const token of padded) {
    const end = token.indexOf('=') - 1;
    const last = alphabet.charAt(alphabet.indexOf(token.charAt(end)) + 1);
    const other = token.slice(0, end) + last + token.slice(end + 1);
    assert.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(token, 'base64url'));
    refuses(other);
  }
});

test('any single changed bit of a token is noticed', () => {
  const bytes = Buffer.from(seal(address, 'canary'), 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit += 7) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    refuses(textOf(changed));
  }
});

test('the first start makes a key check that later starts pass', async (t) => {
  const { state, audited } = await openStore(t);
  assert.equal(await openVault(key).checkKey(state), 'ok');
  assert.deepEqual(
    audited.map(({ actor, action }) => `${actor} ${action}`),
    ['daemon vault.keyed'],
  );
  const { revision } = state;
  assert.equal(await openVault(key).checkKey(state), 'ok');
  assert.equal(state.revision, revision);
});

test('a wrong key is noticed at start-up as soon as there is a secret, and changes nothing (D6)', async (t) => {
  const { state } = await openStore(t);
  await openVault(key).checkKey(state);
  await state.transact(async (tx) => {
    const value = seal(address, 'sk_test_canary');
    tx.put('configs', { ...address, type: 'secret', value, updatedAt: 0, updatedBy: 'cli' });
    tx.audit({ actor: 'cli', action: 'secret.written', target: address.name, outcome: 'ok' });
  });
  const { revision } = state;
  const wrong = openVault(deriveKey('another-secret-key-of-this-test-file'));
  assert.equal(await wrong.checkKey(state), 'wrong');
  assert.equal(state.revision, revision);
  assert.equal(await openVault(key).checkKey(state), 'ok');
});

test('as long as no secret is stored, a new secret key simply takes the place of the old one', async (t) => {
  const { state } = await openStore(t);
  await openVault(key).checkKey(state);
  const next = openVault(deriveKey('another-secret-key-of-this-test-file'));
  assert.equal(await next.checkKey(state), 'ok');
  assert.equal(await next.checkKey(state), 'ok');
});

/** The reference implementation of Fernet, where it is installed. */
const python = findPython('cryptography.fernet');
if (python === undefined) {
  if (isCi) test('cryptography is there, as CI must have it', () => assert.fail('install cryptography'));
} else {
  const preamble = [
    'import base64, json, sys',
    'from cryptography.fernet import Fernet',
    'from cryptography.hazmat.primitives import hashes',
    'from cryptography.hazmat.primitives.kdf.hkdf import HKDF',
    'text = b"a-secret-key-of-a-test-that-is-long-enough"',
    'derive = HKDF(hashes.SHA256(), 32, b"bifrost_secrets_v1", b"bifrost-secrets-encryption").derive',
    'fernet = Fernet(base64.urlsafe_b64encode(derive(text)))',
    'given = json.load(sys.stdin)',
  ].join('\n');
  const runPython = (lines: string, input: unknown): unknown =>
    JSON.parse(
      execFileSync(python, ['-c', `${preamble}\n${lines}`], {
        input: JSON.stringify(input),
        encoding: 'utf8',
      }),
    );
  const values = [
    ...fc.sample(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), 200),
    '🔑'.repeat(16_384),
    ...['\0', 'a\0b\r\n', ' \n', '\ufeffx', '\u2028', 'env:HOME', '{"value": 1}'],
  ];

  test('Python opens what the vault has sealed, with the key of D7', () => {
    const tokens = values.map((value) => seal(address, value));
    const opened = runPython(
      'print(json.dumps([json.loads(fernet.decrypt(t.encode())) for t in given]))',
      tokens,
    );
    assert.deepEqual(
      opened,
      values.map((value) => ({ ...JSON.parse(envelopeOf(value)), sentTo: null })),
    );
  });

  test('the vault opens what Python has sealed, with the key of D7', () => {
    const envelopes = values.map((value) => envelopeOf(value));
    const sealed = runPython(
      'print(json.dumps([fernet.encrypt(e.encode()).decode() for e in given]))',
      envelopes,
    );
    assert.deepEqual(
      (sealed as string[]).map((token) => openVault(key).open(address, token)),
      values,
    );
  });
}
