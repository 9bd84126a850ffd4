/** Pieces of JSON schema that several routes share. */

import Type, { type TProperties, type TSchema } from 'typebox';

/** An object that has these members and no others. */
export function strict<P extends TProperties>(
  properties: P,
  options: { description?: string; examples?: unknown[] } = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** `{"success": true, "data": …}` (D19) */
export function envelope<T extends TSchema>(data: T) {
  return strict({ success: Type.Literal(true), data });
}

/** A33's envelope, on every route. */
export const errorAnswer = strict({
  success: Type.Literal(false),
  error: strict({
    code: Type.String({ description: 'A stable word, e.g. `NOT_FOUND`.' }),
    message: Type.String({ description: 'What failed, and what to do.' }),
  }),
});

export const timestamp = Type.String({ format: 'date-time' });

export function nullable<T>(type: string, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T | null>({ type: [type, 'null'], ...options });
}

/** Any JSON value. */
export const anyValue = Type.Unknown();
