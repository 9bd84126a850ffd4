/** Commands on organizations: add, remove, choose the one that diagnostics are for. */

import * as vscode from 'vscode';
import type { Ctx } from '../ctx.ts';
import { alone, askChoice, askRow, askText, type Choice, confirm, withoutBack } from '../prompts.ts';
import { chosenOrganization, chooseOrganization as keepChoice } from '../settings.ts';
import { inSteps } from '../steps.ts';
import type { ConfigNode } from '../views/configs.ts';

const { t } = vscode.l10n;

/** The global scope, then each organization; only the global scope when there are none. */
export async function organizationChoices(ctx: Ctx): Promise<Choice<string | undefined>[]> {
  const organizations = await ctx.request('workflowKeys/organizations/list', null);
  return [
    { label: `$(globe) ${t('Global')}`, value: undefined },
    ...organizations.map(({ id, name }) => ({
      label: `$(organization) ${name}`,
      ...(name === id ? {} : { description: id }),
      value: id,
    })),
  ];
}

export async function addOrganization(ctx: Ctx): Promise<void> {
  const { id, name } = await inSteps<{ id: string; name: string }>(t('Add Organization'), {
    id: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('Its id, as keys and the command line use it'),
          placeholder: 'acme',
          value: soFar.id ?? '',
          validate: (text) => (text.trim() === '' ? t('An organization needs an id.') : undefined),
        }),
    },
    name: {
      ask: (place, soFar) =>
        askText(place, { prompt: t('Its name, for people'), value: soFar.name ?? soFar.id ?? '' }),
    },
  });
  await ctx.request('workflowKeys/organizations/add', {
    id: id.trim(),
    ...(name.trim() === '' ? {} : { name: name.trim() }),
  });
}

export async function removeOrganization(ctx: Ctx, node?: ConfigNode): Promise<void> {
  const id = node?.kind === 'scope' ? node.organizationId : await askOrganization(ctx);
  if (id === undefined) return;
  const configs = (await ctx.request('workflowKeys/configs/list', {})).filter(
    (row) => row.organizationId === id,
  );
  await confirm(
    t('Remove the organization “{0}”?', id),
    t('Its {0} configuration values are removed with it. This cannot be undone.', configs.length),
    t('Remove'),
  );
  await ctx.request('workflowKeys/organizations/remove', { id });
}

/** For which organization the diagnostics look up names; the change of the setting tells the daemon. */
export async function chooseOrganization(ctx: Ctx): Promise<void> {
  const choices = await organizationChoices(ctx);
  const active = choices.find(({ value }) => value === chosenOrganization());
  const place = alone(t('Choose Organization'));
  const chosen = await askChoice(place, t('Whose configuration do diagnostics check?'), choices, active);
  await keepChoice(withoutBack(chosen));
}

async function askOrganization(ctx: Ctx): Promise<string | undefined> {
  const choices = (await organizationChoices(ctx)).filter(({ value }) => value !== undefined);
  const nothing = t('There are no organizations yet.');
  return await askRow(t('Remove Organization'), t('Which organization?'), choices, nothing);
}
