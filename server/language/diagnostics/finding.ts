/** What a diagnostic finds, before it gets its code and severity; types only. */

import type { Position } from 'vscode-languageserver';
import type { SourceRange } from '../../protocol/workflows.ts';

/** What the quick fixes of a finding need. It travels to the editor and back, so it is plain JSON. */
export interface FixData {
  /** Set this name there; no organization: globally. */
  set?: { name: string; organizationId?: string };
  /** Put another name in place of this one, the one of `among` or of the config names in reach that is most like it. */
  rename?: { range: SourceRange; name: string; among?: string[]; organizationId?: string };
  /** Give `config.get` a default: insert `text` there. */
  addDefault?: { at: Position; text: string };
  /** Write `await` before the call, within brackets if it is an operand. */
  addAwait?: { call: SourceRange; isOperand: boolean };
  /** Make `config.set` store a secret. */
  makeSecret?: { range: SourceRange; text: string };
}

export interface Finding {
  range: SourceRange;
  /** What is wrong, and what to do. It never holds a value. */
  message: string;
  fix?: FixData;
  related?: { location: { uri: string; range: SourceRange }; message: string }[];
}
