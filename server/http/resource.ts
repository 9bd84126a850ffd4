/** Routes by address: one table of operations each, with the order of checks of D10 before every one of them. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TObject, TSchema } from 'typebox';
import { Failure } from '../errors.ts';
import { mayUse } from '../keys/permissions.ts';
import type { Scope } from '../protocol/keys.ts';
import type { ApiKeyRecord } from '../store/contracts/records.ts';
import { openAdmission } from './admission.ts';
import { type Authentication, type Category, categoryOf } from './authentication.ts';
import { readMethods, refuseOtherMethods } from './otherMethods.ts';
import { errorAnswer } from './schemas.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Who asks, authenticated and with the scope of the operation. */
export interface Asker {
  record: ApiKeyRecord;
  /** As the audit log names it: `key:<id>`. */
  actor: string;
  /** The true reason of a refusal is on record already. */
  hasRefused: boolean;
  /** The failure to throw where the key is not enough; the true reason is recorded (D44). */
  forbid: Refuse;
  /** The failure to throw where something is not there; recorded too. */
  missing(message: string, reason?: Parameters<Authentication['missing']>[2]): Failure;
}
type Refuse = (
  reason: Parameters<Authentication['forbid']>[2],
  detail?: Parameters<Authentication['forbid']>[3],
) => Failure;

export interface Operation<P, Q extends TObject, B extends TSchema> {
  /** Unique, for programs that are made from the document, e.g. `listRuns`. */
  id: string;
  summary: string;
  description?: string;
  scope: Scope;
  /** Workflow keys too, whose right to run the workflow `find` then decides; they have no scopes (D16). */
  admitsWorkflowKeys?: boolean;
  /**
   * Throws the asker's refusal where more than the scope is needed, or what is missing where the method has to do with
   * it: a 403 and a 404 come before the body is read (D10). The query is as it was sent, not yet checked.
   */
  permit?(
    asker: Asker,
    address: { params: P; query: Readonly<Record<string, unknown>> },
  ): void | Promise<void>;
  /** Left out: by the method (D21). */
  category?: Category;
  query?: Q;
  body?: B;
  /** No body at all counts as `{}`. */
  bodyIsOptional?: boolean;
  headers?: TObject;
  /** Status → schema of the answer; those of failures are the same everywhere. */
  answers: Record<number, TSchema>;
  /** Content type of an answer that is no JSON. */
  produces?: string;
}

/** Who may use an operation. */
type Access = Pick<Operation<unknown, TObject, TSchema>, 'scope' | 'admitsWorkflowKeys'>;

export interface Asked<P, Q, B, F> {
  asker: Asker;
  params: P;
  query: Q;
  body: B;
  /** What `find` has found. */
  found: F;
  request: FastifyRequest;
  reply: FastifyReply;
}

export interface Resource<P extends TObject, F> {
  url: string;
  /** The heading under which the reference lists it. */
  tag: string;
  params?: P;
  /**
   * What the address names, or a failure: 403 or 404, which come before 405 and 400 (D10).
   * It runs before the body is read.
   */
  find?(asker: Asker, params: Static<P>): Promise<F> | F;
}

type Add<P, F> = <Q extends TObject, B extends TSchema>(
  method: Method,
  operation: Operation<P, Q, B>,
  handle: (asked: Asked<P, Static<Q>, Static<B>, F>) => unknown,
) => void;

export interface ResourceParts {
  authentication: Authentication;
}

