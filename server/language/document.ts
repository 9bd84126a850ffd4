/** A Python file that is open in an editor: its text, its tree, and what they say. */

import { TextDocument, type TextDocumentContentChangeEvent } from 'vscode-languageserver-textdocument';
import { extractDocumentFacts, type FileFacts, type KnownUnits, unreadFacts } from './facts.ts';
import { type Edit, hasLoneCarriageReturn, type PythonParser, type Tree } from './parser.ts';

/**
 * Follows an editor's changes; each costs what was edited, not the whole file.
 *
 * Invariant: after any changes the facts equal those of a new document with the same text.
 */
export class OpenDocument {
  readonly uri: string;
  readonly #parser: PythonParser;
  readonly #units: KnownUnits = new Map();
  #document: TextDocument;
  /** Undefined while the text is more work than a parse may be. */
  #tree: Tree | undefined;
  #facts: FileFacts | undefined;

  constructor(parser: PythonParser, { uri, version, text }: { uri: string; version: number; text: string }) {
    this.uri = uri;
    this.#parser = parser;
    this.#document = TextDocument.create(uri, 'python', version, text);
    this.#tree = parser.parse(text);
  }

  get version(): number {
    return this.#document.version;
  }

  /** The text with its positions. */
  get document(): TextDocument {
    return this.#document;
  }

  /** LSP's `contentChanges`, in their order. */
  apply(changes: readonly TextDocumentContentChangeEvent[], version: number): void {
    // The parser is given other line ends than such a text has, so that an edit is not what it seems.
    let isWhole = this.#tree === undefined || hasLoneCarriageReturn(this.#document.getText());
    for (const change of changes) {
      const edit = 'range' in change && !isWhole ? this.#describe(change) : undefined;
      this.#document = TextDocument.update(this.#document, [change], version);
      isWhole ||= !edit || hasLoneCarriageReturn(change.text);
      if (edit && !isWhole) this.#tree?.edit({ ...edit, newEndPosition: this.#pointAt(edit.newEndIndex) });
    }
    const previous = this.#tree;
    this.#tree = this.#parser.parse(this.#document.getText(), isWhole ? undefined : previous);
    previous?.delete();
    this.#facts = undefined;
  }

  facts(): FileFacts {
    this.#facts ??= this.#tree
      ? extractDocumentFacts(this.#tree, this.#document, this.#units)
      : unreadFacts(this.#document);
    return this.#facts;
  }

  /** Frees the tree; nothing may be asked of the document after it. */
  close(): void {
    this.#tree?.delete();
  }

  #describe(change: {
    range: { start: Position; end: Position };
    text: string;
  }): Omit<Edit, 'newEndPosition'> {
    const offsets = [this.#document.offsetAt(change.range.start), this.#document.offsetAt(change.range.end)];
    const startIndex = Math.min(...offsets);
    const oldEndIndex = Math.max(...offsets);
    return {
      startIndex,
      oldEndIndex,
      newEndIndex: startIndex + change.text.length,
      startPosition: this.#pointAt(startIndex),
      oldEndPosition: this.#pointAt(oldEndIndex),
    };
  }

  #pointAt(offset: number): { row: number; column: number } {
    const { line, character } = this.#document.positionAt(offset);
    return { row: line, column: character };
  }
}

interface Position {
  line: number;
  character: number;
}
