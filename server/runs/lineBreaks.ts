/** Where a text's lines end, for a search that reads over it; it knows nothing of what is searched. */

const lineFeed = 10;
const carriageReturn = 13;

export function isLineBreak(code: number): boolean {
  return code === lineFeed || code === carriageReturn;
}

/** The line breaks of a text, one character each, in order. */
export class LineBreaks {
  readonly #text: string;
  #feed: number;
  #return: number;
  /** Where the next one is, or the text's length. */
  next: number;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#feed = this.#find('\n', from);
    this.#return = this.#find('\r', from);
    this.next = Math.min(this.#feed, this.#return);
  }

  /** Goes on to the one after `next`, and gives it. */
  pass(): number {
    if (this.#feed === this.next) this.#feed = this.#find('\n', this.next + 1);
    else this.#return = this.#find('\r', this.next + 1);
    this.next = Math.min(this.#feed, this.#return);
    return this.next;
  }

  #find(character: string, from: number): number {
    const at = this.#text.indexOf(character, from);
    return at === -1 ? this.#text.length : at;
  }
}

/** The index from which there are so many characters that are no line break up to `end`; at least 0. */
export function stepBack(text: string, end: number, characters: number): number {
  let index = end;
  for (let left = characters; left > 0 && index > 0; ) {
    index -= 1;
    if (!isLineBreak(text.charCodeAt(index))) left -= 1;
  }
  return index;
}
