/**
 * A request as source text in four languages (A4), for the editor, the command line and the reference page, which runs
 * this in the browser; it imports nothing at run time.
 *
 * Invariant: no sample holds a key. It comes from the environment (A13, A22).
 */

import type { SampleLanguage, SampleRow } from '../protocol/samples.ts';

export interface Call {
  /** Upper case. */
  method: string;
  /** From the first slash on, percent-encoded, with its query. */
  path: string;
  /** The header that carries the key; absent where none is needed (D13). */
  keyHeader?: 'X-Bifrost-Key' | 'x-api-key';
  /** Sent as JSON. */
  body?: Record<string, unknown>;
}

/** The request in each language. `url` is what `BIFROST_URL` is to be. */
export function samplesOf(call: Call, url: string): SampleRow[] {
  const languages = Object.keys(files) as SampleLanguage[];
  return languages.map((language) => ({
    language,
    file: files[language],
    code: sampleCode(language, call, url),
    needsKey: call.keyHeader !== undefined,
  }));
}

/** A whole program that makes the request and prints the answer. */
export function sampleCode(language: SampleLanguage, call: Call, url: string): string {
  // What is left means nothing in a template, nor in double quotes of a shell or of Python.
  const path = call.path.replace(/[^\w\-.~/?&=%+:,@<>{}]/gu, percentEncoded);
  const lines = writers[language]({ ...call, path });
  return [...introduction(language, call, url), ...lines, ''].join('\n');
}

/** Inside single quotes a shell reads nothing specially; a single quote itself is written outside of them. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** JSON with the blanks that people put after colon and comma. */
export function jsonLine(value: unknown): string {
  return inline(value, json);
}

/** What a sample is called where it tells how to run it; in the order in which they are offered. */
const files: Record<SampleLanguage, string> = {
  curl: 'sample.sh',
  javascript: 'sample.mjs',
  typescript: 'sample.mts',
  python: 'sample.py',
};

const comments: Record<SampleLanguage, string> = {
  curl: '#',
  javascript: '//',
  typescript: '//',
  python: '#',
};

const runners: Record<SampleLanguage, string> = {
  curl: 'set -a; . ./.env; set +a; sh',
  javascript: 'node --env-file=.env',
  typescript: 'node --env-file=.env',
  python: 'set -a; . ./.env; set +a; python3',
};

function introduction(language: SampleLanguage, { keyHeader }: Call, url: string): string[] {
  const lines = keyHeader
    ? [
        'The key stays out of this file. It stands in .env, which .gitignore must cover:',
        '  WORKFLOWS_API_KEY=…',
        `  BIFROST_URL=${url}`,
      ]
    : ['No key is needed. Where the daemon is stands in .env:', `  BIFROST_URL=${url}`];
  const run = `Run it with: ${runners[language]} ${files[language]}`;
  return [...lines, run].map((line) => `${comments[language]} ${line}`);
}

const writers: Record<SampleLanguage, (call: Call) => string[]> = {
  curl: writeCurl,
  javascript: (call) => writeFetch(call, []),
  typescript: (call) => writeFetch(call, answerType(call.path)),
  python: writePython,
};

function writeCurl({ method, path, keyHeader, body }: Call): string[] {
  const options = [
    ...(keyHeader ? ['-H @-'] : []),
    ...(body
      ? [`-H ${shellQuote('Content-Type: application/json')}`, `-d ${shellQuote(jsonLine(body))}`]
      : []),
  ];
  const curl = `curl -sS --fail-with-body${method === 'GET' ? '' : ` -X ${method}`} "$BIFROST_URL${path}"`;
  const request = [curl, ...options].join(' \\\n  ');
  if (!keyHeader) return [request];
  return [
    '# curl reads the key from its input: the arguments of a process can be read by everybody on the machine.',
    `printf '${keyHeader}: %s' "$WORKFLOWS_API_KEY" | ${request}`,
  ];
}

