/** The request that tries a key or a workflow: method, address and an example of a body; it knows no language. */

import type { KeyRow, Scope } from '../protocol/keys.ts';
import { exampleInput } from '../workflows/exampleInput.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { Call } from './sampleCode.ts';
import type { KnownWorkflows } from './slots.ts';

const keyHeader = 'X-Bifrost-Key';

/** Bodies that are accepted as they stand, for samples and the reference. */
export const sampleBodies = {
  config: { type: 'string', value: 'example' },
  connection: { name: 'example', service: 'github', value: 'example' },
  apiKey: { name: 'Example', scopes: ['keys:write'] },
  workflow: {
    name: 'example',
    source: 'from bifrost import workflow\n\n\n@workflow\nasync def example():\n    return "Hello"\n',
  },
  workflowChange: { timeoutSeconds: 1800 },
};

/**
 * What the key may do: it runs a workflow with an example as its input (W21, W24, A7), or, where an API key may run
 * none, asks for what it may read or change. Without a workflow to name the id is the placeholder `<workflowId>`.
 */
export function callOfKey(
  row: Pick<KeyRow, 'kind' | 'workflowId' | 'scopes' | 'workflowIds'>,
  workflows: KnownWorkflows,
): Call {
  if (row.kind === 'api') return apiCall(row, workflows);
  const workflow =
    row.workflowId === undefined
      ? workflows.list().find((one) => isRunnable(one) && !one.disableGlobalKey)
      : workflows.get(row.workflowId);
  return workflow ? callOfWorkflow(workflow) : { ...trigger('POST', '<workflowId>', {}), keyHeader };
}

/** Triggers the workflow (W24), with a key unless it is public (D13). */
export function callOfWorkflow({ id, allowedMethods, parameters, publicEndpoint }: Workflow): Call {
  const method = allowedMethods.includes('POST') ? 'POST' : (allowedMethods[0] ?? 'POST');
  const call = trigger(method, encodeURIComponent(id), exampleInput(parameters));
  return publicEndpoint ? call : { ...call, keyHeader };
}

/** D18: the input is the body, or the query where there is none. */
function trigger(method: string, id: string, input: Record<string, unknown>): Call {
  const path = `/api/endpoints/${id}`;
  if (method !== 'GET' && method !== 'HEAD') return { method, path, body: input };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input)) {
    if (typeof value !== 'object') query.set(name, String(value));
  }
  return { method, path: query.size > 0 ? `${path}?${query}` : path };
}

function apiCall(
  { scopes, workflowIds }: Pick<KeyRow, 'scopes' | 'workflowIds'>,
  workflows: KnownWorkflows,
): Call {
  if (!scopes?.includes('workflows:execute')) {
    const known = scopeCalls.find(([scope]) => scopes?.includes(scope))?.[1];
    return { ...(known ?? { method: 'GET', path: '/healthz' }), keyHeader: 'x-api-key' };
  }
  const workflow = workflows.list().find((one) => isRunnable(one) && (workflowIds?.includes(one.id) ?? true));
  return {
    method: 'POST',
    path: `/api/v1/workflows/${workflow ? encodeURIComponent(workflow.id) : '<workflowId>'}/run?wait=true`,
    keyHeader: 'x-api-key',
    body: { input: workflow ? exampleInput(workflow.parameters) : {} },
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
  ['configs:write', { method: 'PUT', path: '/api/v1/configs/example', body: sampleBodies.config }],
  ['keys:write', { method: 'POST', path: '/api/v1/auth/api-keys', body: sampleBodies.apiKey }],
  ['connections:write', { method: 'DELETE', path: '/api/v1/connections/<id>' }],
  ['workflows:write', { method: 'POST', path: '/api/v1/workflows', body: sampleBodies.workflow }],
];

function isRunnable(workflow: Workflow): boolean {
  return workflow.endpointEnabled && !workflow.duplicate;
}
