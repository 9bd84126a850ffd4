/** Python text to syntax trees, with tree-sitter; it knows nothing of workflows. */

import { join } from 'node:path';
// The package is UMD: only its default export is sure to exist once it is loaded as a module.
import treeSitter, { type Parser, type Tree } from '@vscode/tree-sitter-wasm';

export type { Edit, Node, Tree } from '@vscode/tree-sitter-wasm';

/**
 * Parses Python. One is enough for a process: parsing is synchronous.
 *
 * Invariant: who receives a tree calls `delete()` on it; WASM memory is not collected.
 * All offsets and columns are UTF-16 code units.
 */
export class PythonParser {
  readonly #parser: Parser;
  readonly #spentMs: () => number;

  constructor(parser: Parser, spentMs: () => number) {
    this.#parser = parser;
    this.#spentMs = spentMs;
  }

  /**
   * The tree of `text`, with ERROR nodes where it is no Python; undefined when the limit was passed.
   *
   * @param previous the tree of the text before, already told of every edit; it stays the caller's.
   */
  parse(text: string, previous?: Tree): Tree | undefined {
    const endMs = this.#spentMs() + limitMs;
    const tree = this.#parser.parse(withUnixLineEnds(text), previous ?? null, {
      // Whatever the types say: it is given up as soon as this is true.
      progressCallback: () => this.#spentMs() > endMs,
    });
    // Else the next text would be taken for the rest of this one.
    if (!tree) this.#parser.reset();
    return tree ?? undefined;
  }
}

/**
 * How much work one text may be. 2 MB of Python take less than a second; half a megabyte that is none can take a minute,
 * and everybody would wait for it.
 */
const limitMs = 3000;

/**
 * Loads the parser, about 30 ms and 15 MB.
 *
 * @param wasmDirectory absolute path of the folder with `tree-sitter.wasm` and `tree-sitter-python.wasm`.
 * @param spentMs how long this process has worked; time in which others did does not count.
 */
export async function loadPython({
  wasmDirectory,
  spentMs,
}: {
  wasmDirectory: string;
  spentMs: () => number;
}): Promise<PythonParser> {
  await treeSitter.Parser.init({ locateFile: (file) => join(wasmDirectory, file) });
  const language = await treeSitter.Language.load(join(wasmDirectory, 'tree-sitter-python.wasm'));
  return new PythonParser(new treeSitter.Parser().setLanguage(language), spentMs);
}

/** Whether the text has line ends that the grammar does not know. */
export function hasLoneCarriageReturn(text: string): boolean {
  return text.includes('\r') && /\r(?!\n)/.test(text);
}

/** A lone carriage return ends a line in Python and in LSP, but not in the grammar; offsets stay the same. */
function withUnixLineEnds(text: string): string {
  return hasLoneCarriageReturn(text) ? text.replace(/\r(?!\n)/g, '\n') : text;
}
