/** Lint rows as a SARIF 2.1.0 log, which code hosts show in reviews. */

import type { LintRow } from '../protocol/lint.ts';
import { version } from '../version.ts';

const levels = { error: 'error', warning: 'warning', information: 'note', hint: 'note' } as const;

/** SARIF counts lines and columns from 1, as the rows do. */
export function toSarif(rows: readonly LintRow[]): unknown {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'workflow-keys',
            version,
            rules: [...new Set(rows.map(({ code }) => code))].map((id) => ({ id })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: rows.map((row) => ({
          ruleId: row.code,
          level: levels[row.severity],
          message: { text: row.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(row.file) },
                region: {
                  startLine: row.line,
                  startColumn: row.column,
                  endLine: row.endLine,
                  endColumn: row.endColumn,
                },
              },
            },
          ],
        })),
      },
    ],
  };
}