/** `answer` is the declaration of the type `Answer`; empty where there are no types. */
function writeFetch({ method, path, keyHeader, body }: Call, answer: readonly string[]): string[] {
  const names = variables(keyHeader);
  const headers = [
    ...(keyHeader ? [`    ${JSON.stringify(keyHeader)}: WORKFLOWS_API_KEY,`] : []),
    ...(body ? ['    "Content-Type": "application/json",'] : []),
  ];
  const options = [
    ...(method === 'GET' ? [] : [`  method: ${JSON.stringify(method)},`]),
    ...(headers.length > 0 ? ['  headers: {', ...headers, '  },'] : []),
    ...(body ? [`  body: JSON.stringify(${block(body, javascript, '  ')}),`] : []),
  ];
  const address = `\`\${BIFROST_URL}${path}\``;
  return [
    'import process from "node:process";',
    '',
    ...(answer.length > 0 ? [...answer, ''] : []),
    `const { ${names.join(', ')} } = process.env;`,
    `if (${names.map((name) => `!${name}`).join(' || ')}) throw new Error("Set ${names.join(' and ')}.");`,
    '',
    ...(options.length > 0
      ? [`const response = await fetch(${address}, {`, ...options, '});']
      : [`const response = await fetch(${address});`]),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample's own template.
    'if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);',
    answer.length > 0
      ? 'const answer = (await response.json()) as Answer;'
      : 'const answer = await response.json();',
    'console.log(answer);',
  ];
}

/** D19: flat where a workflow is triggered, an envelope elsewhere. */
function answerType(path: string): string[] {
  const isFlat = /^\/api\/(endpoints|v1\/webhooks)\//.test(path);
  const members = isFlat
    ? [
        'execution_id: string',
        'status: string',
        'result: unknown',
        'error: string | null',
        'duration_ms: number | null',
      ]
    : ['success: boolean', 'data: unknown'];
  return ['interface Answer {', ...members.map((member) => `  ${member};`), '}'];
}

function writePython({ method, path, keyHeader, body }: Call): string[] {
  const headers = [
    ...(keyHeader ? [`        "${keyHeader}": os.environ["WORKFLOWS_API_KEY"],`] : []),
    ...(body ? ['        "Content-Type": "application/json",'] : []),
  ];
  return [
    'import json',
    'import os',
    'import sys',
    'import urllib.error',
    'import urllib.request',
    '',
    'request = urllib.request.Request(',
    `    os.environ["BIFROST_URL"] + ${JSON.stringify(path)},`,
    `    method=${JSON.stringify(method)},`,
    ...(headers.length > 0 ? ['    headers={', ...headers, '    },'] : []),
    ...(body ? [`    data=json.dumps(${block(body, python, '    ')}).encode(),`] : []),
    ')',
    'try:',
    '    with urllib.request.urlopen(request) as response:',
    '        print(json.load(response))',
    'except urllib.error.HTTPError as failure:',
    '    sys.exit(f"{failure.code}: {failure.read().decode()}")',
  ];
}

function variables(keyHeader: Call['keyHeader']): string[] {
  return keyHeader ? ['BIFROST_URL', 'WORKFLOWS_API_KEY'] : ['BIFROST_URL'];
}

/** How a language writes a JSON value. */
interface Notation {
  /** What stands inside of the braces of an object that has members. */
  padding: '' | ' ';
  name(name: string): string;
  /** A number, text, `true`, `false` or `null`. */
  single(value: unknown): string;
}

const json: Notation = { padding: '', name: JSON.stringify, single: (value) => JSON.stringify(value) };

const javascript: Notation = {
  padding: ' ',
  name(name) {
    // Written plainly it would be the prototype.
    if (name === '__proto__') return '["__proto__"]';
    return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  },
  single: (value) => JSON.stringify(value),
};

const pythonWords: Record<string, string> = { true: 'True', false: 'False', null: 'None' };
const python: Notation = {
  padding: '',
  name: JSON.stringify,
  single(value) {
    const text = JSON.stringify(value);
    return pythonWords[text] ?? text;
  },
};

const widestLine = 72;

/** On one line where it is short, else each member of the outermost object on its own, after `indent`. */
function block(body: Record<string, unknown>, notation: Notation, indent: string): string {
  const line = inline(body, notation);
  if (line.length <= widestLine) return line;
  const members = Object.entries(body).map(
    ([name, value]) => `${indent}${indent}${notation.name(name)}: ${inline(value, notation)},`,
  );
  return ['{', ...members, `${indent}}`].join('\n');
}

function inline(value: unknown, notation: Notation): string {
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, notation)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return notation.single(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${notation.name(name)}: ${inline(member, notation)}`,
  );
  return members.length === 0 ? '{}' : `{${notation.padding}${members.join(', ')}${notation.padding}}`;
}

function percentEncoded(character: string): string {
  const encoded = encodeURIComponent(character);
  return encoded === character ? `%${character.charCodeAt(0).toString(16).toUpperCase()}` : encoded;
}
