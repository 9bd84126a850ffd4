/**
 * Tests as data: a fixture is Python with `$0` for the cursor, and `^^^^ code: message` under a line for what is
 * claimed of exactly that range. What is not claimed must not be found.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { quickFixes } from '../../server/language/actions.ts';
import {
  type DiagnoseOptions,
  diagnose,
  type WorkflowDiagnostic,
} from '../../server/language/diagnostics.ts';
import { extractFacts, type FileFacts } from '../../server/language/facts.ts';
import type { KnownNames } from '../../server/language/names.ts';
import { loadPython } from '../../server/language/parser.ts';

export const wasmDirectory = join(import.meta.dirname, '../../node_modules/@vscode/tree-sitter-wasm/wasm');

export const parser = await loadPython({ wasmDirectory, spentMs: () => 0 });
export const uri = 'file:///folder/flow.py';

/** Acme and Globex; `set_everywhere` is global, `acme_only` and `globex_only` are what they say. */
export const known: KnownNames = {
  complete: true,
  organizations: [
    { id: 'acme', name: 'Acme' },
    { id: 'globex', name: 'Globex' },
  ],
  configs: [
    { name: 'set_everywhere', type: 'string', needsValue: false },
    { name: 'acme_only', type: 'secret', organizationId: 'acme', needsValue: false },
    { name: 'globex_only', type: 'secret', organizationId: 'globex', needsValue: false },
    { name: 'shadowed', type: 'int', needsValue: false },
    { name: 'shadowed', type: 'secret', organizationId: 'acme', needsValue: true },
  ],
};

export const forAcme: KnownNames = { ...known, chosenOrganizationId: 'acme' };

export function readFacts(text: string): FileFacts {
  return extractFacts(text, parser);
}

interface Fixture {
  text: string;
  /** Where `$0` stood; the start of the file without one. */
  position: { line: number; character: number };
  claims: string[];
}

const claimLine = /^(\s*)(\^+) (.+)$/;

export function readFixture(fixture: string): Fixture {
  const lines: string[] = [];
  const claims: string[] = [];
  for (const line of fixture.split('\n')) {
    const [, indent, carets, message] = claimLine.exec(line) ?? [];
    if (indent === undefined || carets === undefined) lines.push(line);
    else claims.push(claim(lines.length - 1, indent.length, indent.length + carets.length, message ?? ''));
  }
  const marked = lines.join('\n');
  const text = marked.replace('$0', '');
  const offset = Math.max(marked.indexOf('$0'), 0);
  return { text, position: TextDocument.create('', 'python', 0, text).positionAt(offset), claims };
}

function claim(line: number, start: number, end: number, message: string): string {
  return `${line + 1}:${start}-${end} ${message}`;
}

/** Claims are compared as text, so that a failure reads like the fixture. */
function claimsOf(diagnostics: readonly WorkflowDiagnostic[]): string[] {
  return diagnostics.map(({ range: { start, end }, code, message }) => {
    assert.equal(start.line, end.line, `"${message}" spans lines; claim it otherwise`);
    return claim(start.line, start.character, end.character, `${code}: ${message}`);
  });
}

export function findDiagnostics(
  text: string,
  names = known,
  options: Partial<DiagnoseOptions> = {},
): WorkflowDiagnostic[] {
  return diagnose(readFacts(text), names, { uri, ...options });
}

/** The diagnostics of a fixture are those that it claims, and no others. */
export function check(fixture: string, names = known, options: Partial<DiagnoseOptions> = {}): void {
  const { text, claims } = readFixture(fixture);
  assert.deepEqual(claimsOf(findDiagnostics(text, names, options)), claims);
}

/** As `check`, for code within a workflow of a file that imports the configuration. */
export function checkBody(body: string, names = known): void {
  const indented = body
    .replace(/^\n|\n\s*$/g, '')
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  check(
    `from bifrost import ExecutionContext, config, workflow

@workflow
async def flow(context: ExecutionContext):
${indented}
`,
    names,
  );
}

export function fixTitles(fixture: string, names = known): string[] {
  const { text, position } = readFixture(fixture);
  return fixesAt(text, position, names).map(({ title }) => title);
}

function fixesAt(text: string, position: Fixture['position'], names: KnownNames) {
  const range = { start: position, end: position };
  return quickFixes(findDiagnostics(text, names), { uri, range, known: names });
}

/** The quick fix with that title turns one text into the other. */
export function checkFix(title: string, before: string, after: string, names = known): void {
  const { text, position } = readFixture(before);
  const action = fixesAt(text, position, names).find((one) => one.title === title);
  assert.ok(action, `no quick fix "${title}"`);
  const document = TextDocument.create(uri, 'python', 0, text);
  assert.equal(TextDocument.applyEdits(document, action.edit?.changes?.[uri] ?? []), after);
}
