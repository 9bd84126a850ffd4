/** What the checks before the body leave for the handler of the same request; it does not know what that is. */

import type { FastifyRequest } from 'fastify';

export interface Admission<T> {
  grant(request: FastifyRequest, entry: T): void;
  /** Invariant: no handler runs for a request that was not admitted. @throws Error, which no caller can bring about. */
  of(request: FastifyRequest): T;
}

/** One for each route. Kept on the request itself: a WeakMap would cost the garbage collector on every one. */
export function openAdmission<T>(): Admission<T> {
  return {
    grant(request: AdmittedRequest, entry) {
      request[admitted] = { entry };
    },
    of(request: AdmittedRequest) {
      const found = request[admitted];
      if (!found) throw new Error('The request was not admitted.');
      return found.entry as T;
    },
  };
}

const admitted = Symbol('admitted');

interface AdmittedRequest extends FastifyRequest {
  [admitted]?: { entry: unknown };
}
