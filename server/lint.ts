/** Diagnostics of a whole folder, as `lint` prints them; files are parsed, never run. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KnownNameSource } from './knownNames.ts';
import { diagnose, type WorkflowPlace } from './language/diagnostics.ts';
import type { FileFacts } from './language/facts.ts';
import type { PythonParser } from './language/parser.ts';
import type { LintRow } from './protocol/lint.ts';
import { compareTexts } from './textOrder.ts';
import { unknownOrganization } from './unknownOrganization.ts';
import { discoverBytes } from './workflows/discovery.ts';
import { listPythonFiles, readPythonFiles } from './workflows/sourceFiles.ts';

/** @throws Failure `bad-input` when the folder cannot be read, `not-found` for an unknown organization. */
export type Lint = (path: string, organizationId: string | undefined) => Promise<LintRow[]>;

const severities = { 1: 'error', 2: 'warning', 3: 'information', 4: 'hint' } as const;

export function openLint({ parser, known }: { parser: PythonParser; known: KnownNameSource }): Lint {
  return async (path, organizationId) => {
    const names = await known.names(organizationId, true);
    if (organizationId !== undefined && names.chosenOrganizationId === undefined) {
      throw unknownOrganization(organizationId);
    }
    const files: { file: string; uri: string; facts: FileFacts }[] = [];
    await readPythonFiles(path, await listPythonFiles(path), (reading) => {
      if (reading.kind !== 'read') return;
      const facts = discoverBytes(reading.bytes, parser);
      if (facts) files.push({ file: reading.file, uri: pathToFileURL(join(path, reading.file)).href, facts });
    });
    // The folder may not be registered, so its own workflows are what can share a name.
    const workflows: WorkflowPlace[] = files.flatMap(({ uri, facts }) =>
      facts.workflows.map(({ workflow: { id, range } }) => ({ id, uri, range })),
    );
    return files
      .toSorted((one, other) => compareTexts(one.file, other.file))
      .flatMap(({ file, uri, facts }) =>
        diagnose(facts, names, { uri, workflows }).map(({ range, code, severity, message }) => ({
          file,
          line: range.start.line + 1,
          column: range.start.character + 1,
          endLine: range.end.line + 1,
          endColumn: range.end.character + 1,
          code,
          severity: severities[severity ?? 1],
          message,
        })),
      );
  };
}
