/** The format of `state.json`: what is written and what is refused; it does not touch the disk. */

import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import { configTypes, referenceKinds } from '../protocol/configs.ts';
import { credentialAuths } from '../protocol/credentials.ts';
import type { CollectionName, Collections } from './contracts/state.ts';
import { collectionNames, type Records } from './stateTables.ts';

/** Raised when an older program could not read, or would drop, what a newer one writes. */
export const stateSchemaVersion = 3;

export interface StateDocument {
  schemaVersion: number;
  /** Number of transactions that led to this document. */
  revision: number;
  collections: Records;
}

export function emptyDocument(): StateDocument {
  return {
    schemaVersion: stateSchemaVersion,
    revision: 0,
    collections: {
      organizations: [],
      keys: [],
      configs: [],
      credentials: [],
      workflowSettings: [],
      folders: [],
      meta: [],
    },
  };
}

/**
 * The record as it is kept: a frozen copy that is what the file gives back.
 *
 * Throws a TypeError when JSON cannot hold it, and `internal` when it would be refused as damaged at the next start.
 */
export function keptRecord<C extends CollectionName>(collection: C, record: Collections[C]): Collections[C] {
  const kept: unknown = JSON.parse(JSON.stringify(record));
  if (!isRecord(collection, kept)) {
    throw new Failure(
      'internal',
      `A record of "${collection}" was refused, because it ${wrongField(collection, kept)}.`,
    );
  }
  return freeze(kept);
}

/**
 * Reads what `StateEncoder` wrote; `path` is for messages only.
 *
 * Throws `data-too-new` for an unknown newer schema, `data-damaged` for anything else that was never written here.
 */
export function readDocument(text: string, path: string): StateDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the text, which is why it stays in the cause.
    throw damaged(path, text.trim() === '' ? 'it is empty' : 'it is not complete JSON', cause);
  }
  if (!isObject(document)) throw damaged(path, 'it holds no object');
  const { schemaVersion, revision, collections } = document;
  if (!isCount(schemaVersion) || schemaVersion < 1) throw damaged(path, 'it names no schema version');
  if (schemaVersion > stateSchemaVersion) {
    throw new Failure(
      'data-too-new',
      `${path} has schema version ${schemaVersion}, and this program knows versions up to ${stateSchemaVersion}. Update Workflow Keys, or choose another data directory.`,
    );
  }
  if (!isCount(revision)) throw damaged(path, 'its revision is not a number');
  if (!isObject(collections)) throw damaged(path, 'it has no collections');
  const unknown = Object.keys(collections).find((name) => !isCollection(name));
  // Reading on would drop it with the next write.
  if (unknown !== undefined) throw damaged(path, 'it has a collection that this schema version has not');
  // Version 1 knew neither.
  const stored = schemaVersion < 2 ? { credentials: [], workflowSettings: [], ...collections } : collections;
  const read = <C extends CollectionName>(name: C) => readCollection(name, stored[name], path);
  return {
    schemaVersion,
    revision,
    collections: {
      organizations: read('organizations'),
      keys: read('keys'),
      configs: read('configs'),
      credentials: read('credentials'),
      workflowSettings: read('workflowSettings'),
      folders: read('folders'),
      meta: read('meta'),
    },
  };
}

type FieldShape = 'string' | 'number' | 'boolean' | 'strings' | 'any' | readonly string[];
interface Field {
  is: FieldShape;
  optional?: true;
}
type Shape<R> = { [F in keyof Required<R>]: Field };

const text: Field = { is: 'string' };
const number: Field = { is: 'number' };
const flag: Field = { is: 'boolean' };
const optional = (field: Field): Field => ({ ...field, optional: true });

/** What must hold of stored records: an `expiresAt` that is no number, for one, would never expire. */
const shapes: { [C in CollectionName]: Shape<Collections[C]> } = {
  organizations: { id: text, name: text, createdAt: number },
  keys: {
    id: text,
    kind: { is: ['workflow', 'api'] },
    prefix: text,
    hash: optional(text),
    lastFour: text,
    description: text,
    workflowId: optional(text),
    scopes: { is: 'strings', optional: true },
    workflowIds: { is: 'strings', optional: true },
    organizationId: optional(text),
    createdAt: number,
    createdBy: text,
    expiresAt: optional(number),
    endsAt: optional(number),
    rotatedFrom: optional(text),
    replacedBy: optional(text),
    revokedAt: optional(number),
  },
  configs: {
    id: text,
    name: text,
    organizationId: optional(text),
    type: { is: configTypes },
    value: { is: 'any', optional: true },
    reference: { is: referenceKinds, optional: true },
    description: optional(text),
    updatedAt: number,
    updatedBy: text,
  },
  credentials: {
    id: text,
    name: text,
    organizationId: optional(text),
    service: text,
    auth: { is: credentialAuths },
    value: text,
    clientSecret: optional(text),
    header: optional(text),
    prefix: optional(text),
    queryParameter: optional(text),
    hosts: { is: 'strings' },
    testUrl: optional(text),
    tokenUrl: optional(text),
    clientId: optional(text),
    oauthScope: optional(text),
    createdAt: number,
    updatedAt: number,
    updatedBy: text,
  },
  workflowSettings: {
    id: text,
    endpointEnabled: optional(flag),
    publicEndpoint: optional(flag),
    disableGlobalKey: optional(flag),
    allowedMethods: { is: 'strings', optional: true },
    executionMode: { is: ['sync', 'async'], optional: true },
    timeoutSeconds: optional(number),
    organizationId: optional(text),
    updatedAt: number,
    updatedBy: text,
  },
  folders: { id: text, python: optional(text), registeredAt: number },
  meta: { id: text, value: text },
};

function readCollection<C extends CollectionName>(name: C, records: unknown, path: string): Collections[C][] {
  if (!Array.isArray(records)) throw damaged(path, `its collection "${name}" is missing or no list`);
  const ids = new Set<string>();
  return records.map((record: unknown, index) => {
    const place = `record ${index + 1} of "${name}"`;
    if (!isRecord(name, record)) throw damaged(path, `${place} ${wrongField(name, record)}`);
    if (ids.has(record.id)) throw damaged(path, `${place} has the id of an earlier one`);
    ids.add(record.id);
    return freeze(record);
  });
}

function isRecord<C extends CollectionName>(name: C, record: unknown): record is Collections[C] {
  return wrongField(name, record) === undefined;
}

function wrongField(name: CollectionName, record: unknown): string | undefined {
  if (!isObject(record)) return 'is no object';
  for (const [field, shape] of Object.entries<Field>(shapes[name])) {
    const value = record[field];
    if (value === undefined ? !shape.optional : !fits(value, shape.is)) return `has a wrong or no "${field}"`;
  }
  return undefined;
}

function fits(value: unknown, shape: FieldShape): boolean {
  if (shape === 'any') return true;
  if (shape === 'number') return Number.isFinite(value);
  if (shape === 'string' || shape === 'boolean') return typeof value === shape;
  if (shape === 'strings') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof value === 'string' && shape.includes(value);
}

function damaged(path: string, reason: string, cause?: unknown): Failure {
  return new Failure(
    'data-damaged',
    `${path} is damaged: ${reason}. It was left as it is; restore it from a backup, or move it away to start empty.`,
    { cause },
  );
}

function freeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

function isCollection(name: string): name is CollectionName {
  return collectionNames.some((known) => known === name);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
