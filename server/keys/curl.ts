/** The ready-to-paste line that tries a key (W21); it knows no store and no request. */

import type { KeyRow, Scope } from '../protocol.ts';
import type { Parameter, Workflow } from '../workflows/workflow.ts';
import type { KnownWorkflows } from './slots.ts';

/**
 * One line for a POSIX shell that does what the key may do: it runs a workflow with an example as its input (W21,
 * W24, A7), or, where an API key may run none, asks for what it may read or change.
 * Without a workflow to name the id is the placeholder `<workflowId>`.
 */
export function curlFor(sample: {
  /** Where the daemon is reached, e.g. `http://127.0.0.1:3000`. */
  url: string;
  row: Pick<KeyRow, 'kind' | 'workflowId' | 'scopes' | 'workflowIds'>;
  key: string;
  workflows: KnownWorkflows;
}): string {
  const { row, key } = sample;
  const { method, path, body } =
    row.kind === 'api' ? apiCall(row, sample.workflows) : trigger(row, sample.workflows);
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${quote(sample.url.replace(/\/+$/, '') + path)}`,
    `-H ${quote(`${row.kind === 'api' ? 'x-api-key' : 'X-Bifrost-Key'}: ${key}`)}`,
    ...(body ? [`-H ${quote('Content-Type: application/json')}`, `-d ${quote(jsonLine(body))}`] : []),
  ].join(' ');
}

interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: Record<string, unknown>;
}

/** A workflow key's own workflow, or for a global key the first one that takes it. */
function trigger(row: Pick<KeyRow, 'workflowId'>, workflows: KnownWorkflows): Call {
  const workflow =
    row.workflowId === undefined
      ? workflows.list().find((one) => isRunnable(one) && !one.disableGlobalKey)
      : workflows.get(row.workflowId);
  return { method: 'POST', path: `/api/endpoints/${idOf(workflow)}`, body: inputOf(workflow) };
}

function apiCall(
  { scopes, workflowIds }: Pick<KeyRow, 'scopes' | 'workflowIds'>,
  workflows: KnownWorkflows,
): Call {
  if (!scopes?.includes('workflows:execute')) {
    return scopeCalls.find(([scope]) => scopes?.includes(scope))?.[1] ?? { method: 'GET', path: '/healthz' };
  }
  const workflow = workflows.list().find((one) => isRunnable(one) && (workflowIds?.includes(one.id) ?? true));
  return {
    method: 'POST',
    path: `/api/v1/workflows/${idOf(workflow)}/run?wait=true`,
    body: { input: inputOf(workflow) },
  };
}

/** What is harmless stands first: an API key is tried by the first call that one of its scopes allows. */
const scopeCalls: readonly [Scope, Call][] = [
  ['workflows:read', { method: 'GET', path: '/api/v1/workflows' }],
  ['runs:read', { method: 'GET', path: '/api/v1/runs' }],
  ['connections:read', { method: 'GET', path: '/api/v1/connections' }],
  ['configs:read', { method: 'GET', path: '/api/v1/configs' }],
  ['keys:read', { method: 'GET', path: '/api/v1/auth/api-keys' }],
  ['audit:read', { method: 'GET', path: '/api/v1/audit' }],
  [
    'configs:write',
    { method: 'PUT', path: '/api/v1/configs/example', body: { type: 'string', value: 'example' } },
  ],
  [
    'keys:write',
    { method: 'POST', path: '/api/v1/auth/api-keys', body: { name: 'Example', scopes: ['keys:write'] } },
  ],
  ['connections:write', { method: 'DELETE', path: '/api/v1/connections/<id>' }],
  [
    'workflows:write',
    {
      method: 'POST',
      path: '/api/v1/workflows',
      body: {
        name: 'example',
        source: 'from bifrost import workflow\n\n\n@workflow\nasync def example():\n    return "Hello"\n',
      },
    },
  ],
];

function isRunnable(workflow: Workflow): boolean {
  return workflow.endpointEnabled && !workflow.duplicate;
}

function idOf(workflow: Workflow | undefined): string {
  return workflow ? encodeURIComponent(workflow.id) : '<workflowId>';
}

function inputOf(workflow: Workflow | undefined): Record<string, unknown> {
  return workflow ? exampleInput(workflow.parameters) : {};
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
function jsonLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${jsonLine(member)}`,
  );
  return `{${members.join(', ')}}`;
}
