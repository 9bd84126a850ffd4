/** Lists by page: cursors that say where the next page begins, and only fit the list that they came from (D19). */

import { crc32 } from 'node:zlib';
import Type, { type Static, type TSchema } from 'typebox';
import { Failure } from '../errors.ts';
import { compareTexts } from '../textOrder.ts';

export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 50, description: 'How many to answer at most.' }),
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: 2_048,
      description: '`meta.cursor` of the page before; left out: the first page.',
    }),
  ),
};

const defaultLimit = 50;

export interface Page<T> {
  success: true;
  data: T[];
  meta: { cursor: string | null; hasMore: boolean };
}

/** `{"success":true,"data":[…],"meta":{"cursor":…,"hasMore":…}}` */
export function pageOf(row: TSchema) {
  return Type.Object(
    {
      success: Type.Literal(true),
      data: Type.Array(row),
      meta: Type.Object(
        {
          cursor: Type.Unsafe<string | null>({
            type: ['string', 'null'],
            description: 'Give it as `cursor` to get the next page; `null` on the last one.',
          }),
          hasMore: Type.Boolean(),
        },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  );
}

/**
 * One page of a list. `list` names it with all that selects its rows, so that a cursor of another list, or of this
 * one with other filters, is refused.
 *
 * @param read the rows after a position (absent: from the beginning), one more than `limit` when there are more.
 * @param positionOf the text by which a row is found again.
 * @throws Failure `bad-input` for a foreign or damaged cursor.
 */
export async function readPage<T, R>(
  query: Static<ReturnType<typeof queryShape>>,
  list: readonly (string | number | undefined)[],
  {
    read,
    positionOf,
    shown,
  }: {
    read(position: string | undefined, count: number): Promise<R[]> | R[];
    positionOf(row: R): string;
    shown(row: R): T;
  },
): Promise<Page<T>> {
  const { limit = defaultLimit, cursor } = query;
  const name = JSON.stringify(list);
  const position = cursor === undefined ? undefined : openCursor(name, cursor);
  const rows = await read(position, limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    success: true,
    data: page.map(shown),
    meta: { cursor: hasMore ? makeCursor(name, positionOf(last)) : null, hasMore },
  };
}

/** Rows of a list that is held in memory, in ascending order of their positions. */
export function pageInMemory<R>(rows: readonly R[], positionOf: (row: R) => string) {
  const sorted = rows
    .map((row) => ({ row, position: positionOf(row) }))
    .sort((one, other) => compareTexts(one.position, other.position));
  return (position: string | undefined, count: number): R[] => {
    const start = position === undefined ? 0 : sorted.findIndex((one) => one.position > position);
    return start < 0 ? [] : sorted.slice(start, start + count).map(({ row }) => row);
  };
}

function queryShape() {
  return Type.Object(pageQuery);
}

function makeCursor(list: string, position: string): string {
  return Buffer.from(`${checksum(list, position)}${position}`).toString('base64url');
}

function openCursor(list: string, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  const position = text.slice(8);
  if (text.slice(0, 8) === checksum(list, position)) return position;
  throw new Failure(
    'bad-input',
    'The cursor is damaged, or of another list or filter; leave it out to begin with the first page.',
  );
}

/** It protects nobody: a position that is made up only gives rows that the caller may see anyway. */
function checksum(list: string, position: string): string {
  return crc32(`${list}\n${position}`).toString(16).padStart(8, '0');
}
