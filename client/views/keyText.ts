/** How a key reads in the side bar (W5–W10, W31–W33); pure, so that it is tested without an editor. */

import type { KeyRow } from '../../server/protocol.ts';
import { escapeMarkdown, fullTime, relativeTime, type TextContext } from '../text.ts';

export type KeyTone = 'normal' | 'expired' | 'orphaned';

export interface KeyText {
  /** The scope, then the description. */
  label: string;
  /** The part of the label that is the scope badge: start and end in UTF-16 units. */
  badge: [start: number, end: number];
  /** Badges: orphaned, expired, endpoint off. */
  description: string;
  /** The lines of the card below it: the masked key, expiration, last use and creation. */
  facts: KeyFact[];
  /** Markdown. */
  tooltip: string;
  /** What a screen reader says. */
  spoken: string;
  tone: KeyTone;
  /** A codicon. */
  icon: string;
}

export interface KeyFact {
  text: string;
  /** A codicon. */
  icon: string;
}

/** All that W5–W10 demand stands in the card, and once more, with full times, in the tooltip. */
export function keyText(row: KeyRow, context: TextContext): KeyText {
  const { t } = context;
  const scope = row.global ? t('Global') : (row.workflowId ?? t('API key'));
  const badges = keyBadges(row, context);
  const lastUse = row.lastUsedAt ? t('Used {0}', relativeTime(row.lastUsedAt, context)) : t('Never used');
  const times = [
    { icon: 'calendar', text: expirationText(row, context) },
    { icon: 'pulse', text: lastUse },
    { icon: 'clock', text: t('Created {0}', relativeTime(row.createdAt, context)) },
  ];
  return {
    label: `${scope}  ${row.description}`,
    badge: [0, scope.length],
    description: badges.map(({ title }) => title).join(' · '),
    facts: [{ icon: 'lock-small', text: row.masked }, ...times],
    tooltip: keyTooltip(row, scope, badges, context),
    spoken: [
      scope,
      row.description,
      ...badges.map(({ title }) => title),
      ...times.map(({ text }) => text),
    ].join(', '),
    tone: row.orphaned ? 'orphaned' : row.expired ? 'expired' : 'normal',
    icon: row.orphaned ? 'warning' : row.expired ? 'history' : row.global ? 'globe' : 'key',
  };
}

interface Badge {
  title: string;
  /** What it means and what to do. */
  why: string;
}

function keyBadges(row: KeyRow, { t }: TextContext): Badge[] {
  const badges: Badge[] = [];
  if (row.orphaned)
    badges.push({
      title: t('Orphaned'),
      why: t('Its workflow no longer exists, so it runs nothing. Revoke it, or restore the workflow’s name.'),
    });
  if (row.expired)
    badges.push({
      title: t('Expired'),
      why: t('It runs nothing, but still holds its place. Revoke it to make a new one.'),
    });
  if (row.endpointOff)
    badges.push({
      title: t('Endpoint off'),
      why: t('The workflow exists, but its endpoint is switched off.'),
    });
  return badges;
}

function expirationText(row: KeyRow, context: TextContext): string {
  const { t } = context;
  if (row.expiresAt === null) return t('Never expires');
  const when = relativeTime(row.expiresAt, context);
  return row.expired ? t('Expired {0}', when) : t('Expires {0}', when);
}

function keyTooltip(row: KeyRow, scope: string, badges: Badge[], context: TextContext): string {
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
  if (row.organizationId) facts.splice(1, 0, [t('Organization'), row.organizationId]);
  return [
    `**${escapeMarkdown(row.description)}**`,
    ...badges.map(({ title, why }) => `$(warning) **${escapeMarkdown(title)}**: ${escapeMarkdown(why)}`),
    [
      '| | |',
      '| --- | --- |',
      ...facts.map(([name, value]) => `| ${name} | ${escapeMarkdown(value)} |`),
    ].join('\n'),
  ].join('\n\n');
}
