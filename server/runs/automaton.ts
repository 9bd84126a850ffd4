/** Finds many patterns in a text at once (Aho and Corasick, 1975), in time linear in the text; it replaces nothing. */

/** Half-open, in code units. */
export interface Span {
  start: number;
  end: number;
}

/** Columns of the dense rows; other characters take the sparse way. */
const denseCharacters = 128;
/** States near the root are where a scan spends its time; so many of them have a dense row, at most 4 MiB. */
const maxDenseStates = 8192;
const root = 0;

/**
 * The trie of the patterns with its failure links.
 *
 * States are numbered by depth. The first ones have a row with the next state for every ASCII character, failure
 * links resolved. The others keep only their own edges, in one hash table, so that memory grows with the patterns'
 * total length and not with the alphabet.
 */
export class Automaton {
  readonly #edges: EdgeTable;
  readonly #dense: Int32Array;
  readonly #denseStates: number;
  readonly #fail: Int32Array;
  /** Length of the longest beginning of a pattern, short of a whole one, that a state has seen. */
  readonly #begun: Int32Array;
  /** Length of the longest pattern that ends in a state; 0 is none. */
  readonly #found: Int32Array;

  /** Empty patterns are ignored. */
  constructor(patterns: Iterable<string>) {
    const trie = new Trie(patterns);
    const order = trie.byDepth();
    const count = order.length;
    const number = new Int32Array(count);
    order.forEach((node, index) => {
      number[node] = index;
    });
    this.#edges = new EdgeTable(count);
    this.#fail = new Int32Array(count);
    this.#begun = new Int32Array(count);
    this.#found = new Int32Array(count);
    this.#denseStates = Math.min(count, maxDenseStates);
    this.#dense = new Int32Array(this.#denseStates * denseCharacters);
    order.forEach((node, state) => {
      const goesOn = (trie.children[node]?.size ?? 0) > 0;
      this.#begun[state] = goesOn ? (trie.depth[node] ?? 0) : (this.#begun[this.#fail[state] ?? root] ?? 0);
      const inherited = this.#found[this.#fail[state] ?? root] ?? 0;
      this.#found[state] = trie.ends[node] === true ? (trie.depth[node] ?? 0) : inherited;
      if (state < this.#denseStates && state !== root) {
        const from = (this.#fail[state] ?? root) * denseCharacters;
        this.#dense.copyWithin(state * denseCharacters, from, from + denseCharacters);
      }
      for (const [code, child] of trie.children[node] ?? []) {
        const next = number[child] ?? root;
        // The failure state is nearer to the root, so its own transitions are complete by now.
        this.#fail[next] = state === root ? root : this.#step(this.#fail[state] ?? root, code);
        this.#edges.set(state, code, next);
      }
      if (state >= this.#denseStates) return;
      for (const [code, child] of trie.children[node] ?? []) {
        if (code < denseCharacters) this.#dense[state * denseCharacters + code] = number[child] ?? root;
      }
    });
  }

  /**
   * Calls `found` for the longest pattern that ends at each place, in order of the ends.
   * Begins in `state` (0 for a new text) and returns the state after the text; ends are counted in this text.
   */
  scan(text: string, found: (length: number, end: number) => void, state = root): number {
    const dense = this.#dense;
    const denseStates = this.#denseStates;
    const lengths = this.#found;
    let at = state;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      at =
        at < denseStates && code < denseCharacters
          ? (dense[at * denseCharacters + code] as number)
          : this.#step(at, code);
      const length = lengths[at] as number;
      if (length !== 0) found(length, index + 1);
    }
    return at;
  }

  /** How many of the last characters may become a match with those that follow. */
  begunIn(state: number): number {
    return this.#begun[state] ?? 0;
  }

  #step(from: number, code: number): number {
    let state = from;
    while (true) {
      if (state < this.#denseStates && code < denseCharacters) {
        return this.#dense[state * denseCharacters + code] ?? root;
      }
      const next = this.#edges.get(state, code);
      if (next !== root) return next;
      if (state === root) return root;
      state = this.#fail[state] ?? root;
    }
  }
}

/** The patterns as a tree of characters, while it is built. */
class Trie {
  readonly children: (Map<number, number> | undefined)[] = [undefined];
  readonly depth: number[] = [0];
  readonly ends: boolean[] = [false];

  constructor(patterns: Iterable<string>) {
    for (const pattern of patterns) if (pattern !== '') this.#add(pattern);
  }

  byDepth(): number[] {
    const order = [root];
    for (let index = 0; index < order.length; index += 1) {
      for (const child of this.children[order[index] ?? root]?.values() ?? []) order.push(child);
    }
    return order;
  }

  #add(pattern: string): void {
    let node = root;
    for (let index = 0; index < pattern.length; index += 1) {
      const code = pattern.charCodeAt(index);
      const children = this.children[node] ?? new Map<number, number>();
      this.children[node] = children;
      let child = children.get(code);
      if (child === undefined) {
        child = this.depth.length;
        children.set(code, child);
        this.children.push(undefined);
        this.depth.push(index + 1);
        this.ends.push(false);
      }
      node = child;
    }
    this.ends[node] = true;
  }
}

/** (state, character) → state, in open addressing; every state but the root has exactly one edge that leads to it. */
class EdgeTable {
  readonly #mask: number;
  readonly #states: Int32Array;
  readonly #codes: Uint16Array;
  readonly #nexts: Int32Array;

  constructor(states: number) {
    const size = 2 ** Math.ceil(Math.log2(states * 2 + 1));
    this.#mask = size - 1;
    this.#states = new Int32Array(size);
    this.#codes = new Uint16Array(size);
    this.#nexts = new Int32Array(size);
  }

  set(state: number, code: number, next: number): void {
    let slot = this.#slot(state, code);
    while (this.#nexts[slot] !== root) slot = (slot + 1) & this.#mask;
    this.#states[slot] = state;
    this.#codes[slot] = code;
    this.#nexts[slot] = next;
  }

  get(state: number, code: number): number {
    let slot = this.#slot(state, code);
    while (true) {
      const next = this.#nexts[slot] ?? root;
      if (next === root || (this.#states[slot] === state && this.#codes[slot] === code)) return next;
      slot = (slot + 1) & this.#mask;
    }
  }

  #slot(state: number, code: number): number {
    return (Math.imul(state, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) & this.#mask;
  }
}
