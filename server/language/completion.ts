/** Completion of config names inside `config.get("…")`: names, types and scopes, never a value. */

import type { CompletionItem, CompletionList, Position } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { SourceRange } from '../protocol/workflows.ts';
import type { ConfigScope } from './configCalls.ts';
import type { FileFacts } from './facts.ts';
import {
  allNames,
  configsNamed,
  describePlaces,
  findConfig,
  type KnownNames,
  type Reach,
  reachOf,
} from './names.ts';
import { contains } from './ranges.ts';

/** The names that fit at a position; undefined where no config name is written. */
export function complete(
  facts: FileFacts,
  document: TextDocument,
  position: Position,
  known: KnownNames,
): CompletionList | undefined {
  const place = findPlace(facts, document, position);
  if (!place) return undefined;
  const reach = reachOf(place.scope, known) ?? {};
  return {
    isIncomplete: !known.complete,
    items: allNames(known).map((name) => itemOf(name, place.range, reach, known)),
  };
}

interface Place {
  range: SourceRange;
  scope: ConfigScope;
}

function findPlace(facts: FileFacts, document: TextDocument, position: Position): Place | undefined {
  for (const { name, scope } of facts.configCalls) {
    if (name?.content && contains(name.content, position)) return { range: name.content, scope };
  }
  return findUnfinished(facts, document, position);
}

/** While the quote is open, the line is no Python; what stands before the cursor is enough. */
function findUnfinished(
  { configNames }: FileFacts,
  document: TextDocument,
  position: Position,
): Place | undefined {
  const before = document.getText({ start: { line: position.line, character: 0 }, end: position });
  const match = /(?<![\w.])([\w.]+)\.(?:get|set|delete)\(\s*(["'])([^"'\\]*)$/.exec(before);
  const [, receiver = '', , begun = ''] = match ?? [];
  if (!configNames.includes(receiver)) return undefined;
  const start = { line: position.line, character: position.character - begun.length };
  return { range: { start, end: position }, scope: { kind: 'own' } };
}

/** LSP's `CompletionItemKind.Constant`. */
const constantKind = 21;

function itemOf(name: string, range: SourceRange, reach: Reach, known: KnownNames): CompletionItem {
  const config = findConfig(known, name, reach) ?? configsNamed(known, name)[0];
  const isInReach = findConfig(known, name, reach) !== undefined;
  return {
    label: name,
    kind: constantKind,
    detail: `${config?.type ?? 'config'}, set ${describePlaces(known, name) ?? 'nowhere'}`,
    // What the chosen organization does not see comes last.
    sortText: `${isInReach ? 0 : 1}${name}`,
    textEdit: { range, newText: name },
  };
}
