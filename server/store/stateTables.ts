/** The collections of the state in memory, with their indexes and drafts; it knows neither disk nor promise. */

import {
  type CollectionName,
  type Collections,
  type IndexedField,
  indexedFields,
} from './contracts/state.ts';

export const collectionNames = [
  'organizations',
  'keys',
  'configs',
  'credentials',
  'workflowSettings',
  'folders',
  'meta',
] as const satisfies readonly CollectionName[];

/** All records by collection, in order of insertion. */
export type Records = { [C in CollectionName]: Collections[C][] };

/** What a draft wants: the record by id, or `undefined` where it is removed. */
export type Changes = { [C in CollectionName]: ReadonlyMap<string, Collections[C] | undefined> };

type Tables = { [C in CollectionName]: Table<Collections[C]> };
type DraftTables = { [C in CollectionName]: DraftTable<Collections[C]> };

/** Whole collections. Invariant: records are never changed in place, so they can be shared between instances. */
export class StateTables {
  readonly #tables: Tables;

  constructor(records: Records) {
    this.#tables = {
      organizations: new Table(records.organizations, []),
      keys: new Table(records.keys, indexedFields.keys),
      configs: new Table(records.configs, indexedFields.configs),
      credentials: new Table(records.credentials, indexedFields.credentials),
      workflowSettings: new Table(records.workflowSettings, []),
      folders: new Table(records.folders, []),
      meta: new Table(records.meta, []),
    };
  }

  get<C extends CollectionName>(collection: C, id: string): Collections[C] | undefined {
    return this.#tables[collection].get(id);
  }

  list<C extends CollectionName>(collection: C): Collections[C][] {
    return this.#tables[collection].list();
  }

  findBy<C extends CollectionName>(collection: C, field: IndexedField<C>, value: string): Collections[C][] {
    return this.#tables[collection].findBy(field, value);
  }

  records(): Records {
    return {
      organizations: this.list('organizations'),
      keys: this.list('keys'),
      configs: this.list('configs'),
      credentials: this.list('credentials'),
      workflowSettings: this.list('workflowSettings'),
      folders: this.list('folders'),
      meta: this.list('meta'),
    };
  }

  /** A draft over these tables, which must not change before the draft is applied or dropped. */
  draft(): StateDraft {
    const tables = this.#tables;
    return new StateDraft({
      organizations: new DraftTable(tables.organizations),
      keys: new DraftTable(tables.keys),
      configs: new DraftTable(tables.configs),
      credentials: new DraftTable(tables.credentials),
      workflowSettings: new DraftTable(tables.workflowSettings),
      folders: new DraftTable(tables.folders),
      meta: new DraftTable(tables.meta),
    });
  }

  apply(changes: Changes): void {
    for (const collection of collectionNames) this.#applyTo(collection, changes);
  }

  #applyTo<C extends CollectionName>(collection: C, changes: Changes): void {
    const table: Table<Collections[C]> = this.#tables[collection];
    for (const [id, record] of changes[collection]) {
      if (record) table.put(record);
      else table.remove(id);
    }
  }
}

/** Changes over tables that they leave alone. */
export class StateDraft {
  readonly #tables: DraftTables;

  constructor(tables: DraftTables) {
    this.#tables = tables;
  }

  get<C extends CollectionName>(collection: C, id: string): Collections[C] | undefined {
    return this.#tables[collection].get(id);
  }

  list<C extends CollectionName>(collection: C): Collections[C][] {
    return this.#tables[collection].list();
  }

  findBy<C extends CollectionName>(collection: C, field: IndexedField<C>, value: string): Collections[C][] {
    return this.#tables[collection].findBy(field, value);
  }

  put<C extends CollectionName>(collection: C, record: Collections[C]): void {
    const table: DraftTable<Collections[C]> = this.#tables[collection];
    table.put(record);
  }

  remove(collection: CollectionName, id: string): void {
    this.#tables[collection].remove(id);
  }

  changes(): Changes {
    const tables = this.#tables;
    return {
      organizations: tables.organizations.changes,
      keys: tables.keys.changes,
      configs: tables.configs.changes,
      credentials: tables.credentials.changes,
      workflowSettings: tables.workflowSettings.changes,
      folders: tables.folders.changes,
      meta: tables.meta.changes,
    };
  }
}

class Table<R extends { id: string }> {
  readonly #records = new Map<string, R>();
  /** Field → value → id → record. */
  readonly #indexes = new Map<string, Map<string, Map<string, R>>>();

  readonly indexed: readonly string[];

  constructor(records: readonly R[], indexed: readonly string[]) {
    this.indexed = indexed;
    for (const field of indexed) this.#indexes.set(field, new Map());
    for (const record of records) this.put(record);
  }

  get(id: string): R | undefined {
    return this.#records.get(id);
  }

  list(): R[] {
    return [...this.#records.values()];
  }

  findBy(field: string, value: string): R[] {
    return [...(this.#indexes.get(field)?.get(value)?.values() ?? [])];
  }

  put(record: R): void {
    this.#unindex(record.id);
    this.#records.set(record.id, record);
    for (const [field, index] of this.#indexes) {
      const value = fieldValue(record, field);
      if (value === undefined) continue;
      const found = index.get(value);
      if (found) found.set(record.id, record);
      else index.set(value, new Map([[record.id, record]]));
    }
  }

  remove(id: string): void {
    this.#unindex(id);
    this.#records.delete(id);
  }

  #unindex(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    for (const [field, index] of this.#indexes) {
      const value = fieldValue(record, field);
      if (value === undefined) continue;
      const found = index.get(value);
      found?.delete(id);
      if (found?.size === 0) index.delete(value);
    }
  }
}

class DraftTable<R extends { id: string }> {
  readonly changes = new Map<string, R | undefined>();
  readonly #base: Table<R>;
  /** What was put, so that a transaction of ten thousand rows finds one as fast as a transaction of one. */
  readonly #put: Table<R>;

  constructor(base: Table<R>) {
    this.#base = base;
    this.#put = new Table<R>([], base.indexed);
  }

  get(id: string): R | undefined {
    return this.changes.has(id) ? this.changes.get(id) : this.#base.get(id);
  }

  put(record: R): void {
    this.changes.set(record.id, record);
    this.#put.put(record);
  }

  remove(id: string): void {
    this.changes.set(id, undefined);
    this.#put.remove(id);
  }

  /** In the order that the tables will have once the changes are applied. */
  list(): R[] {
    const records = new Map(this.#base.list().map((record) => [record.id, record]));
    for (const [id, record] of this.changes) {
      if (record) records.set(id, record);
      else records.delete(id);
    }
    return [...records.values()];
  }

  findBy(field: string, value: string): R[] {
    const unchanged = this.#base.findBy(field, value).filter((record) => !this.changes.has(record.id));
    return [...unchanged, ...this.#put.findBy(field, value)];
  }
}

function fieldValue(record: object, field: string): string | undefined {
  const value: unknown = Reflect.get(record, field);
  return typeof value === 'string' ? value : undefined;
}
