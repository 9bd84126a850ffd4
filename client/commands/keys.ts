/** Commands on keys: make one and show it once, revoke one. */

import * as vscode from 'vscode';
import {
  type CreatedKey,
  defaultExpiresInDays,
  type ExpiresInDays,
  expirationChoices,
  type KeyRow,
  maxDescriptionLength,
  type WorkflowRow,
} from '../../server/protocol.ts';
import type { Ctx } from '../ctx.ts';
import { askChoice, askRow, askText, type Choice, confirm } from '../prompts.ts';
import { inSteps } from '../steps.ts';
import type { KeyNode } from '../views/keys.ts';
import { keyText } from '../views/keyText.ts';
import { organizationChoices } from './organizations.ts';

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
  const expirations = expirationChoices.map(expirationChoice);
  const first = offered.find(({ id }) => id === workflow?.id) ?? offered[0];
  const draft = await inSteps<Draft>(t('Create Workflow Key'), {
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
      ask: (place) => askChoice(place, t('Whose configuration do its runs read?'), organizations),
    },
    expiresInDays: {
      ask: (place) => {
        const active = expirations.find(({ value }) => value === defaultExpiresInDays);
        return askChoice(place, t('When does it expire?'), expirations, active);
      },
    },
  });
  const { description, scope, organizationId, expiresInDays } = draft;
  const created = await ctx.request('workflowKeys/keys/create', {
    description: description.trim(),
    global: scope.workflowId === undefined,
    ...(scope.workflowId === undefined ? {} : { workflowId: scope.workflowId }),
    ...(organizationId === undefined ? {} : { organizationId }),
    expiresInDays,
  });
  await showOnce(created);
}

/** Revokes a key after a confirmation (W28–W30). */
export async function revokeKey(ctx: Ctx, node?: KeyNode): Promise<void> {
  const revoked = node?.row ?? (await askKey(ctx, t('Revoke Key')));
  await confirm(
    t('Revoke the key “{0}”?', revoked.description),
    t('{0} is refused from the next request on. This cannot be undone.', revoked.masked),
    t('Revoke'),
  );
  await ctx.request('workflowKeys/keys/revoke', { id: revoked.id });
}

export async function copyKeyId(ctx: Ctx, node?: KeyNode): Promise<void> {
  const { id } = node?.row ?? (await askKey(ctx, t('Copy Key Id')));
  await vscode.env.clipboard.writeText(id);
}

/**
 * Shows the key until it is closed; either copy leaves it open for the other.
 *
 * Invariant: the key lives in this dialog and, when asked for, in the clipboard; nowhere else in the editor.
 */
async function showOnce({ row, key, curl }: CreatedKey): Promise<void> {
  const copyKey = { title: t('Copy key') };
  const copyCurl = { title: t('Copy curl') };
  const close = { title: t('Close'), isCloseAffordance: true };
  let message = t('The key “{0}” is ready', row.description);
  for (;;) {
    const chosen = await vscode.window.showInformationMessage(
      message,
      {
        modal: true,
        detail: `${t('It is shown only now. Keep it where secrets belong.')}\n\n${key}\n\n${curl}`,
      },
      copyKey,
      copyCurl,
      close,
    );
    if (chosen === copyKey) {
      await vscode.env.clipboard.writeText(key);
      message = t('The key is in the clipboard');
    } else if (chosen === copyCurl) {
      await vscode.env.clipboard.writeText(curl);
      message = t('The curl command is in the clipboard');
    } else return;
  }
}

async function askKey(ctx: Ctx, title: string): Promise<KeyRow> {
  const rows = await ctx.request('workflowKeys/keys/list', null);
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.map((row): Choice<KeyRow> => {
    const { label, facts, icon } = keyText(row, context);
    const description = facts.map(({ text }) => text).join(' · ');
    return { label: `$(${icon}) ${label}`, description, value: row };
  });
  return await askRow(title, t('Which key?'), choices, t('There are no keys yet.'));
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
      ({ id, description }): Choice<Scope> => ({
        label: `$(symbol-method) ${id}`,
        ...(description ? { description } : {}),
        value: { workflowId: id },
      }),
    ),
    {
      label: `$(globe) ${t('Global key')}`,
      description: t('every workflow whose endpoint is on'),
      value: {},
    },
  ];
}

function withSeparators(choices: Choice<Scope>[]): (Choice<Scope> | vscode.QuickPickItem)[] {
  const global = choices.filter(({ value }) => value.workflowId === undefined);
  const specific = choices.filter(({ value }) => value.workflowId !== undefined);
  const separator = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return specific.length === 0
    ? global
    : [separator(t('One workflow')), ...specific, separator(t('All workflows')), ...global];
}

function expirationChoice(days: ExpiresInDays): Choice<ExpiresInDays> {
  return {
    label: days === null ? t('Never') : t('{0} days', days),
    ...(days === defaultExpiresInDays ? { description: t('default') } : {}),
    value: days,
  };
}
