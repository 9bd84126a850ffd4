/** The ways of writing a text that programs use, each with its variants; it does not know that texts are secret. */

const base64 = { encode: (bytes: Buffer) => bytes.toString('base64'), bits: 6, groupBytes: 3 };
const base32 = { encode: encodeBase32, bits: 5, groupBytes: 5 };

/** In the alphabet for files and the one for URLs. */
export function base64Forms(bytes: Buffer): string[] {
  const forms = groupedForms(bytes, base64);
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** What of base64 depends on the text alone, for each place in a group of bytes where it can begin. */
export function base64Cores(bytes: Buffer): string[] {
  return groupedForms(bytes, base64).filter((_, index) => index % 3 === 0);
}

export function base32Forms(bytes: Buffer): string[] {
  return groupedForms(bytes, base32);
}

export function hexForms(bytes: Buffer): string[] {
  const form = bytes.toString('hex');
  return [form, form.toUpperCase()];
}

/** In addresses and forms, as Python, browsers and others write them. */
export function urlForms(text: string): string[] {
  const browser = encodeURIComponent(text);
  // RFC 3986 leaves only letters, digits and -_.~ as they are; Python's `quote` leaves "/" as well.
  const strict = browser.replace(/[!'()*]/g, percentEncode);
  const forms = [browser, strict, strict.replaceAll('%2F', '/'), encodeURI(text)];
  const inForms = strict.replaceAll('%20', '+');
  forms.push(inForms, inForms.replaceAll('~', '%7E').replaceAll('%2A', '*'));
  return [...forms, ...forms.map((form) => form.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase()))];
}

/** Within the quotes of a JSON text, and of one that stands in another. */
export function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replace(/[^ -~]/g, escapeUnit);
  const forms = [plain, ascii];
  return [
    ...forms,
    ...forms.map((form) => form.replaceAll('/', '\\/')),
    ...forms.flatMap(jsonInPages),
    ...forms.map((form) => JSON.stringify(form).slice(1, -1)),
  ];
}

/** With escapes for what could end a script or an attribute; the serializers differ in what they take for that. */
function jsonInPages(json: string): string[] {
  return [/[<>&]/g, /[<>&']/g, /[<>&'+]/g].flatMap((risky) => [
    json.replace(risky, escapeUnit),
    json.replace(risky, (unit) => `\\u${hex(unit.charCodeAt(0), 4).toUpperCase()}`),
  ]);
}

/** In HTML and XML, as content and within the quotes of an attribute. */
export function markupForms(text: string): string[] {
  const plain = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = [plain, plain.replaceAll('"', '&quot;')];
  for (const double of ['&quot;', '&#34;']) {
    for (const single of ['&#x27;', '&#39;', '&apos;']) {
      forms.push(plain.replaceAll('"', double).replaceAll("'", single));
    }
  }
  return [
    ...forms,
    ...forms.map((form) => form.replace(/[\t\n\r]/g, (one) => `&#${one.charCodeAt(0)};`)),
    ...forms.map((form) => form.replace(/[^\0-\x7f]/gu, (one) => `&#${one.codePointAt(0)};`)),
  ];
}

/** Within single quotes, within double ones, and without any. */
export function shellForms(text: string): string[] {
  return [
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("'", `'\\''`),
    text.replace(/["\\$`]/g, '\\$&'),
    text.replace(/[^\w@%+=:,./\n-]/gu, '\\$&'),
    text.replace(/[^\w@%+=:,./\n\x80-\u{10ffff}-]/gu, '\\$&'),
  ];
}

/** As Python's `repr` and `ascii` show a text, within either quotes. */
export function reprForms(text: string): string[] {
  const hidden = /[\\\p{C}\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/gu;
  return withQuotes([text.replace(hidden, escapeInPython), text.replace(/[^ -[\]-~]/gu, escapeInPython)]);
}

/** As Python's `repr` shows bytes, within either quotes. */
export function bytesReprForms(bytes: Buffer): string[] {
  // Half of what UTF-16 has is zeros, which are quicker to replace all at once.
  const escaped = bytes.toString('latin1').replace(/[^\0 -[\]-~]/g, escapeInPython);
  return withQuotes([escaped.replaceAll('\0', '\\x00')]);
}

/** UTF-16 in both orders of its bytes. */
export function utf16(text: string): Buffer[] {
  const little = Buffer.from(text, 'utf16le');
  return [little, Buffer.from(little).swap16()];
}

/** Bytes that were taken for text: as UTF-8, or one character each; without zeros around, which belong to neighbours. */
export function misreadForms(bytes: Buffer): string[] {
  return [bytes.toString('utf8'), bytes.toString('latin1')].map((text) => text.replace(/^\0+|\0+$/g, ''));
}

/**
 * For each place in a group of bytes where a text can begin: the characters that depend on it alone; and, where it
 * ends the encoded text, what follows them there, with and without padding.
 */
function groupedForms(
  bytes: Buffer,
  { encode, bits, groupBytes }: { encode: (bytes: Buffer) => string; bits: number; groupBytes: number },
): string[] {
  return Array.from({ length: groupBytes }, (_, offset) => {
    const padded = encode(Buffer.concat([Buffer.alloc(offset), bytes]));
    const first = Math.ceil((offset * 8) / bits);
    const last = Math.floor(((offset + bytes.length) * 8) / bits);
    return [padded.slice(first, last), padded.slice(first).replace(/=+$/, ''), padded.slice(first)];
  }).flat();
}

/** RFC 4648, with padding. */
function encodeBase32(bytes: Buffer): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const encoded = Buffer.alloc(Math.ceil(bytes.length / 5) * 8, '=');
  let held = 0;
  let bits = 0;
  let at = 0;
  const put = (digit: number) => {
    encoded[at] = digits.charCodeAt(digit & 31);
    at += 1;
  };
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) put(held >>> (bits - 5));
  }
  if (bits > 0) put(held << (5 - bits));
  return encoded.toString('latin1');
}

function withQuotes(forms: string[]): string[] {
  return [...forms, ...forms.map((form) => form.replaceAll("'", "\\'"))];
}

function escapeInPython(character: string): string {
  const named = pythonEscapes.get(character);
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${hex(code, 2)}` : code < 65_536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

const pythonEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function percentEncode(character: string): string {
  return `%${hex(character.charCodeAt(0), 2).toUpperCase()}`;
}

function escapeUnit(unit: string): string {
  return `\\u${hex(unit.charCodeAt(0), 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
