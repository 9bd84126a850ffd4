/** How a key reads in the side bar and on its page (W5–W10, W31–W33); pure, so that it is tested without an editor. */

import type { KeyRow } from '../../server/protocol/keys.ts';
import { escapeMarkdown, fullTime, plain, relativeTime, type TextContext } from '../text.ts';

export type KeyTone = 'normal' | 'expired' | 'orphaned';

export interface KeyText {
  description: string;
  /** `Global`, the workflow's name, or `API key` (W5). */
  scope: string;
  /** The scope, why it runs nothing if so, and the description: what a narrow view cuts off is the least of it. */
  label: string;
  /** The first so many characters of the label, each a badge of its own. */
  labelBadges: string[];
  /** Orphaned, expired, replaced, endpoint off, rotate it. */
  badges: KeyBadge[];
  /**
   * The lines of the card below it: the masked key, an API key's scopes, whose configuration its runs read,
   * expiration, last use and creation.
   */
  facts: KeyFact[];
  /** Markdown. */
  tooltip: string;
  /** What a screen reader says. */
  spoken: string;
  tone: KeyTone;
  /** A codicon. */
  icon: string;
}

export interface KeyBadge {
  title: string;
  /** What it means and what to do. */
  why: string;
  /** The key runs nothing. */
  isEnd: boolean;
}

export interface KeyFact {
  text: string;
  /** The time in full, where the text tells one. */
  time?: string;
  /** A codicon. */
  icon: string;
}

/** All that W5–W10 demand stands in the card, and once more, with full times, in the tooltip. */
export function keyText(row: KeyRow, context: TextContext): KeyText {
  const { t } = context;
  const scope = row.global ? t('Global') : (row.workflowId ?? t('API key'));
  const description = plain(row.description);
  const badges = keyBadges(row, context);
  const lastUse = row.lastUsedAt ? t('Used {0}', relativeTime(row.lastUsedAt, context)) : t('Never used');
  const labelBadges = [scope, ...badges.filter(({ isEnd }) => isEnd).map(({ title }) => title)];
  const owner = row.organizationId;
  const reach: KeyFact[] = [
    ...(row.scopes ? [{ icon: 'shield', text: rights(row, context) }] : []),
    ...(owner === undefined ? [] : [{ icon: 'organization', text: t('For {0}', owner) }]),
  ];
  const times: KeyFact[] = [
    { icon: 'calendar', text: expirationText(row, context), ...timeOf(row.endsAt ?? row.expiresAt, context) },
    { icon: 'pulse', text: lastUse, ...timeOf(row.lastUsedAt, context) },
    {
      icon: 'clock',
      text: t('Created {0}', relativeTime(row.createdAt, context)),
      ...timeOf(row.createdAt, context),
    },
  ];
  return {
    description,
    scope,
    label: [...labelBadges, description].join(badgeGap),
    labelBadges,
    badges,
    facts: [{ icon: 'lock-small', text: row.masked }, ...reach, ...times],
    tooltip: keyTooltip(row, scope, badges, context),
    spoken: [
      scope,
      description,
      ...badges.map(({ title }) => title),
      ...reach.map(({ text }) => text),
      ...times.map(({ text }) => text),
    ].join(', '),
    tone: row.orphaned ? 'orphaned' : row.expired ? 'expired' : 'normal',
    icon: row.orphaned ? 'warning' : row.expired ? 'history' : row.global ? 'globe' : 'key',
  };
}

/** Between what stands in the label. */
export const badgeGap = '  ';

export type KeyMenu = 'key-global' | 'key-workflow' | 'key-api' | 'key-orphaned' | 'key-ended';

/** What the manifest's menus ask for: what kind of key it is, and whether it can still be changed. */
export function keyMenu(row: KeyRow): KeyMenu {
  if (row.expired || row.endsAt !== undefined) return 'key-ended';
  if (row.kind === 'api') return 'key-api';
  if (row.orphaned) return 'key-orphaned';
  return row.global ? 'key-global' : 'key-workflow';
}

function timeOf(timestamp: string | null, context: TextContext): { time?: string } {
  return timestamp === null ? {} : { time: fullTime(timestamp, context) };
}

function keyBadges(row: KeyRow, { t }: TextContext): KeyBadge[] {
  const badges: KeyBadge[] = [];
  if (row.orphaned)
    badges.push({
      title: t('Orphaned'),
      why: t(
        'Its workflow no longer exists, so it runs nothing. Revoke it, rebind it, or restore the workflow’s name.',
      ),
      isEnd: true,
    });
  if (row.endsAt !== undefined)
    badges.push({
      title: t('Replaced'),
      why: row.expired
        ? t('Its successor has taken over, and it runs nothing any more. Revoke it to remove it here.')
        : t('Its successor was made. Both are valid until this one ends by itself.'),
      isEnd: row.expired,
    });
  else if (row.expired)
    badges.push({
      title: t('Expired'),
      why: t('It runs nothing, but still holds its place. Revoke it to make a new one.'),
      isEnd: true,
    });
  if (row.endpointOff)
    badges.push({
      title: t('Endpoint off'),
      why: t('The workflow exists, but its endpoint is switched off.'),
      isEnd: false,
    });
  if (row.rotationDue)
    badges.push({
      title: t('Rotate it'),
      why: t('It is older than 90 days. Rotate it, and both keys are valid while you replace the old one.'),
      isEnd: false,
    });
  return badges;
}

/** F18, F19: what an API key may do, and on which workflows when they are limited. */
function rights({ scopes = [], workflowIds }: KeyRow, { t }: TextContext): string {
  const what = scopes.join(', ');
  return workflowIds ? t('{0} on {1}', what, workflowIds.join(', ')) : what;
}

function expirationText(row: KeyRow, context: TextContext): string {
  const { t } = context;
  if (row.endsAt !== undefined) {
    const end = relativeTime(row.endsAt, context);
    return row.expired ? t('Ended {0}', end) : t('Ends {0}', end);
  }
  if (row.expiresAt === null) return t('Never expires');
  const when = relativeTime(row.expiresAt, context);
  return row.expired ? t('Expired {0}', when) : t('Expires {0}', when);
}

function keyTooltip(row: KeyRow, scope: string, badges: KeyBadge[], context: TextContext): string {
  const { t } = context;
  const time = (timestamp: string | null, otherwise: string) =>
    timestamp ? fullTime(timestamp, context) : otherwise;
  const facts: [string, string][] = [
    [t('Scope'), row.global ? t('Global: every workflow whose endpoint is on') : scope],
    [t('Key'), row.masked],
    [t('Created'), time(row.createdAt, '')],
    [t('Last used'), time(row.lastUsedAt, t('never'))],
    [t('Expires'), time(row.expiresAt, t('never'))],
  ];
  if (row.endsAt !== undefined) facts.push([t('Ends'), fullTime(row.endsAt, context)]);
  if (row.scopes) facts.splice(1, 0, [t('May'), rights(row, context)]);
  if (row.organizationId) facts.splice(1, 0, [t('Organization'), row.organizationId]);
  return [
    `**${escapeMarkdown(row.description)}**`,
    ...badges.map(({ title, why }) => `$(warning) **${escapeMarkdown(title)}**: ${escapeMarkdown(why)}`),
    [
      '| | |',
      '| --- | --- |',
      ...facts.map(([name, value]) => `| ${name}&emsp; | ${escapeMarkdown(value)} |`),
    ].join('\n'),
  ].join('\n\n');
}
