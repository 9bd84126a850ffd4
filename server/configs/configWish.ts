/** What somebody wants a config to be → the record to store, checked; it seals nothing and knows no state. */

import { Failure } from '../errors.ts';
import { type ConfigTypeName, configNamePattern, configTypes } from '../protocol/configs.ts';
import type { ConfigRecord } from '../store/contracts/records.ts';
import type { ConfigPlace } from './cascade.ts';
import { parseReference } from './reference.ts';
import { checkValue } from './values.ts';

export interface SetConfigParams extends ConfigPlace {
  type: ConfigTypeName;
  /** Left out: the stored one stays (D31). */
  value?: unknown;
  /** D29: in place of a value; only for a secret, and only for who sits at the editor or the command line. */
  reference?: string;
  /** Left out: the stored one stays; empty: there is none any more. */
  description?: string;
}

/** What a row is to become. */
export interface ConfigWish extends Omit<SetConfigParams, keyof ConfigPlace> {
  /** A row that has no value is stored without one (D37). */
  mayNeedValue?: true;
}

/**
 * The record to store, a new secret not sealed yet. Its id stays the same for as long as the row exists, because secrets
 * are sealed for it.
 *
 * @throws Failure `bad-input` that names the config and never holds the value.
 */
export function recordFor(
  wish: ConfigWish,
  base: Pick<ConfigRecord, 'id' | 'updatedAt' | 'updatedBy'> & ConfigPlace,
  stored: ConfigRecord | undefined,
): ConfigRecord {
  const { name } = base;
  const { type } = wish;
  if (!configTypes.includes(type)) {
    throw new Failure('bad-input', `Config "${name}" needs a type: one of ${configTypes.join(', ')}.`);
  }
  const description = checkDescription(name, wish.description) ?? stored?.description;
  const record: ConfigRecord = { ...base, type, ...(description && { description }) };
  if (wish.reference !== undefined) {
    if (type !== 'secret' || wish.value !== undefined) {
      throw new Failure('bad-input', `Config "${name}" takes a reference as a secret only, without a value.`);
    }
    return { ...record, value: wish.reference, reference: parseReference(name, wish.reference).kind };
  }
  if (wish.value !== undefined) return { ...record, value: checkValue(name, type, wish.value) };
  if (wish.mayNeedValue && stored?.value === undefined) return record;
  if (!stored) throw new Failure('bad-input', `Config "${name}" is new and needs a value.`);
  if (stored.type !== type) {
    throw new Failure(
      'bad-input',
      `Config "${name}" is of type ${stored.type}; give its value anew to make it ${type}.`,
    );
  }
  return {
    ...record,
    ...(stored.value !== undefined && { value: stored.value }),
    ...(stored.reference && { reference: stored.reference }),
  };
}

/** D36. @throws Failure `bad-input`. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && configNamePattern.test(name)) return;
  throw new Failure(
    'bad-input',
    'A config name has 1 to 255 characters out of letters, digits, "_", "." and "-".',
  );
}

/** Trimmed; undefined where none is given. @throws Failure `bad-input` that names the config. */
export function checkDescription(name: string, description: unknown): string | undefined {
  if (description === undefined) return undefined;
  const text = typeof description === 'string' ? description.trim() : undefined;
  if (text !== undefined && text.length <= longestDescription && !/[\p{Cc}\p{Cs}]/u.test(text)) return text;
  throw new Failure(
    'bad-input',
    `The description of config "${name}" is one line of at most ${longestDescription} characters.`,
  );
}

const longestDescription = 500;
