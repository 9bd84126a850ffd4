/** The credentials for outgoing calls: who may use which, and that no value is shown; it calls nobody itself. */

import { visibleTo } from '../configs/cascade.ts';
import { checkKnown } from '../configs/organizations.ts';
import type { Seal, Vault } from '../configs/vault.ts';
import { Failure } from '../errors.ts';
import type {
  AddCredentialParams,
  CredentialRow,
  CredentialTest,
  ServiceRow,
} from '../protocol/credentials.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import type { CredentialRecord } from '../store/contracts/records.ts';
import type { State, StateReader } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { byName, credentialRow } from './credentialRow.ts';
import type { Probe } from './probe.ts';
import { services } from './services.ts';
import { checkSecrets, checkShape } from './wish.ts';

export interface ConnectionsParts {
  state: State;
  vault: Pick<Vault, 'sealer'>;
  clock: () => Millis;
  newId: () => string;
  /** Resolves once the record is durable, and rejects when it cannot be. */
  appendAudit: (entry: AuditEntry) => Promise<unknown>;
  probe: Probe;
}

/** One credential; with an organization only if it is that organization's own (D27). */
export interface CredentialChoice {
  id: string;
  organizationId?: string;
}

export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #listeners = new Set<() => void>();

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
  }

  /** F3, F4: what can be chosen, with the header that is filled in for it (F6). */
  services(): ServiceRow[] {
    return services.map(({ refusal: _, testHeaders: __, ...row }) => row);
  }

  /**
   * Without an organization the credentials of all scopes, with one those that it sees: its own, and the global ones
   * that they do not shadow. By name.
   *
   * @throws Failure `not-found` for an unknown organization.
   */
  async list({ organizationId }: { organizationId?: string } = {}): Promise<CredentialRow[]> {
    const { state } = this.#parts;
    if (organizationId !== undefined) await checkKnown(state, organizationId);
    const records = await state.list('credentials');
    const seen = organizationId === undefined ? records : visibleTo(organizationId, records);
    return seen.sort(byName).map(credentialRow);
  }

  /**
   * Stores a new credential, its value sealed (F2–F10, D17).
   *
   * @throws Failure `bad-input` that names the field, `not-found` for an unknown organization, `conflict` when the
   * scope has a credential of that name.
   */
  async create(params: AddCredentialParams, actor: string): Promise<CredentialRow> {
    const { state, vault, clock, newId } = this.#parts;
    const shape = checkShape(params);
    const secrets = checkSecrets(shape, params);
    const record = await state.transact(async (tx) => {
      if (shape.organizationId !== undefined) await checkKnown(tx, shape.organizationId);
      const named = await tx.findBy('credentials', 'name', shape.name);
      if (named.some(({ organizationId }) => organizationId === shape.organizationId)) {
        throw new Failure(
          'conflict',
          `There is a credential "${shape.name}" already; rotate it to give it a new value, or choose another name.`,
        );
      }
      const now = clock();
      const made = sealed(
        { ...shape, id: newId(), value: '', createdAt: now, updatedAt: now, updatedBy: actor },
        secrets,
        await vault.sealer(tx),
      );
      tx.put('credentials', made);
      tx.audit(writtenBy(made, actor, 'created'));
      return made;
    });
    this.#notify();
    return credentialRow(record);
  }

  /**
   * Gives a credential a new value: calls under way keep the old one, the next call has the new one (F13).
   * A client secret that is left out stays.
   *
   * @throws Failure `not-found`, `bad-input`.
   */
  async rotate(
    { value, clientSecret, ...choice }: CredentialChoice & { value: string; clientSecret?: string },
    actor: string,
  ): Promise<CredentialRow> {
    const { state, vault, clock } = this.#parts;
    const record = await state.transact(async (tx) => {
      const stored = await find(tx, choice);
      const secrets = checkSecrets(stored, { value, ...(clientSecret !== undefined && { clientSecret }) });
      const changed = { ...stored, updatedAt: clock(), updatedBy: actor };
      const made = sealed(changed, secrets, await vault.sealer(tx));
      tx.put('credentials', made);
      tx.audit(writtenBy(made, actor, 'rotated'));
      return made;
    });
    this.#notify();
    return credentialRow(record);
  }

  /** @throws Failure `not-found`. */
  async remove(choice: CredentialChoice, actor: string): Promise<void> {
    await this.#parts.state.transact(async (tx) => {
      const stored = await find(tx, choice);
      tx.remove('credentials', stored.id);
      tx.audit({ ...auditOf(stored), actor, action: 'credential.removed', outcome: 'ok' });
    });
    this.#notify();
  }

  /**
   * Calls the service once with the credential: 2xx–3xx is good, 401 and 403 a bad key, else nobody knows (D42).
   *
   * @throws Failure `not-found`, `cannot-decrypt`.
   */
  async test(choice: CredentialChoice, actor: string): Promise<CredentialTest> {
    const { state, appendAudit, probe } = this.#parts;
    const record = await find(state, choice);
    // Its value leaves the daemon, so the record of that comes first (D33, D34).
    await appendAudit({
      ...auditOf(record),
      actor,
      action: 'credential.read',
      outcome: 'ok',
      detail: { for: 'test' },
    });
    const tested = await probe(record);
    await appendAudit({
      ...auditOf(record),
      actor,
      action: 'credential.tested',
      outcome: tested.outcome === 'good' ? 'ok' : 'failed',
      detail: { result: tested.outcome, ...(tested.status !== undefined && { status: tested.status }) },
    });
    return tested;
  }

  /** Calls back after every durable change; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

export function openConnections(parts: ConnectionsParts): Connections {
  return new Connections(parts);
}

function sealed(
  record: CredentialRecord,
  { value, clientSecret }: { value: string; clientSecret?: string },
  seal: Seal,
): CredentialRecord {
  const sealText = (text: string) => seal(record, { text, isReference: false });
  return {
    ...record,
    value: sealText(value),
    ...(clientSecret !== undefined && { clientSecret: sealText(clientSecret) }),
  };
}

/** The credential that a name means for an organization: its own, else the global one (D27). */
export async function resolveCredential(
  reader: StateReader,
  name: string,
  organizationId: string | undefined,
): Promise<CredentialRecord | undefined> {
  return visibleTo(organizationId, await reader.findBy('credentials', 'name', name))[0];
}

/** Invariant: no field of it comes from a value. */
export function auditOf({
  name,
  organizationId,
}: CredentialRecord): Pick<AuditEntry, 'target' | 'organizationId'> {
  return { target: name, ...(organizationId !== undefined && { organizationId }) };
}

function writtenBy(record: CredentialRecord, actor: string, change: 'created' | 'rotated'): AuditEntry {
  const { service, auth } = record;
  return {
    ...auditOf(record),
    actor,
    action: 'credential.written',
    outcome: 'ok',
    detail: { change, service, auth },
  };
}

async function find(
  reader: StateReader,
  { id, organizationId }: CredentialChoice,
): Promise<CredentialRecord> {
  const record = await reader.get('credentials', id);
  if (record && (organizationId === undefined || record.organizationId === organizationId)) return record;
  throw new Failure(
    'not-found',
    'There is no credential with this id; list the credentials to see their ids.',
  );
}
