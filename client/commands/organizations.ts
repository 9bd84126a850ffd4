/** Commands on organizations: add, rename, remove, and choose the current one. */

import * as vscode from 'vscode';
import type { OrganizationRow } from '../../server/protocol/organizations.ts';
import type { Ctx } from '../ctx.ts';
import { isOrganizationId } from '../names.ts';
import { removalText } from '../organizationText.ts';
import {
  alone,
  askChoice,
  askRow,
  askText,
  type Back,
  type Choice,
  confirm,
  type Place,
  withoutBack,
} from '../prompts.ts';
import { chosenOrganization, chooseOrganization as keepChoice } from '../settings.ts';
import { inSteps, type Steps } from '../steps.ts';
import type { ConfigNode } from '../views/configTree.ts';

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

/** One of `organizationChoices`; Enter takes the current one. */
export function askOrganization(
  place: Place,
  question: string,
  choices: Choice<string | undefined>[],
): Promise<string | undefined | Back> {
  return askChoice(
    place,
    question,
    choices,
    choices.find(({ value }) => value === chosenOrganization()),
  );
}

export async function addOrganization(ctx: Ctx): Promise<void> {
  const steps: Steps<{ id: string; name: string }> = {
    id: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('Its id, as keys and the command line use it'),
          placeholder: 'acme',
          value: soFar.id ?? '',
          validate: (text) =>
            isOrganizationId(text.trim())
              ? undefined
              : t('Letters, digits, “_”, “.” and “-”, a letter or digit first; at most 64; not “global”.'),
        }),
    },
    name: {
      ask: (place, soFar) =>
        askText(place, { prompt: t('Its name, for people'), value: soFar.name ?? soFar.id ?? '' }),
    },
  };
  await inSteps(ctx, t('Add Organization'), steps, async ({ id, name }) => {
    await ctx.request('workflowKeys/organizations/add', {
      id: id.trim(),
      ...(name.trim() === '' ? {} : { name: name.trim() }),
    });
  });
}

export async function renameOrganization(ctx: Ctx, node?: ConfigNode): Promise<void> {
  const title = t('Rename Organization');
  const { id, name } = await organizationOf(ctx, title, node);
  const typed = withoutBack(
    await askText(alone(title), {
      prompt: t('The name of “{0}” for people; its id stays', id),
      value: name,
      validate: (text) => (text.trim() === '' ? t('An organization needs a name.') : undefined),
    }),
  );
  await ctx.request('workflowKeys/organizations/rename', { id, name: typed.trim() });
}

/** Says what goes with it, and asks. */
export async function removeOrganization(ctx: Ctx, node?: ConfigNode): Promise<void> {
  const { id, name } = await organizationOf(ctx, t('Remove Organization'), node);
  const contents = await ctx.request('workflowKeys/organizations/contents', { id });
  await confirm(t('Remove the organization “{0}”?', name), removalText(contents, { t }), t('Remove'));
  await ctx.request('workflowKeys/organizations/remove', { id });
  if (chosenOrganization() === id) await keepChoice(undefined);
}

/** The current organization, for diagnostics and runs; the change of the setting tells the daemon. */
export async function chooseOrganization(ctx: Ctx): Promise<void> {
  const choices = await organizationChoices(ctx);
  const question = t('For which organization do diagnostics look, and workflows run from here?');
  await keepChoice(withoutBack(await askOrganization(alone(t('Choose Organization')), question, choices)));
}

async function organizationOf(ctx: Ctx, title: string, node?: ConfigNode): Promise<OrganizationRow> {
  const rows = await ctx.request('workflowKeys/organizations/list', null);
  const known = rows.find(({ id }) => node?.kind === 'scope' && id === node.organizationId);
  if (known) return known;
  const choices = rows.map((row) => ({
    label: `$(organization) ${row.name}`,
    ...(row.name === row.id ? {} : { description: row.id }),
    value: row,
  }));
  return await askRow(title, t('Which organization?'), choices, t('There are no organizations yet.'));
}
