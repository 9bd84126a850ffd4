/** The vectors of the Fernet specification (`generate.json`, `verify.json`, `invalid.json`), which all have this key. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFernetKey } from '../../server/configs/fernetToken.ts';

const fernet = openFernetKey(Buffer.from('cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=', 'base64url'));

/** Of `generate.json` and of `verify.json`. */
const valid =
  'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==';

const invalid = {
  'incorrect mac':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
  'too short': 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==',
  'invalid base64':
    '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
  'payload size not multiple of block size':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
  'payload padding error':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==',
  'incorrect IV (causes padding error)':
    'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
};

/** Invalid by their time alone, which counts for nothing here: a stored secret does not age. Both hold an empty text. */
const untimely = {
  'far-future TS (unacceptable clock skew)':
    'gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==',
  'expired TTL':
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
};

test('the valid vector opens, and what is encoded has its form', () => {
  assert.equal(fernet.decode(valid), 'hello');
  const token = fernet.encode('hello');
  assert.equal(token.length, valid.length);
  assert.equal(fernet.decode(token), 'hello');
});

for (const [what, token] of Object.entries(invalid)) {
  test(`the invalid vector "${what}" is refused`, () => {
    assert.equal(fernet.decode(token), undefined);
  });
}

for (const [what, token] of Object.entries(untimely)) {
  test(`the vector "${what}" opens, because secrets are stored for any time`, () => {
    assert.equal(fernet.decode(token), '');
  });
}
