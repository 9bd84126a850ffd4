/** The 33 ways of writing a secret that the tests look for; it knows nothing of how they are found. */

export interface Transform {
  name: string;
  /** The secret as the transform writes it. UTF-16 is read as UTF-8, as output is. */
  encode: (secret: string) => string;
  /** How many characters it writes that do not stand for the secret alone: quotes, a user's name, shared bits. */
  around: number;
  /** The same in Python, of `s`: an implementation that is not ours. */
  python: string;
}

const bytes = (text: string) => Buffer.from(text, 'utf8');
const withoutPadding = (text: string) => text.replace(/=+$/, '');
const urlSafe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_');

export const transforms: readonly Transform[] = [
  { name: 'raw', encode: (secret) => secret, around: 0, python: 's' },
  { name: 'trimmed', encode: (secret) => secret.trim(), around: 0, python: 's.strip()' },
  ...base64Transforms(),
  { name: 'hex', encode: (secret) => bytes(secret).toString('hex'), around: 0, python: 's.encode().hex()' },
  {
    name: 'hex, upper case',
    encode: (secret) => bytes(secret).toString('hex').toUpperCase(),
    around: 0,
    python: 's.encode().hex().upper()',
  },
  {
    name: 'URL-encoded',
    encode: (secret) => percentEncode(secret, /[A-Za-z0-9_.~-]/),
    around: 0,
    python: 'urllib.parse.quote(s, safe="")',
  },
  {
    name: 'form-encoded',
    encode: (secret) => percentEncode(secret, /[A-Za-z0-9_.~ -]/).replaceAll(' ', '+'),
    around: 0,
    python: 'urllib.parse.quote_plus(s)',
  },
  { name: 'JSON-escaped', encode: toJson, around: 2, python: 'json.dumps(s)' },
  {
    name: 'JSON-escaped twice',
    encode: (secret) => toJson(toJson(secret)),
    around: 6,
    python: 'json.dumps(json.dumps(s))',
  },
  {
    name: 'HTML-escaped',
    encode: (secret) => toXml(secret).replaceAll('"', '&quot;').replaceAll("'", '&#x27;'),
    around: 0,
    python: 'html.escape(s)',
  },
  { name: 'XML-escaped', encode: toXml, around: 0, python: 'xml.sax.saxutils.escape(s)' },
  {
    name: 'shell-quoted',
    encode: (secret) => (/^[\w@%+=:,./-]+$/.test(secret) ? secret : `'${secret.replaceAll("'", `'"'"'`)}'`),
    around: 2,
    python: 'shlex.quote(s)',
  },
  { name: 'Python repr', encode: (secret) => toRepr([...secret], isPrinted), around: 2, python: 'repr(s)' },
  {
    name: 'Python repr of bytes',
    encode: (secret) => `b${toRepr([...bytes(secret).toString('latin1')], isAscii)}`,
    around: 3,
    python: 'repr(s.encode())',
  },
  {
    name: 'reversed',
    encode: (secret) => [...secret].reverse().join(''),
    around: 0,
    python: 's[::-1]',
  },
  { name: 'upper case', encode: (secret) => secret.toUpperCase(), around: 0, python: 's.upper()' },
  { name: 'lower case', encode: (secret) => secret.toLowerCase(), around: 0, python: 's.lower()' },
  {
    name: 'UTF-16',
    encode: (secret) => Buffer.from(secret, 'utf16le').toString('utf8'),
    // The zero byte of the last character.
    around: 1,
    python: 's.encode("utf-16-le").decode("utf-8", "replace")',
  },
  { name: 'base32', encode: toBase32, around: 7, python: 'base64.b32encode(s.encode()).decode()' },
  {
    name: 'with line breaks every 64 characters',
    encode: (secret) =>
      [...secret].map((one, index) => (index > 0 && index % 64 === 0 ? `\n${one}` : one)).join(''),
    around: 0,
    python: '"\\n".join(s[at:at + 64] for at in range(0, len(s), 64))',
  },
  {
    name: 'prefixed by Bearer',
    encode: (secret) => `Bearer ${secret}`,
    around: 7,
    python: '"Bearer " + s',
  },
  {
    name: 'user:password in base64',
    encode: (secret) => bytes(`user:${secret}`).toString('base64'),
    around: 10,
    python: 'base64.b64encode(b"user:" + s.encode()).decode()',
  },
];

/** Three places in a group of three bytes, two alphabets, with and without padding. */
function base64Transforms(): Transform[] {
  return [0, 1, 2].flatMap((offset) =>
    [false, true].flatMap((isUrlSafe) =>
      [true, false].map((isPadded): Transform => {
        const call = `base64.${isUrlSafe ? 'urlsafe_b64encode' : 'b64encode'}`;
        return {
          name: `base64${isUrlSafe ? ', URL-safe' : ''}, at byte ${offset}${isPadded ? '' : ', not padded'}`,
          encode(secret) {
            const encoded = bytes('x'.repeat(offset) + secret).toString('base64');
            const inAlphabet = isUrlSafe ? urlSafe(encoded) : encoded;
            return isPadded ? inAlphabet : withoutPadding(inAlphabet);
          },
          // Characters whose bits are partly those of the bytes before.
          around: offset === 0 ? 0 : offset + 1,
          python: `${call}(b"${'x'.repeat(offset)}" + s.encode()).decode()${isPadded ? '' : '.rstrip("=")'}`,
        };
      }),
    ),
  );
}

function percentEncode(text: string, kept: RegExp): string {
  return [...bytes(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return kept.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** As Python's `json.dumps` writes it, all ASCII. */
function toJson(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function toRepr(characters: string[], isShown: (character: string) => boolean): string {
  const quote = characters.includes("'") && !characters.includes('"') ? '"' : "'";
  const named: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const body = characters.map((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === quote) return `\\${quote}`;
    const escaped =
      code < 256 ? `\\x${hex(code, 2)}` : code < 65_536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
    return named[character] ?? (isShown(character) ? character : escaped);
  });
  return quote + body.join('') + quote;
}

function isPrinted(character: string): boolean {
  return character === ' ' || !/[\p{C}\p{Z}]/u.test(character);
}

function isAscii(character: string): boolean {
  return character >= ' ' && character <= '~';
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

function toBase32(text: string): string {
  const bits = [...bytes(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  const letters = groups.map(
    (group) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(group.padEnd(5, '0'), 2)],
  );
  return letters.join('').padEnd(Math.ceil(letters.length / 8) * 8, '=');
}
