/** The typed configuration and whose it is; it never opens a secret, and gives no value of one. */

import { Failure } from '../errors.ts';
import type { ConfigRow, ConfigTypeName } from '../protocol/configs.ts';
import type { OrganizationContents, OrganizationRow } from '../protocol/organizations.ts';
import type { ChangedNoun } from '../protocol.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import type { History } from '../store/contracts/history.ts';
import type { ConfigRecord } from '../store/contracts/records.ts';
import type { State, StateTransaction } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { type ConfigPlace, findAt, placeOf, resolveIn, scopeName, visibleTo } from './cascade.ts';
import { byName, ownFirst, rowOf } from './configRow.ts';
import { type ConfigWish, checkName, recordFor, type SetConfigParams } from './configWish.ts';
import * as organizations from './organizations.ts';
import type { Seal, Vault } from './vault.ts';

export interface ConfigsParts {
  state: State;
  history: Pick<History, 'listRuns'>;
  vault: Pick<Vault, 'sealer'>;
  clock: () => Millis;
  newId: () => string;
}

/** All that may be known of a config where values must not be (invariant 5 of the design). */
export interface ConfigName extends ConfigPlace {
  type: ConfigTypeName;
  needsValue: boolean;
}

/** Who changes something, as the audit log names it. */
export type ChangeSource = Pick<AuditEntry, 'actor' | 'runId'>;

export class Configs {
  readonly #parts: ConfigsParts;
  readonly #listeners = new Set<(nouns: ChangedNoun[]) => void>();

  constructor(parts: ConfigsParts) {
    this.#parts = parts;
  }

  /**
   * Without an organization the rows of all scopes, by name. With one what it sees: its own rows, then the global
   * ones that they do not shadow (C17). Secrets show as `[SECRET]` (D32).
   *
   * @throws Failure `not-found` for an unknown organization.
   */
  async list({ organizationId }: { organizationId?: string } = {}): Promise<ConfigRow[]> {
    await this.checkScope(organizationId === undefined ? {} : { organizationId });
    const records = await this.#parts.state.list('configs');
    const seen = organizationId === undefined ? records : visibleTo(organizationId, records);
    return seen.sort(organizationId === undefined ? byName : ownFirst).map(rowOf);
  }

