/** What a Python file says of workflows and configuration, put together from its statements; it judges nothing. */

import { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceRange } from '../protocol/workflows.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { type ConfigCall, readConfigCalls } from './configCalls.ts';
import { readIgnores } from './ignores.ts';
import type { PythonParser, Tree } from './parser.ts';
import { type Binding, type ModuleNames, qualify } from './scopes.ts';
import type { Span } from './source.ts';
import { findSyntaxProblem, type SyntaxProblem } from './syntax.ts';
import { readUnit, type Unit } from './unit.ts';
import { type OptionProblem, readWorkflow } from './workflowOptions.ts';

/** A workflow, and where it stands. Ranges are zero-based, in UTF-16 code units. */
export interface WorkflowFact {
  workflow: Omit<Workflow, 'folder' | 'file' | 'duplicate'>;
  /** From its first decorator to its end. */
  definitionRange: SourceRange;
  problems: OptionProblem[];
}

export interface FileFacts {
  /** It imports `bifrost`, or something from it. */
  importsBifrost: boolean;
  workflows: WorkflowFact[];
  configCalls: ConfigCall[];
  /** Dotted names that mean `bifrost.config` at the top of the file, e.g. `config`. */
  configNames: string[];
  /** The first place where it is no Python. */
  syntaxProblem?: SyntaxProblem;
  /** Zero-based line → codes that a comment there silences. */
  ignores: Map<number, Set<string>>;
}

/** Units of the text before, by their source; handed back to the next reading, so that only edited ones are read. */
export type KnownUnits = Map<string, Unit>;

/** A unit at its place in the file. */
export interface PlacedUnit {
  unit: Unit;
  /** Offset of the unit's start. */
  start: number;
}

/** Turns offsets within a unit into ranges of the file. */
export type Locate = (placed: PlacedUnit, span: Span) => SourceRange;

/** Reads a file. */
export function extractFacts(text: string, parser: PythonParser): FileFacts {
  const document = TextDocument.create('', 'python', 0, text);
  const tree = parser.parse(text);
  if (!tree) return unreadFacts(document);
  try {
    return extractDocumentFacts(tree, document);
  } finally {
    tree.delete();
  }
}

/**
 * Reads a document that was parsed.
 *
 * @param tree of the document's text as it is now.
 * @param known taken from and brought up to date, when given.
 */
export function extractDocumentFacts(tree: Tree, document: TextDocument, known?: KnownUnits): FileFacts {
  const text = document.getText();
  const { rootNode } = tree;
  const syntaxProblem = findSyntaxProblem(rootNode, document);
  const units = readUnits(tree, text, known);
  const names = gatherNames(units);
  const importsBifrost = units.some(({ unit }) => unit.importsBifrost);
  const locate: Locate = ({ start }, span) => ({
    start: document.positionAt(start + span.start),
    end: document.positionAt(start + span.end),
  });
  return {
    importsBifrost,
    workflows: units.flatMap((placed) =>
      placed.unit.functions.flatMap((definition) => {
        const fact = readWorkflow({ placed, definition, names, importsBifrost, locate });
        return fact ? [fact] : [];
      }),
    ),
    configCalls: readConfigCalls(units, names, locate),
    configNames: findConfigNames(units, names),
    ...(syntaxProblem && { syntaxProblem }),
    ignores: readIgnores(rootNode, document),
  };
}

/** What is told of a text that has no tree: that it does not parse, if it may be ours. */
export function unreadFacts(document: TextDocument): FileFacts {
  return {
    importsBifrost: /\bbifrost\b/.test(document.getText()),
    workflows: [],
    configCalls: [],
    configNames: [],
    syntaxProblem: { range: document.getLineRange(0) },
    ignores: new Map(),
  };
}

function readUnits(tree: Tree, text: string, known?: KnownUnits): PlacedUnit[] {
  const units: PlacedUnit[] = [];
  const current: KnownUnits = new Map();
  const { rootNode } = tree;
  for (const node of rootNode.namedChildren) {
    if (!node || node.type === 'comment') continue;
    const start = node.startIndex;
    const source = text.slice(start, node.endIndex);
    // In a file that is one error, statements are only known to be whole when they say so themselves.
    const isLoose = rootNode.isError && !node.type.endsWith('_definition');
    // A broken statement's tree depends on what is around it.
    const isWhole = !node.hasError && !isLoose;
    const unit = (isWhole && (current.get(source) ?? known?.get(source))) || readUnit(node, text);
    if (isWhole) current.set(source, unit);
    for (const call of isLoose ? unit.calls : []) call.place.isBroken = true;
    units.push({ unit, start });
  }
  if (known) {
    known.clear();
    for (const [source, unit] of current) known.set(source, unit);
  }
  return units;
}

function gatherNames(units: readonly PlacedUnit[]): ModuleNames {
  const bindings = new Map<string, Binding[]>();
  const starImports: string[] = [];
  for (const { unit } of units) {
    for (const module of unit.starImports) starImports.push(module);
    for (const [name, added] of unit.scope.bindings) {
      const present = bindings.get(name) ?? [];
      // A file can bind one name more often than a call may have arguments.
      for (const binding of added) present.push(binding);
      bindings.set(name, present);
    }
  }
  return { bindings, starImports };
}

function findConfigNames(units: readonly PlacedUnit[], names: ModuleNames): string[] {
  const [first] = units;
  if (!first) return [];
  const candidates = [...names.bindings.keys(), ...(names.starImports.length > 0 ? ['config'] : [])];
  return candidates.flatMap((name) => {
    const target = qualify(first.unit.scope, [name], names);
    if (target === 'bifrost.config') return [name];
    return target === 'bifrost' ? [`${name}.config`] : [];
  });
}
