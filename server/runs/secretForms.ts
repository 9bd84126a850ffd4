/** How a secret may look once a workflow has encoded it (D35); it knows nothing of where it is looked for. */

/** Shorter texts would hit by chance. */
const shortest = 4;
/** Lines of a secret that has several, a private key say, are also found on their own from this length on. */
const shortestLine = 12;

/** All texts that give `secret` away, each at least 4 characters long; none for a shorter secret. */
export function secretForms(secret: string): Set<string> {
  const forms = new Set<string>();
  if (secret.length < shortest) return forms;
  addForms(secret, forms);
  const lines = secret.split(/\r?\n/);
  if (lines.length > 1) {
    for (const line of lines) {
      const trimmed = line.trim();
      if (trimmed.length >= shortestLine && !trimmed.startsWith('-----')) forms.add(trimmed);
    }
    // Windows and Unix line ends are the same secret.
    addForms(secret.replaceAll('\r\n', '\n'), forms);
  }
  for (const form of forms) if (form.length < shortest) forms.delete(form);
  return forms;
}

function addForms(secret: string, forms: Set<string>): void {
  const bytes = Buffer.from(secret, 'utf8');
  for (const form of [
    secret,
    ...base64Forms(bytes),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...urlForms(secret),
    ...jsonForms(secret),
    ...htmlForms(secret),
    ...reprForms(secret, bytes),
  ]) {
    forms.add(form);
  }
}

/**
 * The characters that depend on the secret alone, for each of the three places where it can begin in a group of
 * three bytes; and, where it ends the encoded text, what follows them there, with and without padding.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    for (const form of [
      shifted.slice(first, last),
      shifted.slice(first).replace(/=+$/, ''),
      shifted.slice(first),
    ]) {
      forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return forms;
}

function urlForms(secret: string): string[] {
  const form = encodeURIComponent(secret.toWellFormed());
  // RFC 3986 leaves only letters, digits and -_.~ as they are; Python's `quote` leaves "/" as well.
  const strict = form.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const variants = [form, strict, strict.replaceAll('%2F', '/'), strict.replaceAll('%20', '+')];
  return [
    ...variants,
    encodeURI(secret.toWellFormed()),
    ...variants.map((variant) => variant.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())),
  ];
}

function jsonForms(secret: string): string[] {
  const plain = JSON.stringify(secret).slice(1, -1);
  const ascii = escapeNonAscii(plain);
  return [
    plain,
    ascii,
    plain.replaceAll('/', '\\/'),
    ascii.replaceAll('/', '\\/'),
    JSON.stringify(plain).slice(1, -1),
  ];
}

function htmlForms(secret: string): string[] {
  const plain = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    plain,
    ...['&quot;', '&#34;'].flatMap((double) =>
      ['&#x27;', '&#39;', '&apos;'].map((single) => plain.replaceAll('"', double).replaceAll("'", single)),
    ),
  ];
}

/** As Python's `repr` and `ascii` show it, and `repr` of its bytes. */
function reprForms(secret: string, bytes: Buffer): string[] {
  const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');
  const escapeOne = (character: string): string => {
    const code = character.codePointAt(0) ?? 0;
    return escapes[character] ?? (code < 32 || code === 127 ? `\\x${hex(code, 2)}` : character);
  };
  const ascii = (character: string): string => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 127) return escapeOne(character);
    return code < 256 ? `\\x${hex(code, 2)}` : code < 65_536 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  };
  const forms = [
    [...secret].map(escapeOne).join(''),
    [...secret].map(ascii).join(''),
    [...bytes.toString('latin1')].map(ascii).join(''),
  ];
  return [...forms, ...forms.map((form) => form.replaceAll("'", "\\'"))];
}

function escapeNonAscii(text: string): string {
  return text.replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