  /** @throws Failure `not-found` for an unknown organization; none at all is the global scope. */
  async checkScope({ organizationId }: { organizationId?: string }): Promise<void> {
    if (organizationId !== undefined) await organizations.checkKnown(this.#parts.state, organizationId);
  }

  /**
   * What a name is for an organization: its own row, else the global one (C17, D27); without an organization the
   * global row.
   *
   * @throws Failure `not-found` for an unknown name or organization.
   */
  async get(place: ConfigPlace): Promise<ConfigRow> {
    await this.checkScope(place);
    const record = await this.resolve(place);
    if (record) return rowOf(record);
    throw unknownConfig(place);
  }

  /** @throws Failure `not-found` where exactly this scope has no such name. */
  async checkStored(place: ConfigPlace): Promise<void> {
    if (!(await findAt(this.#parts.state, place))) throw unknownConfig(place);
  }

  /** The record behind `get`, with the sealed value of a secret; for whoever may open it. */
  async resolve(place: ConfigPlace): Promise<ConfigRecord | undefined> {
    return resolveIn(this.#parts.state, place);
  }

  /** Names, types and scopes of everything stored: what the language room may know. */
  async names(): Promise<ConfigName[]> {
    const records = await this.#parts.state.list('configs');
    return records.map((record) => ({
      ...placeOf(record),
      type: record.type,
      needsValue: record.value === undefined,
    }));
  }

  /**
   * Stores a value in exactly this scope (S3, C7). A secret is sealed before it is stored (C2); its type changes
   * only by a new type together with a new value (C14, D30, D31).
   *
   * @throws Failure `bad-input` for a bad name, type or value, or a missing value; `not-found` for an unknown
   * organization.
   */
  async set(params: SetConfigParams, actor: string): Promise<ConfigRow> {
    return this.change(params, { actor }, () => params);
  }

  /**
   * As `set`, with type and value decided inside the transaction, from what the name is then for this scope
   * (see `resolve`).
   */
  async change(
    place: ConfigPlace,
    source: ChangeSource,
    decide: (seen: ConfigRecord | undefined) => ConfigWish,
  ): Promise<ConfigRow> {
    const record = await this.#parts.state.transact((tx) => this.changeIn(tx, place, source, decide));
    this.announce(['configs']);
    return rowOf(record);
  }

  /** As `change`, but as a part of the caller's transaction; once it is durable, the caller announces it. */
  async changeIn(
    tx: StateTransaction,
    place: ConfigPlace,
    source: ChangeSource,
    decide: (seen: ConfigRecord | undefined) => ConfigWish,
  ): Promise<ConfigRecord> {
    checkName(place.name);
    if (place.organizationId !== undefined) await organizations.checkKnown(tx, place.organizationId);
    const stored = await findAt(tx, place);
    const wish = decide(await resolveIn(tx, place));
    const { vault, clock, newId } = this.#parts;
    const base = { id: stored?.id ?? newId(), updatedAt: clock(), updatedBy: source.actor };
    const unsealed = recordFor(wish, { ...base, ...placeOf(place) }, stored);
    const isNew = wish.value !== undefined || wish.reference !== undefined;
    const written = isNew && wish.type === 'secret' ? sealed(unsealed, await vault.sealer(tx)) : unsealed;
    tx.put('configs', written);
    tx.audit({
      ...auditOf(written, source),
      action: written.type === 'secret' ? 'secret.written' : 'config.written',
      detail: {
        type: written.type,
        ...(written.reference && { reference: written.reference }),
        ...(stored && { formerType: stored.type }),
      },
    });
    return written;
  }

  /** Removes the row of exactly this scope. @throws Failure `not-found`. */
  async unset(place: ConfigPlace, actor: string): Promise<void> {
    if (!(await this.remove(place, { actor }))) throw unknownConfig(place);
  }

  /** As `unset`, but answers whether there was something to remove. */
  async remove(place: ConfigPlace, source: ChangeSource): Promise<boolean> {
    const removed = await this.#parts.state.transact(async (tx) => {
      const stored = await findAt(tx, place);
      if (stored) removeRecord(tx, stored, source);
      return stored !== undefined;
    });
    if (removed) this.announce(['configs']);
    return removed;
  }

  /** In the order in which they were added. */
  async listOrganizations(): Promise<OrganizationRow[]> {
    return organizations.list(this.#parts.state);
  }

  /** @throws Failure `bad-input` for a bad id or name, `conflict` when the id is taken. */
  async addOrganization(params: { id: string; name?: string }, actor: string): Promise<OrganizationRow> {
    const added = await this.#parts.state.transact((tx) => this.addOrganizationIn(tx, params, actor));
    this.announce(['organizations']);
    return added;
  }

  /** As `addOrganization`, but as a part of the caller's transaction; once it is durable, the caller announces it. */
  async addOrganizationIn(
    tx: StateTransaction,
    params: { id: string; name?: string },
    actor: string,
  ): Promise<OrganizationRow> {
    const { history, clock } = this.#parts;
    const [newest] = await history.listRuns({ organizationId: params.id, limit: 1 });
    return organizations.add(tx, params, { actor, now: clock(), newestRunAt: newest?.createdAt });
  }

  /** Another name for people; the id stays. @throws Failure `not-found`, or `bad-input` for a bad name. */
  async renameOrganization(params: { id: string; name: string }, actor: string): Promise<OrganizationRow> {
    const renamed = await this.#parts.state.transact((tx) => organizations.rename(tx, params, actor));
    this.announce(['organizations']);
    return renamed;
  }

  /** What would go with an organization if it were removed. @throws Failure `not-found`. */
  async organizationContents({ id }: { id: string }): Promise<OrganizationContents> {
    return organizations.countOf(await organizations.belongings(this.#parts.state, id));
  }

  /**
   * Removes an organization with all of its configs and credentials, and revokes its keys, or does nothing.
   * Answers what went with it; `workflows` are those that are refused until they are given another organization.
   *
   * @throws Failure `not-found`.
   */
  async removeOrganization({ id }: { id: string }, actor: string): Promise<OrganizationContents> {
    const { state, clock } = this.#parts;
    const removed = await state.transact(async (tx) => {
      const owned = await organizations.belongings(tx, id);
      for (const record of owned.configs) removeRecord(tx, record, { actor });
      for (const { id: credentialId, name } of owned.credentials) {
        tx.remove('credentials', credentialId);
        tx.audit({ actor, action: 'credential.removed', target: name, outcome: 'ok', organizationId: id });
      }
      organizations.remove(tx, id, owned, { actor, now: clock() });
      return organizations.countOf(owned);
    });
    const nouns = (['configs', 'keys', 'credentials', 'workflows'] as const).filter((noun) => removed[noun]);
    this.announce(['organizations', ...nouns]);
    return removed;
  }

  /** Calls back after every durable change with what has changed; answers how to stop that. */
  onChange(listener: (nouns: ChangedNoun[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners of a durable change. */
  announce(nouns: ChangedNoun[]): void {
    for (const listener of this.#listeners) listener(nouns);
  }
}

export function openConfigs(parts: ConfigsParts): Configs {
  return new Configs(parts);
}

function unknownConfig(place: ConfigPlace): Failure {
  return new Failure('not-found', `There is no config "${place.name}" in scope ${scopeName(place)}.`);
}

function sealed(record: ConfigRecord, seal: Seal): ConfigRecord {
  const content = { text: String(record.value), isReference: record.reference !== undefined };
  return { ...record, value: seal(record, content) };
}

function removeRecord(tx: StateTransaction, record: ConfigRecord, source: ChangeSource): void {
  tx.remove('configs', record.id);
  tx.audit({ ...auditOf(record, source), action: 'config.removed', detail: { type: record.type } });
}

/** Invariant: no field of it comes from a value. */
function auditOf(record: ConfigRecord, source: ChangeSource) {
  const { organizationId } = record;
  return {
    ...source,
    target: record.name,
    outcome: 'ok' as const,
    ...(organizationId !== undefined && { organizationId }),
  };
}
