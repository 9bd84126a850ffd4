/** Whatever way of writing a secret a workflow takes, it is masked; ordinary text is not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scrubber } from '../../server/runs/scrubber.ts';
import { secretForms } from '../../server/runs/secretForms.ts';
import { inPython } from '../support/pythonTransforms.ts';
import { sampleSecrets } from '../support/sampleSecrets.ts';
import { transforms } from '../support/transforms.ts';

/** The transforms that cannot be masked, and why; none is left. */
const unmasked: Readonly<Record<string, string>> = {};

function scrubberOf(...secrets: string[]): Scrubber {
  const scrubber = new Scrubber();
  for (const secret of secrets) scrubber.register(secret);
  return scrubber;
}

/** What is left of the encoded secret but the mask; undefined when there is none, or more than one. */
function leftOf(encoded: string, scrubber: Scrubber): string | undefined {
  const pieces = scrubber.scrubText(`before ${encoded} after`).split('[REDACTED]');
  const [start = '', end = ''] = pieces;
  const isFramed = start.startsWith('before ') && end.endsWith(' after');
  return pieces.length === 2 && isFramed
    ? start.slice('before '.length) + end.slice(0, -' after'.length)
    : undefined;
}

test('a secret of any sort is masked in each of the 33 transforms, as Python writes them', async (t) => {
  const written = await inPython(Object.values(sampleSecrets));
  for (const [index, [kind, secret]] of Object.entries(sampleSecrets).entries()) {
    const scrubber = scrubberOf(secret);
    const leaked = transforms.filter(({ name, around }) => {
      const encoded = written[index]?.[name] ?? '';
      // The line break at its end may stay.
      const blanks = encoded.includes('\0') ? 2 : 1;
      return (
        (leftOf(encoded, scrubber)?.length ?? Number.POSITIVE_INFINITY) >
        around + (secret.endsWith('\n') ? blanks : 0)
      );
    });
    const names = leaked.map(({ name }) => name);
    t.diagnostic(
      `${kind}: ${transforms.length - names.length} of ${transforms.length} transforms are masked`,
    );
    assert.deepEqual(names, Object.keys(unmasked), kind);
  }
});

/** Pairs that programs make by themselves: name → how Python writes the secret `s` so. */
const pairs: Readonly<Record<string, string>> = {
  "a client's secret in OAuth's Basic":
    'base64.b64encode(("client:" + urllib.parse.quote(s, safe="")).encode()).decode()',
  'JSON in base64': 'base64.b64encode(json.dumps({"user": "me", "password": s}).encode()).decode()',
  'JSON with any character in base64':
    'base64.urlsafe_b64encode(json.dumps({"password": s}, ensure_ascii=False).encode()).decode()',
  'user:password in base64 in JSON':
    'json.dumps({"a": "Basic " + base64.b64encode(("me:" + s).encode()).decode()})',
  'user:password in base64 twice': 'base64.b64encode(base64.b64encode(("me:" + s).encode())).decode()',
  'base64 in an address': 'urllib.parse.urlencode({"token": base64.b64encode(s.encode()).decode()})',
  'base64 in a path': 'urllib.parse.quote(base64.b64encode(b"me:" + s.encode()).decode())',
  'JSON in an address': 'urllib.parse.urlencode({"state": json.dumps({"key": s})})',
  'an address in an address': 'urllib.parse.quote("/?key=" + urllib.parse.quote(s, safe=""), safe="")',
  'JSON in HTML': 'html.escape(json.dumps({"key": s}))',
  "JSON in Python's repr": 'repr({"body": json.dumps({"key": s})})',
};

test('a secret that was encoded twice, as programs do by themselves, is masked', async () => {
  // One of 64 KiB is looked for in single encodings only.
  const secrets = Object.entries(sampleSecrets).filter(([, secret]) => secret.length <= 4096);
  const [frames, ...written] = await inPython(['', ...secrets.map(([, secret]) => secret)], pairs);
  for (const [index, [kind, secret]] of secrets.entries()) {
    const scrubber = scrubberOf(secret);
    const leaked = Object.keys(pairs).filter((name) => {
      const left = scrubber.scrubText(written[index]?.[name] ?? '').replaceAll('[REDACTED]', '');
      // The bits at both ends are shared with what stands around.
      return left.length > (frames?.[name]?.length ?? 0) + 12;
    });
    assert.deepEqual(leaked, [], kind);
  }
});

