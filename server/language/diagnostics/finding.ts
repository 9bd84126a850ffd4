/** What a diagnostic finds, before it gets its code and severity; types only. */

import type { Position } from 'vscode-languageserver';
import type { SourceRange } from '../../protocol.ts';

/** What the quick fixes of a finding need. It travels to the editor and back, so it is plain JSON. */
export interface FixData {
  /** Set this name there; no organization: globally. */
  set?: { name: string; organizationId?: string };
  /** Put this text in place of what stands there. */
  replace?: { range: SourceRange; text: string; title: string };
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
