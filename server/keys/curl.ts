/** The ready-to-paste line that triggers a workflow (W21); it knows no store and no request. */

import type { Parameter } from '../workflows/workflow.ts';

/** Stands for a workflow's id where there is none yet to name. */
const placeholder = '<workflowId>';

/**
 * One line for a POSIX shell that runs the workflow with an example as its input (W21, W24).
 * Without a workflow the id is the placeholder `<workflowId>`.
 */
export function curlFor(sample: {
  /** Where the daemon is reached, e.g. `http://127.0.0.1:3000`. */
  url: string;
  workflowId?: string | undefined;
  key: string;
  exampleInput: Record<string, unknown>;
}): string {
  const id = sample.workflowId === undefined ? placeholder : encodeURIComponent(sample.workflowId);
  const address = `${sample.url.replace(/\/+$/, '')}/api/endpoints/${id}`;
  return [
    `curl -X POST ${quote(address)}`,
    `-H ${quote(`X-Bifrost-Key: ${sample.key}`)}`,
    `-H ${quote('Content-Type: application/json')}`,
    `-d ${quote(jsonLine(sample.exampleInput))}`,
  ].join(' ');
}

/**
 * An input that the workflow takes: every required parameter, and those optional ones whose annotation is simple
 * enough to be sure of.
 */
export function exampleInput(parameters: readonly Parameter[]): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const { name, annotation, required } of parameters) {
    const example = annotation === undefined ? undefined : examples.get(baseType(annotation));
    if (example !== undefined) entries.push([name, example]);
    else if (required) entries.push([name, 'example']);
  }
  return Object.fromEntries(entries);
}

const examples = new Map<string, unknown>([
  ['str', 'example'],
  ['int', 1],
  ['float', 1.5],
  ['bool', true],
  ['list', []],
  ['dict', {}],
  ['List', []],
  ['Dict', {}],
]);

/** `list[str] | None` → `list`, `Optional[int]` → `int`. */
function baseType(annotation: string): string {
  const inner = /^(?:typing\.)?Optional\[(.*)\]$/.exec(annotation.trim())?.[1] ?? annotation;
  const first = inner.replace(/^\s*None\s*\|/, '').trim();
  return /^(?:typing\.)?(\w+)(?:\[.*\])?(?:\s*\|\s*None)?$/.exec(first)?.[1] ?? '';
}

/** Inside single quotes a shell reads nothing specially; a single quote itself is written outside of them. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** JSON with the blanks that people put after colon and comma. */
function jsonLine(input: Record<string, unknown>): string {
  const members = Object.entries(input).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{${members.join(', ')}}`;
}
