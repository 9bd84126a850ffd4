/** The keys that are issued: made, listed, verified, revoked; it never learns who asks over which wire. */

import { Failure } from '../errors.ts';
import type { CreateKeyParams, KeyRow } from '../protocol.ts';
import type { ApiKeyRecord, History, Millis, State, StateReader } from '../store/contracts.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { inShownOrder, isExpired, rowOf } from './keyRow.ts';
import { hashKey, inspectKey, mintKey, workflowKeyPrefix } from './mint.ts';
import { checkCreation, type KeyWish } from './wish.ts';

/** What the room needs of the registry of workflows. */
export interface KnownWorkflows {
  get(id: string): Workflow | undefined;
  list(): Workflow[];
}

export interface KeysParts {
  state: State;
  history: Pick<History, 'loadLastUsed' | 'saveLastUsed'>;
  clock: () => Millis;
  newId: () => string;
  workflows: KnownWorkflows;
}

/** The reason is for the audit log only: every refusal looks the same from outside (D9). */
export type Verification =
  | { ok: true; record: ApiKeyRecord }
  | {
      ok: false;
      /** A revoked key is `unknown` where its hash is gone, as it is after `revoke` (D25, F26). */
      reason: 'missing' | 'malformed' | 'checksum' | 'unknown' | 'expired' | 'revoked';
      record?: ApiKeyRecord;
    };

export type RunVerdict =
  | 'yes'
  | 'other-workflow'
  | 'global-disabled'
  | 'not-in-allow-list'
  | 'missing-scope'
  | 'no-endpoint';

/** Opens the room; the last use of every key is read from the history. */
export async function openKeys(parts: KeysParts): Promise<Keys> {
  return new Keys(parts, await parts.history.loadLastUsed());
}

export class Keys {
  readonly #parts: KeysParts;
  readonly #lastUsed: Map<string, Millis>;
  /** Last uses that are not yet in the history. */
  #unsaved = new Map<string, Millis>();
  #timer: NodeJS.Timeout | undefined;
  #saving = Promise.resolve();
  #closed = false;
  readonly #listeners = new Set<() => void>();

  constructor(parts: KeysParts, lastUsed: Map<string, Millis>) {
    this.#parts = parts;
    this.#lastUsed = lastUsed;
  }

