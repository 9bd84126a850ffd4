/** A request's JSON, read so that nothing of it changes on the way; it knows no route. */

import { Failure } from '../errors.ts';
import { deepestNesting, nestsDeeper } from '../nesting.ts';

/**
 * Reads strictly UTF-8, for a character that is silently replaced is a wrong input.
 * A whole number that JavaScript cannot hold exactly becomes its digits as text, as in results; Python makes an `int`
 * of it where the workflow says so.
 *
 * @throws Failure `bad-json`, or `bad-input` for what is nested too deep or a number that is too large.
 */
export function readJson(bytes: Buffer): unknown {
  let value: unknown;
  try {
    const text = utf8.decode(bytes);
    value = mayLoseDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    // The parser's own message quotes the body.
    throw new Failure('bad-json', 'The request body is not valid JSON.');
  }
  if (nestsDeeper(value, deepestNesting)) {
    throw new Failure('bad-input', `The request body is nested more than ${deepestNesting} deep.`);
  }
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Most bodies hold no number that is long enough, or written with an exponent, and are read the quick way. */
const mayLoseDigits = /\d{16}|\d[eE]/;

function keepDigits(_name: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== 'number' || source === undefined) return value;
  if (!Number.isFinite(value)) {
    throw new Failure('bad-input', 'The request body holds a number that is too large.');
  }
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value;
}
