/** Commands on keys: make one for a workflow and show it once, rotate, rebind and revoke one. */

import * as vscode from 'vscode';
import {
  defaultExpiresInDays,
  defaultOverlapDays,
  type ExpiresInDays,
  expirationChoices,
  maxDescriptionLength,
  maxOverlapDays,
} from '../../server/protocol/keys.ts';
import type { WorkflowRow } from '../../server/protocol/workflows.ts';
import type { Ctx } from '../ctx.ts';
import { alone, askChoice, askRow, askText, type Choice, confirm, withoutBack } from '../prompts.ts';
import { inSteps, type Steps } from '../steps.ts';
import { fullTime, plain } from '../text.ts';
import type { KeyNode } from '../views/keys.ts';
import { askKey, expirationChoice, showOnce } from './keyPrompts.ts';
import { askOrganization, organizationChoices } from './organizations.ts';

const { t } = vscode.l10n;

/** `workflowId` is absent for a global key. */
type Scope = { workflowId?: string };

interface Draft {
  description: string;
  scope: Scope;
  organizationId?: string;
  expiresInDays: ExpiresInDays;
}

/** Asks for description, scope and expiration (W12–W19), makes the key and shows it once (W20, W21). */
export async function createKey(ctx: Ctx, workflow?: { id: string }): Promise<void> {
  const [offered, organizations] = await Promise.all([
    ctx.request('workflowKeys/keys/offeredWorkflows', null),
    organizationChoices(ctx),
  ]);
  const scopes = scopeChoices(offered);
  const expirations = expirationChoices.map((days) => expirationChoice(days));
  const first = offered.find(({ id }) => id === workflow?.id) ?? offered[0];
  const steps: Steps<Draft> = {
    description: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('What is it for? At most {0} characters.', maxDescriptionLength),
          placeholder: t('CI pipeline trigger'),
          value: soFar.description ?? '',
          validate: descriptionProblem,
        }),
    },
    scope: {
      ask: (place, soFar) => {
        const { workflowId } = soFar.scope ?? { workflowId: first?.id };
        const active = scopes.find(({ value }) => value.workflowId === workflowId);
        return askChoice(place, t('What may it run?'), withSeparators(scopes), active);
      },
    },
    organizationId: {
      when: () => organizations.length > 1,
      ask: (place) => askOrganization(place, t('Whose configuration do its runs read?'), organizations),
    },
    expiresInDays: {
      ask: (place, { expiresInDays = defaultExpiresInDays }) => {
        const active = expirations.find(({ value }) => value === expiresInDays);
        return askChoice(place, t('When does it expire?'), expirations, active);
      },
    },
  };
  const created = await inSteps(
    ctx,
    t('Create Workflow Key'),
    steps,
    ({ description, scope, organizationId, expiresInDays }) =>
      ctx.request('workflowKeys/keys/create', {
        description: description.trim(),
        global: scope.workflowId === undefined,
        ...(scope.workflowId === undefined ? {} : { workflowId: scope.workflowId }),
        ...(organizationId === undefined ? {} : { organizationId }),
        expiresInDays,
      }),
  );
  await showOnce(ctx, created);
}

/** Revokes a key after a confirmation (W28–W30). */
export async function revokeKey(ctx: Ctx, node?: KeyNode): Promise<void> {
  const revoked = node?.row ?? (await askKey(ctx, t('Revoke Key')));
  await confirm(
    t('Revoke the key “{0}”?', plain(revoked.description)),
    t('{0} is refused from the next request on. This cannot be undone.', revoked.masked),
    t('Revoke'),
  );
  await ctx.request('workflowKeys/keys/revoke', { id: revoked.id });
}

/** Makes a successor and shows it once; the old key ends by itself after the overlap that is chosen (A15). */
export async function rotateKey(ctx: Ctx, node?: KeyNode): Promise<void> {
  const title = t('Rotate Key');
  const row =
    node?.row ??
    (await askKey(ctx, title, {
      of: ({ expired, endsAt }) => !expired && endsAt === undefined,
      nothing: t('There is no key that could be rotated.'),
    }));
  const active = overlaps.find(({ value }) => value === defaultOverlapDays);
  const question = t('How long is the old key “{0}” still valid?', plain(row.description));
  const overlapDays = withoutBack(await askChoice(alone(title), question, overlaps, active));
  const rotated = await ctx.request('workflowKeys/keys/rotate', { id: row.id, overlapDays });
  const { masked, endsAt, expired } = rotated.replaced;
  await showOnce(
    ctx,
    rotated,
    expired || !endsAt
      ? t('The old key {0} is refused from now on.', masked)
      : t('The old key {0} is valid until {1}.', masked, fullTime(endsAt, vscode.env)),
  );
}

/** Binds a workflow's own key to another workflow, after a rename (D12). */
export async function rebindKey(ctx: Ctx, node?: KeyNode): Promise<void> {
  const title = t('Rebind Key');
  const row =
    node?.row ??
    (await askKey(ctx, title, {
      of: ({ workflowId, expired }) => workflowId !== undefined && !expired,
      nothing: t('There is no key of one workflow that could be bound to another.'),
    }));
  const choices = (await ctx.request('workflowKeys/keys/offeredWorkflows', null)).map(workflowChoice);
  const question = t('Which workflow is “{0}” to run?', plain(row.description));
  const nothing = t('There is no workflow with its endpoint on that has no key yet.');
  const workflowId = await askRow(title, question, choices, nothing);
  await ctx.request('workflowKeys/keys/rebind', { id: row.id, workflowId });
}

/** The page of cards (D38). */
export async function openKeysPage(ctx: Ctx): Promise<void> {
  ctx.keyCards.open();
}

export async function copyKeyId(ctx: Ctx, node?: KeyNode): Promise<void> {
  const { id } = node?.row ?? (await askKey(ctx, t('Copy Key Id')));
  await vscode.env.clipboard.writeText(id);
}

/** W12, W13, D24: what is wrong with a description. */
function descriptionProblem(text: string): string | undefined {
  const { length } = [...text.trim()];
  if (length === 0) return t('Say what it is for; this is how you recognise it later.');
  if (length > maxDescriptionLength) return t('Too long by {0}.', length - maxDescriptionLength);
  return undefined;
}

/** W15: a workflow stands first, so that a global key is made on purpose only. */
function scopeChoices(offered: WorkflowRow[]): Choice<Scope>[] {
  return [
    ...offered.map(
      (workflow): Choice<Scope> => ({ ...workflowChoice(workflow), value: { workflowId: workflow.id } }),
    ),
    {
      label: `$(globe) ${t('Global key')}`,
      description: t('every workflow whose endpoint is on'),
      value: {},
    },
  ];
}

function workflowChoice({ id, description }: WorkflowRow): Choice<string> {
  return { label: `$(symbol-method) ${id}`, ...(description ? { description } : {}), value: id };
}

const overlaps: Choice<number>[] = [0, 1, defaultOverlapDays, 14, maxOverlapDays].map((days) => ({
  label: days === 0 ? t('It ends now') : days === 1 ? t('1 day') : t('{0} days', days),
  ...(days === defaultOverlapDays ? { description: t('default') } : {}),
  value: days,
}));

function withSeparators(choices: Choice<Scope>[]): (Choice<Scope> | vscode.QuickPickItem)[] {
  const global = choices.filter(({ value }) => value.workflowId === undefined);
  const specific = choices.filter(({ value }) => value.workflowId !== undefined);
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return specific.length === 0
    ? global
    : [separator(t('One workflow')), ...specific, separator(t('All workflows')), ...global];
}
