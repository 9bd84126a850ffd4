/** Which rows of configuration stand below which: by scope, and in ranges where they are very many; pure. */

import type { ConfigRow } from '../../server/protocol/configs.ts';
import type { OrganizationRow } from '../../server/protocol/organizations.ts';
import { plain } from '../text.ts';

export type ConfigNode =
  | {
      kind: 'scope';
      organizationId?: string;
      title: string;
      /** Runs and diagnostics of this window are for it. */
      isCurrent: boolean;
      rows: ConfigRow[];
    }
  | { kind: 'range'; organizationId?: string; index: number; rows: ConfigRow[] }
  | { kind: 'config'; row: ConfigRow };

/** So many rows below one node are still shown at once. */
const shownAtOnce = 500;
const rowsPerRange = 200;
const { compare } = new Intl.Collator();

/** Global first, then each organization; nothing where there is neither row nor organization. */
export function scopeNodes(
  rows: readonly ConfigRow[],
  organizations: readonly OrganizationRow[],
  { current, globalTitle }: { current: string | undefined; globalTitle: string },
): ConfigNode[] {
  if (rows.length === 0 && organizations.length === 0) return [];
  const byScope = Map.groupBy(rows, ({ organizationId }) => organizationId);
  const node = (title: string, organizationId?: string): ConfigNode => ({
    kind: 'scope',
    ...(organizationId !== undefined && { organizationId }),
    title,
    isCurrent: organizationId === current,
    rows: (byScope.get(organizationId) ?? []).sort((one, other) => compare(one.name, other.name)),
  });
  return [node(globalTitle), ...organizations.map(({ id, name }) => node(plain(name), id))];
}

/** Rows of a scope, or ranges of them: the editor asks for a description of each child of an open node at every change. */
export function childNodes(node: ConfigNode): ConfigNode[] {
  if (node.kind === 'config') return [];
  const { rows, organizationId } = node;
  if (node.kind === 'range' || rows.length <= shownAtOnce)
    return rows.map((row) => ({ kind: 'config', row }));
  return Array.from({ length: Math.ceil(rows.length / rowsPerRange) }, (_, index) => ({
    kind: 'range',
    ...(organizationId !== undefined && { organizationId }),
    index,
    rows: rows.slice(index * rowsPerRange, (index + 1) * rowsPerRange),
  }));
}
