/** What the page of cards says and offers (W5–W11, W28, W31–W33); pure, so that it is tested without an editor. */

import type { KeyRow } from '../../server/protocol/keys.ts';
import type { TextContext } from '../text.ts';
import { type KeyMenu, type KeyText, keyMenu, keyText } from './keyText.ts';

/** What its script is told; all of it text, which it never reads as markup. */
export interface KeyPage {
  title: string;
  /** Of the whole page; the last one is “+” (W11). */
  buttons: PageButton[];
  cards: KeyCard[];
  /** What is said where there are no cards. */
  notice?: { text: string; button?: PageButton };
}

export type PageCommand = 'create' | 'createApi' | 'start' | KeyCommand;
export type KeyCommand = 'rebind' | 'rotate' | 'revoke';

export interface PageButton {
  command: PageCommand;
  label: string;
}

export interface KeyCard extends Pick<KeyText, 'scope' | 'description' | 'badges' | 'tone' | 'spoken'> {
  id: string;
  masked: string;
  /** The lines below the masked key; `time` is in full. */
  facts: { text: string; time?: string }[];
  buttons: PageButton[];
}

/** `rows` come in the daemon's order (D39) and are empty while it is away. */
export function keyPage(
  daemon: 'stopped' | 'starting' | 'ready' | 'failed',
  rows: readonly KeyRow[],
  context: TextContext,
): KeyPage {
  const { t } = context;
  const title = t('Workflow Keys');
  const create: PageButton = { command: 'create', label: t('Create Key') };
  const cards = rows.map((row) => keyCard(row, context));
  if (daemon !== 'ready') {
    const text = daemon === 'starting' ? t('The daemon is starting…') : t('The daemon is not running.');
    const start: PageButton = { command: 'start', label: t('Start Daemon') };
    return {
      title,
      buttons: [],
      cards: [],
      notice: daemon === 'starting' ? { text } : { text, button: start },
    };
  }
  const buttons: PageButton[] = [{ command: 'createApi', label: t('Create API Key') }, create];
  if (cards.length > 0) return { title, buttons, cards };
  const text = t('A key lets a script, a pipeline or another service run your workflows by HTTP.');
  return { title, buttons, cards, notice: { text, button: create } };
}

function keyCard(row: KeyRow, context: TextContext): KeyCard {
  const { t } = context;
  const { scope, description, badges, facts, tone, spoken } = keyText(row, context);
  const labels: Record<KeyCommand, string> = {
    rebind: t('Rebind Key'),
    rotate: t('Rotate Key'),
    revoke: t('Revoke Key'),
  };
  return {
    id: row.id,
    scope,
    description,
    masked: row.masked,
    badges,
    tone,
    spoken,
    facts: facts.slice(1).map(({ text, time }) => ({ text, ...(time !== undefined && { time }) })),
    buttons: commandsOf[keyMenu(row)].map((command) => ({ command, label: labels[command] })),
  };
}

/** As the icons in the side bar. */
const commandsOf: Record<KeyMenu, KeyCommand[]> = {
  'key-global': ['rotate', 'revoke'],
  'key-workflow': ['rotate', 'revoke'],
  'key-api': ['rotate', 'revoke'],
  'key-orphaned': ['rebind', 'revoke'],
  'key-ended': ['revoke'],
};
