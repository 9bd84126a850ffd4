/** Config values: checked and converted for their type; it knows neither names in use nor scopes. */

import { Failure } from '../errors.ts';
import { deepestNesting } from '../nesting.ts';
import { type ConfigTypeName, configTypes } from '../protocol/configs.ts';

/** For every type: the state is held in memory and written as a whole. */
export const valueLimitBytes = 65_536;

/**
 * Checks a value that came as JSON, and gives it as it is stored.
 *
 * A whole number at or beyond 2^53 is refused for every type: once it was read as JSON nobody can say whether it is
 * still the number that was meant, and a value that changes silently is worse than one to be stored as text.
 *
 * @throws Failure `bad-input` that names the config and never holds the value.
 */
export function checkValue(name: string, type: ConfigTypeName, value: unknown): unknown {
  const refuse = (what: string) => new Failure('bad-input', `Config "${name}" ${what}.`);
  switch (type) {
    case 'string':
    case 'secret':
      if (typeof value !== 'string')
        throw refuse(`of type ${type} needs text; turn the value into text first`);
      if (type === 'secret' && value === '') {
        throw refuse('is a secret and cannot be empty; leave the value out to keep the stored one');
      }
      if (!value.isWellFormed())
        throw refuse('holds half a character (a lone surrogate); encode binary as base64');
      break;
    case 'int':
      if (!Number.isInteger(value)) throw refuse('of type int needs a whole number, such as 42');
      if (!Number.isSafeInteger(value)) throw refuse(tooLarge);
      break;
    case 'bool':
      if (typeof value !== 'boolean') throw refuse('of type bool needs true or false');
      break;
    case 'json': {
      const flaw = findFlaw(value, 0);
      if (flaw !== undefined) throw refuse(flaw);
      break;
    }
    default:
      throw refuse(`cannot have this type; choose one of ${configTypes.join(', ')}`);
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (Buffer.byteLength(text) > valueLimitBytes) throw refuse('is larger than 64 KiB');
  // JSON has no negative zero, so the stored document would read back another value.
  return Object.is(value, -0) ? 0 : value;
}

/**
 * Converts text from the command line: `42`, `true`, `{"a": 1}`; text for `string` and `secret` stays as it is.
 *
 * @throws Failure `bad-input`, as `checkValue`.
 */
export function parseText(name: string, type: ConfigTypeName, text: string): unknown {
  switch (type) {
    case 'int':
      // What is no number in plain digits goes on as text, which is then refused by its type.
      return checkValue(name, type, /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : text);
    case 'bool':
      return checkValue(name, type, truths.get(text.trim().toLowerCase()) ?? text);
    case 'json':
      return checkValue(name, type, parseJson(name, text));
    default:
      return checkValue(name, type, text);
  }
}

/** The type that a value from workflow code gets when none is given (S4): text, whole numbers, truth values, JSON. */
export function typeOf(value: unknown): ConfigTypeName {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) ? 'int' : 'json';
}

const tooLarge = 'holds a whole number of 2^53 or more, which is not exact as JSON; store it as text';
const truths = new Map([
  ['true', true],
  ['false', false],
]);

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new Failure('bad-input', `Config "${name}" of type json needs valid JSON, such as {"a": 1}.`);
  }
}

/** What JSON cannot hold, or would not give back as it was; undefined when there is nothing. */
function findFlaw(value: unknown, depth: number): string | undefined {
  if (depth > deepestNesting) return `is nested more than ${deepestNesting} deep`;
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string':
      return value.isWellFormed() ? undefined : 'holds half a character (a lone surrogate)';
    case 'number':
      if (!Number.isFinite(value)) return 'holds a number that JSON does not have (NaN or infinity)';
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? tooLarge : undefined;
    case 'object': {
      if (value === null) return undefined;
      const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
      if (!isPlain) return 'holds something that JSON does not have';
      for (const [member, inner] of Object.entries(value)) {
        const flaw = findFlaw(member, depth + 1) ?? findFlaw(inner, depth + 1);
        if (flaw !== undefined) return flaw;
      }
      return undefined;
    }
    default:
      return 'needs a value that JSON can hold';
  }
}
