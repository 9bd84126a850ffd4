/** How a credential reads in the side bar (D17); pure, so that it is tested without an editor. */

import type { CredentialRow } from '../../server/protocol/credentials.ts';
import { escapeMarkdown, fullTime, type TextContext, type Translate } from '../text.ts';

export interface CredentialText {
  label: string;
  description: string;
  /** Markdown. */
  tooltip: string;
  spoken: string;
}

/** Invariant: nothing of it comes from the value, which the daemon does not give. */
export function credentialText(row: CredentialRow, context: TextContext): CredentialText {
  const { t } = context;
  const scope = row.organizationId ?? t('Global');
  // “generic” says nothing to people; where it is sent does.
  const service = row.service === 'generic' ? row.hosts.join(', ') : row.service;
  const description = [service, scope].join(' · ');
  const facts = [
    `**${escapeMarkdown(row.name)}** (${escapeMarkdown(row.service)}, ${authName(row.auth, t)})`,
    t('Only sent to {0}', row.hosts.map(escapeMarkdown).join(', ')),
    row.queryParameter === undefined
      ? t('In the header {0}', escapeMarkdown([row.header, row.prefix].filter(Boolean).join(': ')))
      : t('In the query parameter {0}', escapeMarkdown(row.queryParameter)),
    t('Changed {0} by {1}', fullTime(row.updatedAt, context), escapeMarkdown(row.updatedBy)),
  ];
  return {
    label: row.name,
    description,
    tooltip: facts.join('\n\n'),
    spoken: `${row.name}, ${service}, ${scope}`,
  };
}

/** F4: how kinds of authentication are called. */
export function authName(auth: CredentialRow['auth'], t: Translate): string {
  switch (auth) {
    case 'api-key':
      return t('API key');
    case 'bearer':
      return t('Bearer token');
    case 'basic':
      return t('User and password');
    case 'client-credentials':
      return t('OAuth client credentials');
    case 'refresh-token':
      return t('OAuth refresh token');
  }
}
