/** How a workflow reads in the side bar: above all, whether its endpoint can be called; pure. */

import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import { escapeMarkdown, type TextContext } from '../text.ts';

export type EndpointState = 'duplicate' | 'off' | 'public' | 'own-key' | 'any-key';

export interface WorkflowText {
  label: string;
  description: string;
  /** Markdown. */
  tooltip: string;
  spoken: string;
  /** A codicon. */
  icon: string;
}

export function endpointState(row: WorkflowRow): EndpointState {
  if (row.duplicate) return 'duplicate';
  if (!row.endpointEnabled) return 'off';
  if (row.publicEndpoint) return 'public';
  return row.disableGlobalKey ? 'own-key' : 'any-key';
}

const icons: Record<EndpointState, string> = {
  duplicate: 'error',
  off: 'circle-slash',
  public: 'unlock',
  'own-key': 'key',
  'any-key': 'globe',
};

export function workflowText(row: WorkflowRow, { t }: TextContext): WorkflowText {
  const state = endpointState(row);
  const short = {
    duplicate: t('duplicate name'),
    off: t('endpoint off'),
    public: t('public'),
    'own-key': t('own key only'),
    'any-key': t('own or global key'),
  }[state];
  const long = {
    duplicate: t('Another workflow has this name, so neither endpoint runs. Rename one of them.'),
    off: t('Its endpoint is off. Switch it on with endpoint_enabled=True.'),
    public: t('It runs without a key.'),
    'own-key': t('It runs with its own key; global keys are refused.'),
    'any-key': t('It runs with its own key or a global one.'),
  }[state];
  const owner = row.organizationId === undefined ? [] : [t('for {0}', row.organizationId)];
  const callable = state !== 'off' && state !== 'duplicate';
  return {
    label: row.id,
    description: [short, ...(callable ? [row.allowedMethods.join(', ')] : []), ...owner].join(' · '),
    tooltip: [
      `**${escapeMarkdown(row.id)}**`,
      ...(row.description ? [escapeMarkdown(row.description)] : []),
      escapeMarkdown(long),
      ...(row.organizationId === undefined
        ? []
        : [escapeMarkdown(t('It runs for {0}, unless its key belongs to another one.', row.organizationId))]),
      ...(callable ? [`\`${row.allowedMethods.join(', ')} ${row.url}\``] : []),
      signature(row),
    ].join('\n\n'),
    spoken: [row.id, short, ...owner].join(', '),
    icon: icons[state],
  };
}

/** `f(name: str, count: int = …)` in a code span. */
function signature(row: WorkflowRow): string {
  const parameters = row.parameters.map(
    ({ name, annotation, required }) =>
      `${name}${annotation ? `: ${annotation}` : ''}${required ? '' : annotation ? ' = …' : '=…'}`,
  );
  return `\`${row.functionName}(${parameters.join(', ')})\``;
}
