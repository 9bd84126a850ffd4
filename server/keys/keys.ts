/** The keys that are issued: made, listed, verified, rotated, revoked; it never learns who asks over which wire. */

import { Failure } from '../errors.ts';
import type { CreateApiKeyParams, CreateKeyParams, KeyRow } from '../protocol/keys.ts';
import type { History } from '../store/contracts/history.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import type { State, StateReader } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { unknownOrganization } from '../unknownOrganization.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { checkApiKey } from './apiKeyWish.ts';
import { bury, checkValid, findLive, putAudited } from './keyRecords.ts';
import { inShownOrder, isExpired, rowOf } from './keyRow.ts';
import { type LastUse, openLastUse } from './lastUse.ts';
import { hashKey, inspectKey, mintKey, workflowKeyPrefix } from './mint.ts';
import { mayRevoke } from './permissions.ts';
import { checkOverlap, refuseExpired, rotateKey } from './rotation.ts';
import { checkSlot, isOffered, type KnownWorkflows, slotHolders, unknownWorkflow } from './slots.ts';
import { checkWorkflowKey, type KeyWish } from './wish.ts';

export interface KeysParts {
  state: State;
  history: Pick<History, 'loadLastUsed' | 'saveLastUsed'>;
  clock: () => Millis;
  newId: () => string;
  workflows: KnownWorkflows;
  /** What new API keys begin with (D2). */
  apiKeyPrefix: string;
}

/** The reason is for the audit log only: every refusal looks the same from outside (D9). */
export type Verification =
  | { ok: true; record: ApiKeyRecord }
  | {
      ok: false;
      /**
       * A revoked key is `unknown` where its hash is gone, as it is after `revoke` (D25, F26).
       * A `replaced` one was rotated, and its overlap has ended.
       */
      reason: 'missing' | 'malformed' | 'checksum' | 'unknown' | 'expired' | 'replaced' | 'revoked';
      record?: ApiKeyRecord;
    };

/** A key that was just made, and the only place where the key itself ever stands (W20, W22). */
export interface MadeKey {
  row: KeyRow;
  key: string;
}

/** Opens the room; the last use of every key is read from the history. */
export async function openKeys(parts: KeysParts): Promise<Keys> {
  return new Keys(parts, await openLastUse(parts.history));
}

export class Keys {
  readonly #parts: KeysParts;
  readonly #lastUse: LastUse;
  readonly #listeners = new Set<() => void>();

  constructor(parts: KeysParts, lastUse: LastUse) {
    this.#parts = parts;
    this.#lastUse = lastUse;
  }

