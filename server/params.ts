/** The parameters of every message, checked before a room sees them, whatever a client has sent; it knows no rooms. */

import { Failure } from './errors.ts';
import { isObject } from './jsonObject.ts';
import { deepestNesting, nestsDeeper } from './nesting.ts';
import type { Method, Requests } from './protocol.ts';

/**
 * What a client sent, with the fields that its message knows and no others.
 *
 * @throws Failure `bad-input` that names the message and the field, never what it held.
 */
export function readParams<M extends Method>(method: M, given: unknown): Requests[M]['params'] {
  const shape: Record<string, Field> | null = shapes[method];
  if (shape === null) return null as Requests[M]['params'];
  if (!isObject(given)) throw new Failure('bad-input', `The parameters of ${method} must be an object.`);
  const read: Record<string, unknown> = {};
  for (const [name, { kind, required }] of Object.entries(shape)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && !required) continue;
    if (!kind.fits(value)) {
      throw new Failure('bad-input', `The parameter "${name}" of ${method} must be ${kind.expected}.`);
    }
    read[name] = value;
  }
  return read as Requests[M]['params'];
}

interface Kind {
  /** The end of a sentence. */
  expected: string;
  fits(value: unknown): boolean;
}
interface Field<R extends boolean = boolean> {
  kind: Kind;
  required: R;
}
type Shape<P> = P extends null
  ? null
  : { [F in keyof P]-?: Field<Record<never, never> extends Pick<P, F> ? false : true> };

const required = (kind: Kind): Field<true> => ({ kind, required: true });
const optional = (kind: Kind): Field<false> => ({ kind, required: false });

const text: Kind = { expected: 'text', fits: (value) => typeof value === 'string' };
const flag: Kind = { expected: 'true or false', fits: (value) => typeof value === 'boolean' };
const count: Kind = {
  expected: 'a whole number from 0',
  fits: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
};
const texts: Kind = {
  expected: 'a list of texts',
  fits: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
};
/** For what its room checks by itself. */
const json: Kind = {
  expected: `JSON that is not nested more than ${deepestNesting} deep`,
  fits: (value) => !nestsDeeper(value, deepestNesting),
};
const object: Kind = {
  expected: `an object that is not nested more than ${deepestNesting} deep`,
  fits: (value) => isObject(value) && json.fits(value),
};

const nameInScope = { name: required(text), organizationId: optional(text) };

/** A message, or a field of one, that is missing here does not compile. */
const shapes: { [M in Method]: Shape<Requests[M]['params']> } = {
  'workflowKeys/daemon/status': null,
  'workflowKeys/daemon/stop': null,
  'workflowKeys/keys/list': null,
  'workflowKeys/keys/create': {
    description: required(text),
    global: required(flag),
    workflowId: optional(text),
    expiresInDays: optional(json),
    organizationId: optional(text),
  },
  'workflowKeys/keys/createApi': {
    name: required(text),
    scopes: required(texts),
    workflowIds: optional(texts),
    expiresInDays: optional(json),
    organizationId: optional(text),
  },
  'workflowKeys/keys/rotate': { id: required(text), overlapDays: optional(count) },
  'workflowKeys/keys/rebind': { id: required(text), workflowId: required(text) },
  'workflowKeys/keys/revoke': { id: required(text) },
  'workflowKeys/keys/offeredWorkflows': null,
  'workflowKeys/keys/samples': { id: required(text) },
  'workflowKeys/configs/list': { organizationId: optional(text) },
  'workflowKeys/configs/get': nameInScope,
  'workflowKeys/configs/set': {
    ...nameInScope,
    type: required(text),
    value: optional(json),
    reference: optional(text),
    description: optional(text),
  },
  'workflowKeys/configs/unset': nameInScope,
  'workflowKeys/credentials/list': { organizationId: optional(text) },
  'workflowKeys/credentials/add': {
    name: required(text),
    service: required(text),
    auth: optional(text),
    value: required(text),
    clientSecret: optional(text),
    organizationId: optional(text),
    header: optional(text),
    prefix: optional(text),
    queryParameter: optional(text),
    hosts: optional(texts),
    testUrl: optional(text),
    tokenUrl: optional(text),
    clientId: optional(text),
    oauthScope: optional(text),
  },
  'workflowKeys/credentials/rotate': {
    id: required(text),
    value: required(text),
    clientSecret: optional(text),
  },
  'workflowKeys/credentials/test': { id: required(text) },
  'workflowKeys/credentials/remove': { id: required(text) },
  'workflowKeys/credentials/services': null,
  'workflowKeys/secretKey/check': null,
  'workflowKeys/secretKey/rotate': { key: optional(text), generate: optional(flag) },
  'workflowKeys/secretKey/progress': null,
  'workflowKeys/organizations/list': null,
  'workflowKeys/organizations/add': { id: required(text), name: optional(text) },
  'workflowKeys/organizations/rename': { id: required(text), name: required(text) },
  'workflowKeys/organizations/contents': { id: required(text) },
  'workflowKeys/organizations/remove': { id: required(text) },
  'workflowKeys/bundles/export': null,
  'workflowKeys/bundles/preview': { text: required(text) },
  'workflowKeys/bundles/import': { text: required(text), approved: optional(text) },
  'workflowKeys/backups/write': { path: required(text), replace: optional(flag) },
  'workflowKeys/backups/progress': null,
  'workflowKeys/workflows/list': null,
  'workflowKeys/workflows/setOrganization': { id: required(text), organizationId: optional(text) },
  'workflowKeys/workflows/samples': { id: required(text) },
  'workflowKeys/folders/register': { path: required(text), python: optional(text) },
  'workflowKeys/folders/unregister': { path: required(text) },
  'workflowKeys/runs/start': {
    workflowId: required(text),
    input: required(object),
    organizationId: optional(text),
  },
  'workflowKeys/runs/list': {
    workflowId: optional(text),
    status: optional(text),
    triggeredBy: optional(text),
    organizationId: optional(text),
    createdFrom: optional(text),
    createdTo: optional(text),
    before: optional(text),
    limit: optional(count),
  },
  'workflowKeys/runs/show': { id: required(text) },
  'workflowKeys/runs/cancel': { id: required(text) },
  'workflowKeys/runs/retry': { id: required(text) },
  'workflowKeys/runs/follow': { id: required(text), after: required(count) },
  'workflowKeys/language/lint': { path: required(text), organizationId: optional(text) },
  'workflowKeys/language/chooseOrganization': { organizationId: optional(text) },
  'workflowKeys/requests/explain': { requestId: required(text) },
  'workflowKeys/audit/list': {
    after: optional(count),
    limit: optional(count),
    since: optional(text),
    action: optional(text),
    target: optional(text),
  },
  'workflowKeys/audit/follow': { after: required(count), action: optional(text), target: optional(text) },
  'workflowKeys/audit/verify': null,
};