/** Routes one address: `addAll` adds its operations; every other method is 405 with `Allow`. */
export function routeResource<P extends TObject, F>(
  app: FastifyInstance,
  { authentication }: ResourceParts,
  resource: Resource<P, F>,
  addAll: (add: Add<Static<P>, F>) => void,
): void {
  const { url, tag, params, find } = resource;
  const admission = openAdmission<{ asker: Asker; found: F }>();
  const operations: (Access & { method: Method })[] = [];

  const askerOf = (request: FastifyRequest, record: ApiKeyRecord): Asker => {
    const caller = { kind: 'key' as const, record };
    const asker: Asker = {
      record,
      actor: `key:${record.id}`,
      hasRefused: false,
      forbid(reason, detail) {
        asker.hasRefused = true;
        return authentication.forbid(request, caller, reason, detail);
      },
      missing(message, reason = 'no-such-thing') {
        asker.hasRefused = true;
        return authentication.missing(request, caller, reason, message);
      },
    };
    return asker;
  };
  const admits = (record: ApiKeyRecord, { scope, admitsWorkflowKeys = false }: Access) =>
    record.kind === 'workflow' ? admitsWorkflowKeys : mayUse(record, scope);
  const lack = ({ kind }: ApiKeyRecord) => (kind === 'workflow' ? 'execute-only' : 'missing-scope');
  const found = (asker: Asker, request: FastifyRequest) =>
    find ? find(asker, request.params as Static<P>) : (undefined as F);

  addAll((method, operation, handle) => {
    const { scope, category = categoryOf(method), query, body, headers } = operation;
    operations.push({ ...operation, method });
    app.route({
      method,
      url,
      schema: {
        operationId: operation.id,
        summary: operation.summary,
        ...(operation.description !== undefined && { description: operation.description }),
        tags: [tag],
        ...(params && { params }),
        ...(query && { querystring: query }),
        ...(body && { body }),
        ...(headers && { headers }),
        ...(operation.produces !== undefined && { produces: [operation.produces] }),
        response: { ...operation.answers, ...failuresOf(operation, resource) },
      },
      onRequest: async (request, reply) => {
        const record = await authentication.authenticate(request, reply, category);
        const asker = askerOf(request, record);
        if (!admits(record, operation)) throw asker.forbid(lack(record), { scope });
        try {
          await operation.permit?.(asker, {
            params: request.params as Static<P>,
            query: request.query as Record<string, unknown>,
          });
          admission.grant(request, { asker, found: await found(asker, request) });
        } catch (thrown) {
          throw recordedRefusal(thrown, asker);
        }
      },
      ...(operation.bodyIsOptional && {
        preValidation: async (request: FastifyRequest) => {
          request.body ??= {};
        },
      }),
      handler: async (request, reply) => {
        const entry = admission.of(request);
        try {
          return await handle({
            ...entry,
            params: request.params as Static<P>,
            query: request.query as never,
            body: request.body as never,
            request,
            reply,
          });
        } catch (thrown) {
          throw recordedRefusal(thrown, entry.asker);
        }
      },
    });
  });

  const allowed = operations.flatMap(({ method }) => (method === 'GET' ? readMethods : [method]));
  refuseOtherMethods(app, url, allowed, async (request, reply) => {
    const record = await authentication.authenticate(request, reply, categoryOf(request.method));
    const asker = askerOf(request, record);
    // Who may do nothing here is not told what there is.
    if (!operations.some((operation) => admits(record, operation))) throw asker.forbid(lack(record));
    await found(asker, request);
  });
}

/** What a domain room refuses is recorded like what is refused here. */
function recordedRefusal(thrown: unknown, asker: Asker): unknown {
  if (!(thrown instanceof Failure) || asker.hasRefused) return thrown;
  if (thrown.code === 'not-found') return asker.missing(thrown.message);
  // Only making a key is refused by what the maker's own key has (D15).
  return thrown.code === 'forbidden' ? asker.forbid('beyond-maker') : thrown;
}

/** The failures that an operation can answer with, for the document. */
function failuresOf(operation: { body?: unknown; query?: unknown }, { find }: { find?: unknown }) {
  const statuses = [
    ...(operation.body || operation.query ? [400] : []),
    401,
    403,
    ...(find ? [404] : []),
    429,
  ];
  return Object.fromEntries(statuses.map((status) => [status, errorAnswer]));
}
