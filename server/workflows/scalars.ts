/** Single values of an input, each checked for what its Python type takes; it knows no parameter. */

import type { ScalarName } from './annotation.ts';

export interface Scalar {
  expected: string;
  /** Undefined when the value does not fit. */
  convert(value: unknown): unknown;
  /** Whether JSON gives this type itself. */
  isExactly?(value: unknown): boolean;
}

const integerText = /^\s*[+-]?[0-9]+(?:_[0-9]+)*\s*$/;
// Nothing in these can be taken in two ways: the text is whatever a caller sends, and may be as long as a body.
const numberText = /^\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$/;
const dateText = '(\\d{4})-(\\d{2})-(\\d{2})';
const timeText = '([01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?(?:[Zz]|[+-]\\d{2}:?\\d{2})?';

/** Whole numbers and dates are kept as texts where JSON has nothing that holds them; Python builds the objects. */
export const scalars: Record<ScalarName, Scalar> = {
  int: {
    expected: 'an integer',
    convert: (value) => {
      if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
      if (typeof value !== 'string' || !integerText.test(value)) return undefined;
      const plain = value.trim().replaceAll('_', '');
      // A number here holds 53 bits; Python's holds them all, and converts the text itself.
      return Number.isSafeInteger(Number(plain)) ? Number(plain) : plain;
    },
    isExactly: (value) => Number.isInteger(value),
  },
  float: {
    expected: 'a number',
    convert: (value) => {
      if (typeof value === 'number') return value;
      const number = typeof value === 'string' && numberText.test(value) ? Number(value) : Number.NaN;
      // JSON has nothing for what is too large to be one.
      return Number.isFinite(number) ? number : undefined;
    },
    isExactly: (value) => typeof value === 'number',
  },
  bool: {
    expected: 'true or false',
    convert: (value) => {
      if (typeof value === 'boolean') return value;
      if (typeof value !== 'string') return undefined;
      return { true: true, '1': true, false: false, '0': false }[value.toLowerCase()];
    },
    isExactly: (value) => typeof value === 'boolean',
  },
  str: {
    expected: 'a text',
    convert: (value) => (typeof value === 'number' ? String(value) : textOf(value)),
    isExactly: (value) => typeof value === 'string',
  },
  Decimal: {
    expected: 'a decimal number',
    convert: (value) => {
      if (typeof value === 'number') return String(value);
      return typeof value === 'string' && numberText.test(value) ? value.trim() : undefined;
    },
  },
  UUID: {
    expected: 'a UUID',
    convert: (value) =>
      /^[0-9a-f]{32}$/i.test(textOf(value)?.replaceAll('-', '') ?? '') ? value : undefined,
  },
  datetime: {
    expected: 'a date and time such as 2026-01-31T12:00:00Z',
    convert: (value) => matchDate(value, new RegExp(`^${dateText}(?:[T ]${timeText})?$`)),
  },
  date: {
    expected: 'a date such as 2026-01-31',
    convert: (value) => matchDate(value, new RegExp(`^${dateText}$`)),
  },
  time: {
    expected: 'a time such as 12:00:00',
    convert: (value) => (new RegExp(`^${timeText}$`).test(textOf(value) ?? '') ? value : undefined),
  },
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A text of that form whose day exists. */
function matchDate(value: unknown, form: RegExp): unknown {
  const [, year, month, day] = form.exec(textOf(value) ?? '') ?? [];
  if (year === undefined) return undefined;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day) ? undefined : value;
}
