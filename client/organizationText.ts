/** How organizations read where they stand in a sentence or in the status item; pure. */

import type { OrganizationContents } from '../server/protocol/organizations.ts';
import type { TextContext } from './text.ts';

/** What a removal takes with it, as the detail of a question. */
export function removalText(contents: OrganizationContents, { t }: Pick<TextContext, 't'>): string {
  const { keys, configs, credentials, workflows } = contents;
  const losses = [
    keys > 0 && t('Keys that are revoked: {0}', keys),
    configs > 0 && t('Configuration values that are removed: {0}', configs),
    credentials > 0 && t('Credentials that are removed: {0}', credentials),
    workflows > 0 && t('Workflows that are refused until they get another organization: {0}', workflows),
  ].filter((line) => line !== false);
  const first = losses.length > 0 ? losses.join('\n') : t('Nothing belongs to it.');
  return `${first}\n\n${t('Its past runs stay. This cannot be undone.')}`;
}

/** An id as it may stand among icons; empty for what no organization can be called, since a workspace can say it. */
export function shownId(id: string | undefined): string {
  return id !== undefined && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(id) ? id : '';
}