  /**
   * Makes a workflow key.
   *
   * @throws Failure `bad-input` (W12–W18, D24; a workflow that cannot have a key, W17; an unknown organization) or
   * `conflict` when a live key holds the workflow's slot (D3).
   */
  async create(params: CreateKeyParams, actor: string): Promise<MadeKey> {
    const { workflows, clock } = this.#parts;
    const now = clock();
    const wish = checkWorkflowKey(params, now);
    return await this.#make(wish, { actor, now }, async (tx) => {
      // The slot is looked at and taken in one transaction, so of two makers at once exactly one gets it.
      if (wish.workflowId !== undefined) await checkSlot(tx, workflows, wish.workflowId, now);
    });
  }

  /**
   * Makes an API key (F17–F21, D3). `maker` is the key that asks for it over HTTP, which cannot give more than it
   * has (D15); editor and command line have none.
   *
   * @throws Failure `bad-input` (D14, D22, D24; an unknown workflow or organization) or `forbidden` (D15).
   */
  async createApiKey(params: CreateApiKeyParams, actor: string, maker?: ApiKeyRecord): Promise<MadeKey> {
    const { workflows, clock } = this.#parts;
    const now = clock();
    const wish = checkApiKey(params, now, maker);
    const unknown = params.workflowIds?.find((id) => !workflows.get(id));
    if (unknown !== undefined) throw new Failure('bad-input', `Workflow "${unknown}" ${unknownWorkflow}.`);
    return await this.#make(wish, { actor, now }, async (tx) => {
      if (maker) await checkValid(tx, maker, now);
    });
  }

  /** Every key that is not revoked, in the order of D39. */
  async list(): Promise<KeyRow[]> {
    const records = await this.#parts.state.list('keys');
    const live = records.filter((record) => record.revokedAt === undefined);
    return inShownOrder(live.map((record) => this.#row(record)));
  }

  /** The live key with exactly this id. */
  async find(id: string): Promise<ApiKeyRecord | undefined> {
    const record = await this.#parts.state.get('keys', id);
    return record?.revokedAt === undefined ? record : undefined;
  }

  /**
   * Live API keys, newest first, as they were made: at most `count` of those after the key with the id `after`,
   * which may have been revoked since; of one organization only, when it is given.
   */
  async page({
    organizationId,
    after,
    count,
  }: {
    organizationId?: string | undefined;
    after?: string | undefined;
    count: number;
  }): Promise<KeyRow[]> {
    const records = await this.#parts.state.list('keys');
    const end = after === undefined ? records.length : records.findLastIndex(({ id }) => id === after);
    const rows: KeyRow[] = [];
    for (let index = end - 1; index >= 0 && rows.length < count; index -= 1) {
      const record = records[index];
      if (record?.kind !== 'api' || record.revokedAt !== undefined) continue;
      if (organizationId === undefined || record.organizationId === organizationId)
        rows.push(this.#row(record));
    }
    return rows;
  }

  /**
   * @param id as for `revoke`.
   * @throws Failure as `revoke`.
   */
  async get(id: string): Promise<KeyRow> {
    return this.#row(await findLive(this.#parts.state, id));
  }

  /**
   * Revokes for good: the hash goes, a tombstone stays for the audit (W28–W30, D25, F26), and a workflow's slot is
   * free again (W36), unless the key is one of a rotated pair and the other is still valid. Once this resolves, the
   * next `verify` refuses the key. `asking` is the key that asks for it over HTTP; editor and command line have none.
   *
   * @param id the whole id, or what it begins with: at least 6 characters that fit one live key only.
   * @throws Failure `not-found`, `conflict` when it is revoked already, `bad-input` when several keys fit, or
   * `forbidden` where `mayRevoke` says no.
   */
  async revoke(id: string, actor: string, asking?: ApiKeyRecord): Promise<KeyRow> {
    const { state, clock } = this.#parts;
    const tombstone = await state.transact(async (tx) => {
      const now = clock();
      if (asking) await checkValid(tx, asking, now);
      const found = await findLive(tx, id);
      if (asking && !mayRevoke(asking, found)) {
        throw new Failure('forbidden', 'A key cannot revoke one that has more than it has itself.');
      }
      return bury(tx, found, actor, now);
    });
    this.#notify();
    return this.#row(tombstone);
  }

  /**
   * Makes a successor that inherits kind, description, scopes, target, organization and remaining lifetime. The old
   * key ends by itself after the overlap, 0 to 30 whole days; 0 refuses its next request.
   *
   * @param id as for `revoke`.
   * @throws Failure `bad-input`, `not-found`, or `conflict` when the key is expired, revoked or rotated already.
   */
  async rotate(
    id: string,
    { overlapDays }: { overlapDays: number },
    actor: string,
  ): Promise<MadeKey & { replaced: KeyRow }> {
    const overlapMs = checkOverlap(overlapDays);
    const rotated = await this.#parts.state.transact(async (tx) => {
      const now = this.#parts.clock();
      let key = '';
      const make = (wish: KeyWish) => {
        const made = this.#mint(wish, actor, now);
        key = made.key;
        return made.record;
      };
      return { ...(await rotateKey(tx, id, { overlapMs, now, actor, make })), key };
    });
    this.#notify();
    return { row: this.#row(rotated.successor), key: rotated.key, replaced: this.#row(rotated.replaced) };
  }

  /**
   * Binds a workflow-specific key to another workflow, after a rename (D12). A rotated pair moves as one.
   *
   * @param id as for `revoke`.
   * @throws Failure `bad-input` when the key has no workflow of its own or the workflow can have no key,
   * `not-found`, or `conflict` when the slot is held, or the key is expired or revoked.
   */
  async rebind(id: string, workflowId: string, actor: string): Promise<KeyRow> {
    const { state, clock, workflows } = this.#parts;
    const rebound = await state.transact(async (tx) => {
      const now = clock();
      const found = await findLive(tx, id);
      const { workflowId: from } = found;
      if (from === undefined) {
        throw new Failure('bad-input', `Key ${found.id} has no workflow of its own to change.`);
      }
      refuseExpired(found, now);
      await checkSlot(tx, workflows, workflowId, now);
      for (const holder of await slotHolders(tx, from, now)) {
        putAudited(tx, { ...holder, workflowId }, { actor, action: 'key.rebound', detail: { from } });
      }
      return { ...found, workflowId };
    });
    this.#notify();
    return this.#row(rebound);
  }

  /** The workflows that a workflow-specific key can be made for: endpoint on, not public, slot free (W17, W35). */
  async offeredWorkflows(): Promise<Workflow[]> {
    const { state, clock, workflows } = this.#parts;
    const offered: Workflow[] = [];
    for (const workflow of workflows.list()) {
      if (await isOffered(state, workflow, clock())) offered.push(workflow);
    }
    return offered;
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
    if (!isExpired(record, this.#parts.clock())) return { ok: true, record };
    return { ok: false, reason: record.endsAt === undefined ? 'expired' : 'replaced', record };
  }

  /** Notes that a request authenticated with this key: visible at once, saved within a second (D26). */
  touch(id: string): void {
    this.#lastUse.note(id, this.#parts.clock());
  }

  /** Whether requests with the key of this id are still let in. */
  async isValid(id: string): Promise<boolean> {
    const record = await this.find(id);
    return record !== undefined && !isExpired(record, this.#parts.clock());
  }

  /** Calls back after every change of the keys that is durable; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Saves what is unsaved. @throws what the history throws, when the last uses cannot be written. */
  close(): Promise<void> {
    return this.#lastUse.close();
  }

  /** One transaction: `check` refuses what the state of this moment stands against. */
  async #make(
    wish: KeyWish,
    { actor, now }: { actor: string; now: Millis },
    check: (tx: StateReader) => Promise<void>,
  ): Promise<MadeKey> {
    const { organizationId } = wish;
    const { record, key } = this.#mint(wish, actor, now);
    await this.#parts.state.transact(async (tx) => {
      if (organizationId !== undefined && !(await tx.get('organizations', organizationId))) {
        throw unknownOrganization(organizationId, 'bad-input');
      }
      await check(tx);
      putAudited(tx, record, { actor, action: 'key.created' });
    });
    this.#notify();
    return { row: this.#row(record), key };
  }

  #mint(wish: KeyWish, actor: string, now: Millis): { record: ApiKeyRecord; key: string } {
    const { newId, apiKeyPrefix } = this.#parts;
    const prefix = wish.kind === 'api' ? apiKeyPrefix : workflowKeyPrefix;
    const { key, hash, lastFour } = mintKey(prefix);
    return {
      key,
      record: { id: newId(), prefix, hash, lastFour, ...wish, createdAt: now, createdBy: actor },
    };
  }

  #row(record: ApiKeyRecord): KeyRow {
    const { workflows, clock } = this.#parts;
    const workflow = record.workflowId === undefined ? undefined : workflows.get(record.workflowId);
    return rowOf(record, { workflow, lastUsedAt: this.#lastUse.of(record.id), now: clock() });
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
