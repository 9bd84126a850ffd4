/** A diagnostic as the command line prints it. */

/** 1-based, files relative to the folder, as `lint --format json` prints them. */
export interface LintRow {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  code: string;
  severity: 'error' | 'warning' | 'information' | 'hint';
  message: string;
}
