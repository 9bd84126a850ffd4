/** Text that somebody typed → a value of a type, or what is wrong with it; pure. */

import type { ConfigTypeName } from '../server/protocol/configs.ts';
import type { Translate } from './text.ts';

export type Parsed = { ok: true; value: unknown } | { ok: false; problem: string };

/** The value of a config. JavaScript's exact integers are the limit of `int`. */
export function parseConfigValue(type: ConfigTypeName, text: string, t: Translate): Parsed {
  switch (type) {
    case 'string':
    case 'secret':
      return { ok: true, value: text };
    case 'int':
      return /^[+-]?\d+$/.test(text.trim()) && Number.isSafeInteger(Number(text))
        ? { ok: true, value: Number(text) }
        : { ok: false, problem: t('Type a whole number.') };
    case 'bool':
      return text === 'true' || text === 'false'
        ? { ok: true, value: text === 'true' }
        : { ok: false, problem: t('Type true or false.') };
    case 'json':
      return parseJson(text, t);
  }
}

/** How a stored value stands in the input box. */
export function configValueText(type: ConfigTypeName, value: unknown): string {
  if (value === null && type !== 'json') return '';
  return type === 'json' || typeof value !== 'string' ? JSON.stringify(value) : value;
}

/**
 * A workflow's argument: text for `str` and for no annotation, else JSON where it is JSON, else text, which the
 * daemon converts to the annotation (D47).
 */
export function parseArgument(annotation: string | undefined, text: string): unknown {
  if (annotation === undefined || /^(?:str|Optional\[str\]|str \| None)$/.test(annotation.trim()))
    return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A workflow's whole input: a JSON object (D18). */
export function parseInput(text: string, t: Translate): Parsed & { value?: unknown } {
  const parsed = parseJson(text, t);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, problem: t('The input is a JSON object, such as {"name": "Ada"}.') };
  return parsed;
}

function parseJson(text: string, t: Translate): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, problem: t('This is not valid JSON yet.') };
  }
}
