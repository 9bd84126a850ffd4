/** The keys room on a real store, with workflows and a clock for the test to change. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { newId } from '../../server/ids.ts';
import { type Keys, openKeys } from '../../server/keys/keys.ts';
import type { CreateApiKeyParams, CreateKeyParams } from '../../server/protocol/keys.ts';
import type { ApiKeyRecord } from '../../server/store/contracts/records.ts';
import type { Workflow } from '../../server/workflows/workflow.ts';
import { openStore, type TestStore } from '../configs/store.ts';
import { refuses as refusesIn } from '../support/refusals.ts';

export const dayMs = 86_400_000;

export function workflowNamed(id: string, flags: Partial<Workflow> = {}): Workflow {
  return {
    id,
    functionName: id,
    folder: '/folder',
    file: `workflows/${id}.py`,
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    tags: [],
    endpointEnabled: true,
    allowedMethods: ['POST'],
    publicEndpoint: false,
    disableGlobalKey: false,
    executionMode: 'sync',
    timeoutSeconds: 1800,
    parameters: [],
    acceptsExtra: false,
    duplicate: false,
    ...flags,
  };
}

export interface Room extends TestStore {
  keys: Keys;
  /** The workflows that exist at this moment, for the test to change. */
  known: Map<string, Workflow>;
  create(params: Partial<CreateKeyParams>): Promise<{ id: string; key: string }>;
  /** An API key that may make others, and its record. */
  createApi(params?: Partial<CreateApiKeyParams>): Promise<{ id: string; key: string; record: ApiKeyRecord }>;
  addOrganization(id: string): Promise<void>;
  /** As after a restart of the daemon. */
  reopen(): Promise<Keys>;
}

export async function openRoom(t: TestContext): Promise<Room> {
  const store = await openStore(t);
  const known = new Map(['hello', 'charge', 'report'].map((id) => [id, workflowNamed(id)]));
  const workflows = { get: (id: string) => known.get(id), list: () => [...known.values()] };
  const open = () => openKeys({ ...store, newId, workflows, apiKeyPrefix: 'wfk_' });
  const keys = await open();
  return {
    ...store,
    keys,
    known,
    reopen: open,
    create: async (params) => {
      const { row, key } = await keys.create({ description: 'CI', global: true, ...params }, 'editor');
      return { id: row.id, key };
    },
    createApi: async (params) => {
      const { row, key } = await keys.createApiKey(
        { name: 'Deploy', scopes: ['keys:write', 'workflows:execute'], ...params },
        'cli',
      );
      const verification = await keys.verify(key);
      assert.ok(verification.ok);
      return { id: row.id, key, record: verification.record };
    },
    addOrganization: (id) =>
      store.state.transact(async (tx) => {
        tx.put('organizations', { id, name: id, createdAt: 0 });
        tx.audit({ actor: 'cli', action: 'organization.added', target: id, outcome: 'ok' });
      }),
  };
}

/** Asserts a refusal of one clear line that holds no key and changes nothing. */
export async function refuses(
  room: Room,
  act: () => Promise<unknown>,
  code: string,
  message: RegExp,
): Promise<void> {
  await refusesIn(room.state, act, { code, message, secret: /bk_live_|wfk_/ });
}

export async function reasonOf(keys: Keys, presented: string | undefined): Promise<string> {
  const verification = await keys.verify(presented);
  return verification.ok ? 'ok' : verification.reason;
}
