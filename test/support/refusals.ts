/** How a test asserts that something is refused; it knows no room. */

import assert from 'node:assert/strict';
import type { State } from '../../server/store/contracts/state.ts';

/** Asserts a refusal of one clear line that holds nothing of `secret`, and after which the state is as it was. */
export async function refuses(
  state: Pick<State, 'revision'>,
  act: () => Promise<unknown>,
  expected: { code: string; message: RegExp; secret: RegExp },
): Promise<void> {
  const { revision } = state;
  await assert.rejects(act(), (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, expected.code, thrown.message);
    assert.match(thrown.message, expected.message);
    assert.doesNotMatch(thrown.message, expected.secret);
    assert.doesNotMatch(thrown.message, /\n/);
    return true;
  });
  assert.equal(state.revision, revision);
}
