/** The command that makes an API key: what it is called, what it may do, for how long. */

import * as vscode from 'vscode';
import {
  defaultExpiresInDays,
  expirationChoices,
  maxExpiresInDays,
  maxKeyNameLength,
  type Scope,
  scopes,
} from '../../server/protocol/keys.ts';
import type { Ctx } from '../ctx.ts';
import { askChoice, askSeveral, askText, type Choice } from '../prompts.ts';
import { inSteps, type Steps } from '../steps.ts';
import { expirationChoice, showOnce } from './keyPrompts.ts';
import { askOrganization, organizationChoices } from './organizations.ts';

const { t } = vscode.l10n;

interface Draft {
  name: string;
  scopes: Scope[];
  reach: 'all' | 'some';
  workflowIds: string[];
  organizationId?: string;
  expiration: number | null | 'other';
  days: string;
}

/** Asks for name, scopes, workflows and expiration (F17–F20), makes the key and shows it once (F21). */
export async function createApiKey(ctx: Ctx): Promise<void> {
  const [workflows, organizations] = await Promise.all([
    ctx.request('workflowKeys/workflows/list', null),
    organizationChoices(ctx),
  ]);
  const canRun = (soFar: Partial<Draft>) => soFar.scopes?.includes('workflows:execute') === true;
  const steps: Steps<Draft> = {
    name: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('Who uses it? One key for each consumer, at most {0} characters.', maxKeyNameLength),
          placeholder: t('Deploy pipeline'),
          value: soFar.name ?? '',
          validate: nameProblem,
        }),
    },
    // None is chosen to begin with: a key is given what it needs, not relieved of what it does not (A16).
    scopes: {
      ask: (place, soFar) =>
        askSeveral(place, t('What may it do? Choose at least one.'), scopes.map(scopeChoice), soFar.scopes),
    },
    reach: {
      when: (soFar) => canRun(soFar) && workflows.length > 0,
      ask: (place, soFar) => {
        const active = reachChoices.find(({ value }) => value === soFar.reach);
        return askChoice(place, t('Which workflows may it run?'), reachChoices, active);
      },
    },
    workflowIds: {
      when: (soFar) => canRun(soFar) && soFar.reach === 'some',
      ask: (place, soFar) => {
        const choices = workflows.map(
          ({ id, description }): Choice<string> => ({
            label: id,
            ...(description ? { description } : {}),
            value: id,
          }),
        );
        return askSeveral(place, t('Which ones? Choose at least one.'), choices, soFar.workflowIds);
      },
    },
    organizationId: {
      when: () => organizations.length > 1,
      ask: (place) => askOrganization(place, t('Whose configuration do its runs read?'), organizations),
    },
    expiration: {
      ask: (place, { expiration = defaultExpiresInDays }) => {
        const active = expirations.find(({ value }) => value === expiration);
        return askChoice(place, t('When does it expire?'), expirations, active);
      },
    },
    days: {
      when: (soFar) => soFar.expiration === 'other',
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('After how many days does it expire?'),
          value: soFar.days ?? '',
          validate: daysProblem,
        }),
    },
  };
  const created = await inSteps(ctx, t('Create API Key'), steps, (draft) => {
    const { name, expiration, organizationId } = draft;
    const isLimited = canRun(draft) && draft.reach === 'some';
    return ctx.request('workflowKeys/keys/createApi', {
      name: name.trim(),
      scopes: draft.scopes,
      expiresInDays: expiration === 'other' ? Number(draft.days) : expiration,
      ...(isLimited ? { workflowIds: draft.workflowIds } : {}),
      ...(organizationId === undefined ? {} : { organizationId }),
    });
  });
  await showOnce(ctx, created);
}

const reachChoices: Choice<'all' | 'some'>[] = [
  { label: `$(globe) ${t('All workflows')}`, description: t('those to come, too'), value: 'all' },
  { label: `$(symbol-method) ${t('Only some')}`, value: 'some' },
];

const expirations: Choice<Draft['expiration']>[] = [
  ...expirationChoices.map((days) => expirationChoice(days)),
  { label: t('Another number of days…'), value: 'other' },
];

function scopeChoice(scope: Scope): Choice<Scope> {
  return { label: scope, description: scopeTexts[scope], value: scope };
}

const scopeTexts: Record<Scope, string> = {
  'workflows:read': t('list workflows'),
  'workflows:write': t('add and change workflows'),
  'workflows:execute': t('run workflows, cancel and retry runs'),
  'runs:read': t('read runs and their results'),
  'connections:read': t('list credentials, never their values'),
  'connections:write': t('add and remove credentials'),
  'configs:read': t('read configuration, never secrets'),
  'configs:write': t('set and remove configuration'),
  'keys:read': t('list keys'),
  'keys:write': t('make and revoke keys'),
  'audit:read': t('read the audit log'),
};

function nameProblem(text: string): string | undefined {
  const { length } = [...text.trim()];
  if (length === 0) return t('Say who uses it; this is how you recognise it later.');
  if (length > maxKeyNameLength) return t('Too long by {0}.', length - maxKeyNameLength);
  return undefined;
}

function daysProblem(text: string): string | undefined {
  const days = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  return days >= 1 && days <= maxExpiresInDays
    ? undefined
    : t('A whole number of days, 1 to {0}.', maxExpiresInDays);
}