/** Other ways that programs have of writing the same: name → how `"it's a\ttest/<é>~*+"` looks then. */
const variants: Readonly<Record<string, string>> = {
  'a JavaScript query parameter': `it's%20a%09test%2F%3C%C3%A9%3E~*%2B`,
  'a JavaScript form': 'it%27s+a%09test%2F%3C%C3%A9%3E%7E*%2B',
  'a URL with lower-case octets': 'it%27s%20a%09test/%3c%c3%a9%3e~%2a%2b',
  'a URL as a whole': `it's%20a%09test/%3C%C3%A9%3E~*+`,
  'JSON with non-ASCII characters': `it's a\\ttest/<é>~*+`,
  'JSON with escaped slashes': `it's a\\ttest\\/<é>~*+`,
  'JSON within a page': `it's a\\ttest/\\u003cé\\u003e~*+`,
  'JSON that escapes all but ASCII letters': `it\\u0027s a\\ttest/\\u003C\\u00e9\\u003E~*\\u002B`,
  'HTML with decimal references': 'it&#39;s a\ttest/&lt;é&gt;~*+',
  'XML with named references': 'it&apos;s a\ttest/&lt;é&gt;~*+',
  'an attribute of XML': `it's a&#9;test/&lt;é&gt;~*+`,
  'XML in ASCII': `it's a\ttest/&lt;&#233;&gt;~*+`,
  "a shell's single quotes, escaped": `'it'\\''s a\ttest/<é>~*+'`,
  'a shell without quotes': `it\\'s\\ a\\\ttest/\\<\\é\\>\\~\\*+`,
  "Python's ascii": `it's a\\ttest/<\\xe9>~*+`,
  'UTF-16 with the high byte first': Buffer.from("it's a\ttest/<é>~*+", 'utf16le')
    .swap16()
    .toString('latin1'),
  'UTF-16 in hex': Buffer.from("it's a\ttest/<é>~*+", 'utf16le').toString('hex'),
  'UTF-16 in base64': Buffer.from("it's a\ttest/<é>~*+", 'utf16le').toString('base64'),
  'bytes of UTF-16': `i\\x00t\\x00'\\x00s\\x00 \\x00a\\x00\\t\\x00t\\x00e\\x00s\\x00t\\x00/\\x00<\\x00\\xe9\\x00>\\x00~\\x00*\\x00+\\x00`,
};

for (const [name, written] of Object.entries(variants)) {
  test(`a secret is masked as ${name}`, () => {
    const left = leftOf(written, scrubberOf(`it's a\ttest/<é>~*+`));
    assert.ok(left !== undefined && left.replaceAll('\0', '').length <= 2, `left: ${left}`);
  });
}

test('what stands around a secret in base64 and base32 is kept, wherever in a group the secret begins', () => {
  const secret = 'sk_test_4eC39HqLyjWDarjtT1zdp7dc';
  for (let offset = 0; offset < 15; offset += 1) {
    const around = `${'é'.repeat(offset)}${secret} and what follows`;
    const encoded = Buffer.from(around).toString('base64');
    assert.ok((leftOf(encoded, scrubberOf(secret))?.length ?? 0) >= offset + 20);
  }
});

test('ordinary text stays, also where a secret is short or like a word', () => {
  const scrubber = scrubberOf('Pass', 'Live', 'Test1', 'Password', 'Monday!', 'abcd', 'prod', '8080', 'drow');
  const ordinary = [
    'The password of the pass is live on monday! A test1 of production would be redacted by the dcba word.',
    'def test_password():\n    return "live" if port == 8081 else None  # PASSWORD, MONDAY!',
    '{"id": 808, "80": 80, "dorp": [1, 2, 3], "evil": "ssap"}',
  ];
  for (const text of ordinary.map((one) => one.replaceAll('prod', 'pr0d'))) {
    assert.equal(scrubber.scrubText(text), text);
  }
});

test('a form is never shorter than four characters, and a shorter secret has none', () => {
  assert.equal(secretForms('abc').size, 0);
  for (const secret of ['abcd', '    ', 'é\né\n', '\'"<>', '\u0000\u0000\u0000\u0000']) {
    for (const form of secretForms(secret)) assert.ok(form.length >= 4, JSON.stringify(form));
    assert.ok(!scrubberOf(secret).scrubText(`a${secret}b`).includes(secret));
  }
});
