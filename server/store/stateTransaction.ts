/** What a change of the state may do while it runs; it does not know when it becomes durable. */

import { Failure } from '../errors.ts';
import type { AuditEntry } from './contracts/audit.ts';
import type { CollectionName, Collections, IndexedField, StateTransaction } from './contracts/state.ts';
import { keptRecord } from './stateDocument.ts';
import type { StateDraft } from './stateTables.ts';

/** One transaction while its change runs; what is put or read after that is refused. */
export class Transaction implements StateTransaction {
  readonly draft: StateDraft;
  readonly audits: AuditEntry[] = [];
  active = true;
  #writes = 0;

  constructor(draft: StateDraft) {
    this.draft = draft;
  }

  async get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined> {
    this.#checkActive();
    return this.draft.get(collection, id);
  }

  async list<C extends CollectionName>(collection: C): Promise<Collections[C][]> {
    this.#checkActive();
    return this.draft.list(collection);
  }

  async findBy<C extends CollectionName>(
    collection: C,
    field: IndexedField<C>,
    value: string,
  ): Promise<Collections[C][]> {
    this.#checkActive();
    return this.draft.findBy(collection, field, value);
  }

  put<C extends CollectionName>(collection: C, record: Collections[C]): void {
    this.#checkActive();
    this.#writes += 1;
    this.draft.put(collection, keptRecord(collection, record));
  }

  remove(collection: CollectionName, id: string): void {
    this.#checkActive();
    this.#writes += 1;
    this.draft.remove(collection, id);
  }

  audit(entry: AuditEntry): void {
    this.#checkActive();
    // One that JSON cannot hold fails here, and not the others that share its write.
    this.audits.push(JSON.parse(JSON.stringify(entry)));
  }

  end(): void {
    this.active = false;
    if (this.#writes > 0 && this.audits.length === 0) {
      throw new Failure('internal', 'A change without an audit record was refused; nothing was changed.');
    }
  }

  #checkActive(): void {
    if (!this.active) throw new Failure('internal', 'A transaction was used after its change had ended.');
  }
}
