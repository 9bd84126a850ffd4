/** Every diagnostic of a file: the table of them, how severe each is, and what silences it. */

import type { Diagnostic, DiagnosticSeverity } from 'vscode-languageserver';
import type { SourceRange } from '../protocol/workflows.ts';
import * as badOption from './diagnostics/badOption.ts';
import * as duplicateName from './diagnostics/duplicateName.ts';
import type { Finding, FixData } from './diagnostics/finding.ts';
import * as missing from './diagnostics/missing.ts';
import * as needsValue from './diagnostics/needsValue.ts';
import * as plainSecret from './diagnostics/plainSecret.ts';
import * as syntax from './diagnostics/syntax.ts';
import * as unawaited from './diagnostics/unawaited.ts';
import type { FileFacts } from './facts.ts';
import { everyCode } from './ignores.ts';
import type { KnownNames } from './names.ts';

export type Severity = 'off' | 'hint' | 'information' | 'warning' | 'error';

/** Where another workflow stands. */
export interface WorkflowPlace {
  id: string;
  uri: string;
  range: SourceRange;
}

export interface DiagnoseOptions {
  /** The file's own. */
  uri: string;
  /** The registered workflows; those of this file are left out, as its text says more. */
  workflows?: readonly WorkflowPlace[];
  /** Code → severity, where the user wants another than the usual. */
  severity?: Readonly<Record<string, Severity>>;
}

/** Code → what finds it, and its usual severity. Each code has a page in the README. */
export const diagnosticTable = {
  'config/missing': { compute: missing.compute, severity: 'warning' },
  'config/needs-value': { compute: needsValue.compute, severity: 'warning' },
  'config/unawaited': { compute: unawaited.compute, severity: 'warning' },
  'config/plain-secret': { compute: plainSecret.compute, severity: 'warning' },
  'workflow/duplicate-name': { compute: duplicateName.compute, severity: 'error' },
  'workflow/bad-option': { compute: badOption.compute, severity: 'warning' },
  'workflow/syntax': { compute: syntax.compute, severity: 'error' },
} as const satisfies Record<
  string,
  {
    compute(facts: FileFacts, known: KnownNames, options: DiagnoseOptions): Finding[];
    severity: Exclude<Severity, 'off'>;
  }
>;

type DiagnosticCode = keyof typeof diagnosticTable;

/** Who a diagnostic says it is from. */
export const diagnosticSource = 'workflow-keys';

/** A diagnostic whose `data` is what its quick fixes need. */
export type WorkflowDiagnostic = Diagnostic & { code: DiagnosticCode; message: string; data: FixData };

/**
 * The diagnostics of a file, in the order of the file. Ranges are zero-based, in UTF-16 code units.
 *
 * @param known while it is incomplete, nothing is said of configs (invariant 6).
 */
export function diagnose(
  facts: FileFacts,
  known: KnownNames,
  options: DiagnoseOptions,
): WorkflowDiagnostic[] {
  if (!facts.importsBifrost) return [];
  const diagnostics: WorkflowDiagnostic[] = [];
  for (const code of Object.keys(diagnosticTable) as DiagnosticCode[]) {
    const row = diagnosticTable[code];
    const severity = options.severity?.[code] ?? row.severity;
    if (severity === 'off' || (code.startsWith('config/') && !known.complete)) continue;
    for (const { range, message, fix, related } of row.compute(facts, known, options)) {
      if (isIgnored(facts, range, code)) continue;
      diagnostics.push({
        range,
        severity: severityNumbers[severity],
        code,
        source: diagnosticSource,
        message,
        ...(related && { relatedInformation: related }),
        data: fix ?? {},
      });
    }
  }
  return diagnostics.sort(byPlace);
}

const severityNumbers: Record<Exclude<Severity, 'off'>, DiagnosticSeverity> = {
  error: 1,
  warning: 2,
  information: 3,
  hint: 4,
};

/** The comment stands on the line where the diagnostic begins or ends. */
function isIgnored({ ignores }: FileFacts, { start, end }: SourceRange, code: string): boolean {
  return [start.line, end.line].some((line) => {
    const codes = ignores.get(line);
    return codes !== undefined && (codes.has(code) || codes.has(everyCode));
  });
}

function byPlace({ range: one }: Diagnostic, { range: other }: Diagnostic): number {
  return one.start.line - other.start.line || one.start.character - other.start.character;
}