  /**
   * Makes a workflow key; the answer is the only place where the key itself ever stands (W20, W22).
   *
   * @throws Failure `bad-input` (W12–W18, D24; a workflow that cannot have a key, W17; an unknown organization) or
   * `conflict` when a live key holds the workflow's slot (D3).
   */
  async create(params: CreateKeyParams, actor: string): Promise<{ row: KeyRow; key: string }> {
    const { state, clock, newId } = this.#parts;
    const wish = checkCreation(params);
    const minted = mintKey(workflowKeyPrefix);
    // The slot is looked at and taken in one transaction, so of two makers at once exactly one gets it.
    const record = await state.transact(async (tx) => {
      await this.#checkPlace(tx, wish);
      const now = clock();
      const created: ApiKeyRecord = {
        id: newId(),
        kind: 'workflow',
        prefix: workflowKeyPrefix,
        hash: minted.hash,
        lastFour: minted.lastFour,
        description: wish.description,
        ...(wish.workflowId !== undefined && { workflowId: wish.workflowId }),
        ...(wish.organizationId !== undefined && { organizationId: wish.organizationId }),
        createdAt: now,
        createdBy: actor,
        ...(wish.lifetimeMs !== undefined && { expiresAt: now + wish.lifetimeMs }),
      };
      tx.put('keys', created);
      tx.audit({ ...auditOf(created, actor), action: 'key.created' });
      return created;
    });
    this.#notify();
    return { row: this.#row(record), key: minted.key };
  }

  /** Every key that is not revoked, in the order of D39. */
  async list(): Promise<KeyRow[]> {
    const records = await this.#parts.state.list('keys');
    const live = records.filter((record) => record.revokedAt === undefined);
    return inShownOrder(live.map((record) => this.#row(record)));
  }

  /**
   * Revokes for good: the hash goes, a tombstone stays for the audit (W28–W30, D25, F26), and a workflow's slot is
   * free again (W36). Once this resolves, the next `verify` refuses the key.
   *
   * @param id the whole id, or what it begins with: at least 6 characters that fit one live key only.
   * @throws Failure `not-found`, `conflict` when it is revoked already, `bad-input` when several keys fit.
   */
  async revoke(id: string, actor: string): Promise<KeyRow> {
    const { state, clock } = this.#parts;
    const tombstone = await state.transact(async (tx) => {
      const { hash: _, ...rest } = await findLive(tx, id);
      const revoked: ApiKeyRecord = { ...rest, revokedAt: clock() };
      tx.put('keys', revoked);
      tx.audit({ ...auditOf(revoked, actor), action: 'key.revoked' });
      return revoked;
    });
    this.#notify();
    return this.#row(tombstone);
  }

  /** The workflows that a workflow-specific key can be made for: endpoint on, not public, slot free (W17, W35). */
  async offeredWorkflows(): Promise<Workflow[]> {
    const held = new Set<string>();
    for (const record of await this.#parts.state.list('keys')) {
      if (holdsSlot(record) && record.workflowId !== undefined) held.add(record.workflowId);
    }
    return this.#parts.workflows
      .list()
      .filter((workflow) => whyNoKey(workflow) === undefined && !held.has(workflow.id));
  }

  /**
   * Whose key it is, or why it is refused. Text that is no key is refused offline (D2); whatever is well-formed
   * costs one hash and one look-up, so that unknown, expired and revoked keys cannot be told apart by time (D9).
   */
  async verify(presented: string | undefined): Promise<Verification> {
    if (!presented) return { ok: false, reason: 'missing' };
    const inspected = inspectKey(presented);
    if (inspected.kind !== 'key') return { ok: false, reason: inspected.kind };
    const [record] = await this.#parts.state.findBy('keys', 'hash', hashKey(presented));
    if (!record) return { ok: false, reason: 'unknown' };
    if (record.revokedAt !== undefined) return { ok: false, reason: 'revoked', record };
    if (isExpired(record, this.#parts.clock())) return { ok: false, reason: 'expired', record };
    return { ok: true, record };
  }

  /**
   * Whether a verified key may run the workflow of this id. `no-endpoint` is answered as an unknown id (404, D11),
   * everything else that is not `yes` with 403 (W26, W27, W37, D8).
   */
  mayRun(record: ApiKeyRecord, workflowId: string, workflow: Workflow | undefined): RunVerdict {
    if (record.kind === 'api') {
      if (!record.scopes?.includes('workflows:execute')) return 'missing-scope';
      if (record.workflowIds && !record.workflowIds.includes(workflowId)) return 'not-in-allow-list';
    } else if (record.workflowId !== undefined && record.workflowId !== workflowId) {
      return 'other-workflow';
    }
    if (!workflow?.endpointEnabled) return 'no-endpoint';
    const isGlobal = record.kind === 'workflow' && record.workflowId === undefined;
    return isGlobal && workflow.disableGlobalKey ? 'global-disabled' : 'yes';
  }

  /** Notes that a request authenticated with this key: visible at once, saved within a second (D26). */
  touch(id: string): void {
    const now = this.#parts.clock();
    this.#lastUsed.set(id, now);
    this.#unsaved.set(id, now);
    this.#saveSoon();
  }

  /** Calls back after every change of the keys that is durable; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Saves what is unsaved. @throws what the history throws, when the last uses cannot be written. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#unsaved.size > 0) await this.#parts.history.saveLastUsed(this.#unsaved);
  }

  #saveSoon(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#saving = this.#save();
    }, saveIntervalMs);
    this.#timer.unref();
  }

  /** Never rejects: what could not be saved is tried again with the next, unless it was used again since. */
  async #save(): Promise<void> {
    const saving = this.#unsaved;
    this.#unsaved = new Map();
    try {
      await this.#parts.history.saveLastUsed(saving);
    } catch {
      this.#unsaved = new Map([...saving, ...this.#unsaved]);
      this.#saveSoon();
    }
  }

  /** Refuses a wish that the state or the workflows of this moment stand against. */
  async #checkPlace(reader: StateReader, wish: KeyWish): Promise<void> {
    const { organizationId, workflowId } = wish;
    if (organizationId !== undefined && !(await reader.get('organizations', organizationId))) {
      throw new Failure('bad-input', `There is no organization "${organizationId}"; add it first.`);
    }
    if (workflowId === undefined) return;
    const workflow = this.#parts.workflows.get(workflowId);
    const objection = workflow ? whyNoKey(workflow) : 'does not exist in any registered folder';
    if (objection !== undefined) throw new Failure('bad-input', `Workflow "${workflowId}" ${objection}.`);
    const holder = (await reader.findBy('keys', 'workflowId', workflowId)).find(holdsSlot);
    if (!holder) return;
    throw new Failure(
      'conflict',
      `Workflow "${workflowId}" has a key already: "${holder.description}" (${holder.id}); revoke it first.`,
    );
  }

  #row(record: ApiKeyRecord): KeyRow {
    const { workflows, clock } = this.#parts;
    const workflow = record.workflowId === undefined ? undefined : workflows.get(record.workflowId);
    return rowOf(record, { workflow, lastUsedAt: this.#lastUsed.get(record.id), now: clock() });
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** D26: a busy key costs the disk one write a second, not one per request. */
const saveIntervalMs = 1000;
const shortestIdStart = 6;

/** Orphaned and expired keys hold their workflow's slot until they are revoked (W35, W36). */
function holdsSlot(record: ApiKeyRecord): boolean {
  return record.kind === 'workflow' && record.revokedAt === undefined;
}

/** Why a workflow can have no key of its own, as the end of a sentence; undefined when it can (W17, D45). */
function whyNoKey(workflow: Workflow): string | undefined {
  if (workflow.duplicate) return 'exists twice; rename one of the two first';
  if (!workflow.endpointEnabled) return 'has its endpoint switched off; set endpoint_enabled=True first';
  if (workflow.publicEndpoint) return 'is public and needs no key';
  return undefined;
}

async function findLive(reader: StateReader, id: string): Promise<ApiKeyRecord> {
  const exact = await reader.get('keys', id);
  const fitting = exact
    ? [exact]
    : id.length < shortestIdStart
      ? []
      : (await reader.list('keys')).filter((record) => record.id.startsWith(id));
  const [live, second] = fitting.filter((record) => record.revokedAt === undefined);
  if (second) throw new Failure('bad-input', `Several keys begin with "${id}"; give more of the id.`);
  if (live) return live;
  if (fitting.length > 0) throw new Failure('conflict', `Key ${id} is revoked already; nothing was changed.`);
  throw new Failure('not-found', `There is no key ${id}; list the keys to see their ids.`);
}

/** What both audit records of a key say (W39, W40). */
function auditOf(record: ApiKeyRecord, actor: string) {
  return {
    actor,
    target: record.id,
    outcome: 'ok' as const,
    ...(record.organizationId !== undefined && { organizationId: record.organizationId }),
    detail: { kind: record.kind, ...(record.workflowId !== undefined && { workflowId: record.workflowId }) },
  };
}
