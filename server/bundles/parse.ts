/** The text of a bundle → what it holds, or a refusal that names the line; it knows nothing of what is stored here. */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { type ErrorCode, Failure } from '../errors.ts';
import {
  type Bundle,
  bundleFormat,
  bundleVersion,
  fieldNames,
  labelOf,
  type Section,
  scopeOf,
  sections,
} from './bundle.ts';
import { type Row, readConfig, readCredential, readOrganization, readWorkflow } from './rowFields.ts';

/**
 * Reads what `writeBundle` wrote, or what a person made of it.
 *
 * Plain YAML 1.2 only: tags, anchors, aliases and keys that stand twice are refused, and text stays text.
 *
 * @throws Failure `bad-input` with the line and never with what stands there; `data-too-new` for a newer version.
 */
export function parseBundle(text: string): Bundle {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    intAsBigInt: true,
    // The library's own check takes seconds for a map of ten thousand; `membersOf` has one that does not.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const [error = document.warnings[0]] = document.errors;
  if (error) {
    // The library's message may quote the text.
    throw refusal(
      lineAt(error.pos[0]),
      `this is no YAML that a bundle may have (${nameOfError(error.code)})`,
    );
  }
  const { explicit, version } = document.directives?.yaml ?? { explicit: false };
  if (explicit && version !== '1.2') throw refusal(1, 'a bundle is YAML 1.2; leave the %YAML directive out');
  visit(document, { Node: (_key, node) => checkPlain(node, lineAt) });
  return new BundleReader(lineAt).read(document.contents);
}

/** Whatever stands for something else, or makes something else of what stands there. */
function checkPlain(node: Node, lineAt: (offset: number) => number): void {
  const line = lineAt(node.range?.[0] ?? 0);
  if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) {
    throw refusal(line, 'a bundle has no anchors and aliases; write the value itself');
  }
  if (node.tag !== undefined) throw refusal(line, 'a bundle has no tags; leave out what begins with "!"');
}

/** Reads one document. A class, because every refusal needs the lines. */
class BundleReader {
  readonly #lineAt: (offset: number) => number;

  constructor(lineAt: (offset: number) => number) {
    this.#lineAt = lineAt;
  }

  read(contents: ParsedNode | null): Bundle {
    if (!isMap(contents)) throw refusal(1, notABundle);
    const members = this.#membersOf(contents);
    const format = members.get('format');
    if (!format || this.#jsonOf(format) !== bundleFormat) throw refusal(1, notABundle);
    this.#checkVersion(members.get('version'));
    for (const [name, node] of members) {
      if (!['format', 'version', ...sections].includes(name)) {
        throw this.#refuse(
          node,
          'a bundle has no such part; its parts are organizations, configs, credentials and workflows',
        );
      }
    }
    const rows = <S extends Section>(section: S, check: (row: Row) => Bundle[S][number]) =>
      this.#rowsOf(section, members.get(section), check);
    return {
      organizations: rows('organizations', readOrganization),
      configs: rows('configs', readConfig),
      credentials: rows('credentials', readCredential),
      workflows: rows('workflows', readWorkflow),
    };
  }

  #checkVersion(node: Node | null | undefined): void {
    const version = node ? this.#jsonOf(node) : undefined;
    if (!Number.isSafeInteger(version) || Number(version) < 1)
      throw this.#refuse(node, 'the bundle names no version');
    if (Number(version) <= bundleVersion) return;
    throw new Failure(
      'data-too-new',
      `The bundle has version ${version}, and this program knows versions up to ${bundleVersion}. Update Workflow Keys; nothing was changed.`,
    );
  }

  #rowsOf<S extends Section>(
    section: S,
    node: Node | null | undefined,
    check: (row: Row) => Bundle[S][number],
  ): Bundle[S][number][] {
    if (!node || (isScalar(node) && node.value === null)) return [];
    if (!isSeq(node)) throw this.#refuse(node, `"${section}" is a list`);
    const known = new Map<string, string>(Object.entries(fieldNames[section]));
    const seen = new Set<string>();
    return node.items.map((item) => {
      if (!isMap(item))
        throw this.#refuse(
          item as Node,
          `each of "${section}" has fields such as "${[...known.keys()][0]}: …"`,
        );
      const row: Row = new Map();
      for (const [written, value] of this.#membersOf(item)) {
        const field = known.get(written);
        if (field === undefined) {
          throw this.#refuse(
            value,
            `there is no such field; those of "${section}" are ${[...known.keys()].join(', ')}`,
          );
        }
        row.set(field, value ? this.#jsonOf(value) : null);
      }
      const read = this.#onLine(item, () => check(row));
      const place = JSON.stringify([scopeOf(read), labelOf(read)]);
      if (seen.has(place))
        throw this.#refuse(item, `"${labelOf(read)}" stands here twice for the same scope`);
      seen.add(place);
      return read;
    });
  }

  #onLine<T>(node: Node, check: () => T): T {
    try {
      return check();
    } catch (thrown) {
      if (thrown instanceof Failure) throw refusal(this.#lineOf(node), thrown.message, thrown.code);
      throw thrown;
    }
  }

  /** By name; a name that stands twice would hide what stands first. */
  #membersOf(map: YAMLMap): Map<string, Node | null> {
    const members = new Map<string, Node | null>();
    for (const { key, value } of map.items) {
      if (!isScalar(key) || (typeof key.value !== 'string' && typeof key.value !== 'bigint')) {
        throw this.#refuse((key as Node | null) ?? map, 'a name of a field is text');
      }
      const name = String(key.value);
      if (members.has(name)) throw this.#refuse(key, 'this field stands here twice');
      members.set(name, value as Node | null);
    }
    return members;
  }

  #jsonOf(node: Node | null): unknown {
    if (node === null) return null;
    if (isMap(node)) {
      // From entries, because `__proto__` is a name like any other.
      return Object.fromEntries(
        [...this.#membersOf(node)].map(([name, value]) => [name, this.#jsonOf(value)]),
      );
    }
    if (isSeq(node)) return node.items.map((item) => this.#jsonOf(item as Node | null));
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'bigint') {
      // Beyond 2^53 it would be rounded.
      if (Number.isSafeInteger(Number(value))) return Number(value);
      throw this.#refuse(node, 'a whole number of 2^53 or more is not exact; store it as text, in quotes');
    }
    if (['string', 'number', 'boolean'].includes(typeof value) || value === null) return value;
    throw this.#refuse(node, 'a bundle has no such values');
  }

  #lineOf(node: Node | null | undefined): number {
    return this.#lineAt(node?.range?.[0] ?? 0);
  }

  #refuse(node: Node | null | undefined, what: string): Failure {
    return refusal(this.#lineOf(node), what);
  }
}

const notABundle = `this is no bundle of Workflow Keys: a bundle begins with "format: ${bundleFormat}"`;

/** `DUPLICATE_KEY` → `duplicate key`. */
function nameOfError(code: string): string {
  return code === 'RESOURCE_EXHAUSTION' ? 'nested too deep' : code.toLowerCase().replaceAll('_', ' ');
}

function refusal(line: number, what: string, code: ErrorCode = 'bad-input'): Failure {
  return new Failure(code, `Line ${line} of the bundle: ${what.replace(/\.$/, '')}. Nothing was changed.`);
}
