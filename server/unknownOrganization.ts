/** The refusal of an organization that does not exist, for every room that can be asked for one; it looks up none. */

import { Failure } from './errors.ts';

/** `bad-input` where it is a field of something else. */
export function unknownOrganization(id: string, code: 'not-found' | 'bad-input' = 'not-found'): Failure {
  return new Failure(code, `There is no organization "${id}"; add it first.`);
}
