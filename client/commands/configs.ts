/** Commands on configuration: set, edit and remove values; secrets go through their own hidden prompt. */

import * as vscode from 'vscode';
import type { ConfigRow, ConfigTypeName, ReferenceKind } from '../../server/protocol/configs.ts';
import { looksLikeSecret } from '../../server/secretNames.ts';
import type { Ctx } from '../ctx.ts';
import { isConfigName } from '../names.ts';
import {
  askChoice,
  askRow,
  askSecret,
  askText,
  type Back,
  back,
  type Choice,
  confirm,
  type Place,
  Pressed,
} from '../prompts.ts';
import { inSteps, type Steps } from '../steps.ts';
import { configValueText, parseConfigValue } from '../values.ts';
import { configText } from '../views/configText.ts';
import type { ConfigNode } from '../views/configTree.ts';
import { askOrganization, organizationChoices } from './organizations.ts';

const { t } = vscode.l10n;

/** What a quick fix knows of the value that is missing. */
export interface MissingConfig {
  name: string;
  organizationId?: string;
}

interface Draft {
  name: string;
  organizationId?: string;
  type: ConfigTypeName;
  content: Content;
}

/** What is stored: text as it was typed, or where the value of a secret is (D29). */
type Content = { value: string } | { reference: string };

/** “Add Config…” (C7). */
export async function addConfig(ctx: Ctx, node?: ConfigNode): Promise<void> {
  await ask(ctx, t('Add Config'), node?.kind === 'scope' ? { scope: node } : {});
}

/** “Set Secret…” (S3): the type is known. */
export async function setSecret(ctx: Ctx, node?: ConfigNode): Promise<void> {
  await ask(ctx, t('Set Secret'), { type: 'secret', ...(node?.kind === 'scope' ? { scope: node } : {}) });
}

/** The quick fix of a missing name: only type and value are open. */
export async function setConfig(ctx: Ctx, missing?: MissingConfig): Promise<void> {
  if (!missing) return await addConfig(ctx);
  await ask(ctx, t('Set “{0}”', missing.name), { name: missing.name, scope: missing });
}

/** A new value for a row; a secret needs its full new value (C14). */
export async function editConfig(ctx: Ctx, node?: ConfigNode): Promise<void> {
  const row = node?.kind === 'config' ? node.row : await askConfig(ctx, t('Edit Config'));
  const steps: Steps<Pick<Draft, 'content'>> = {
    content: { ask: (place) => askContent(place, row.type, row) },
  };
  await inSteps(ctx, t('Edit “{0}”', row.name), steps, ({ content }) =>
    store(ctx, { ...address(row), type: row.type, content }),
  );
}

export async function unsetConfig(ctx: Ctx, node?: ConfigNode): Promise<void> {
  const row = node?.kind === 'config' ? node.row : await askConfig(ctx, t('Remove Config'));
  await confirm(
    t('Remove “{0}”?', row.name),
    t('Workflows that read it fail from now on. Its value cannot be brought back.'),
    t('Remove'),
  );
  await ctx.request('workflowKeys/configs/unset', address(row));
}

/** What is known before the first question. */
interface Known {
  name?: string;
  type?: ConfigTypeName;
  /** Where it is stored; `organizationId` absent is the global scope. */
  scope?: { organizationId?: string };
}

async function ask(ctx: Ctx, title: string, known: Known): Promise<void> {
  const [rows, organizations] = await Promise.all([
    ctx.request('workflowKeys/configs/list', {}),
    known.scope ? [] : organizationChoices(ctx),
  ]);
  const nameOf = (soFar: Partial<Draft>) => known.name ?? soFar.name ?? '';
  const scopeOf = (soFar: Partial<Draft>) => (known.scope ?? soFar).organizationId;
  const rowOf = (soFar: Partial<Draft>, organizationId: string | undefined) =>
    rows.find((row) => row.name === nameOf(soFar) && row.organizationId === organizationId);
  const storedOf = (soFar: Partial<Draft>) => rowOf(soFar, scopeOf(soFar));
  // What is a secret stays one: only its removal lets a name hold a plain value again (D30).
  const fixedType = (soFar: Partial<Draft>) => (storedOf(soFar)?.type === 'secret' ? 'secret' : known.type);
  const typeOf = (soFar: Partial<Draft>) => fixedType(soFar) ?? soFar.type ?? 'string';
  const steps: Steps<Draft> = {
    name: {
      when: () => known.name === undefined,
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The name that workflows read, as in config.get("…")'),
          placeholder: known.type === 'secret' ? 'api_key' : 'base_url',
          value: soFar.name ?? '',
          validate: (text) =>
            isConfigName(text) ? undefined : t('Letters, digits, “_”, “.” and “-”; at most 255.'),
        }),
    },
    organizationId: {
      when: () => organizations.length > 1,
      ask: (place) => askOrganization(place, t('Who sees it?'), organizations),
    },
    type: {
      when: (soFar) => fixedType(soFar) === undefined,
      ask: (place, soFar) => {
        const isSecret = looksLikeSecret(nameOf(soFar)) || rowOf(soFar, undefined)?.type === 'secret';
        const choices = typeChoices(isSecret);
        const type = soFar.type ?? storedOf(soFar)?.type;
        const active = choices.find(({ value }) => value === type);
        return askChoice(place, t('Which type?'), choices, active ?? choices[0]);
      },
    },
    content: { ask: (place, soFar) => askContent(place, typeOf(soFar), storedOf(soFar)) },
  };
  await inSteps(ctx, title, steps, (draft) => {
    const organizationId = scopeOf(draft);
    return store(ctx, {
      name: nameOf(draft),
      type: typeOf(draft),
      content: draft.content,
      ...(organizationId === undefined ? {} : { organizationId }),
    });
  });
}

async function store(ctx: Ctx, { name, organizationId, type, content }: Draft): Promise<void> {
  // As it was typed: the daemon makes the type's value of it, for the editor and the command line alike.
  await ctx.request('workflowKeys/configs/set', {
    name,
    type,
    ...content,
    ...(organizationId === undefined ? {} : { organizationId }),
  });
}

/** What is stored there already is shown where it may be, and replaced. */
async function askContent(place: Place, type: ConfigTypeName, stored?: ConfigRow): Promise<Content | Back> {
  const isReplaced = stored !== undefined && !stored.needsValue;
  if (type === 'secret') return await askSecretContent(place, isReplaced);
  const value = stored?.type === type ? configValueText(type, stored.value) : '';
  const answer = await askValue(place, type, value, isReplaced);
  return answer === back ? back : { value: answer };
}

/** The secret itself, or by the button where it is. */
async function askSecretContent(place: Place, isReplaced: boolean): Promise<Content | Back> {
  const prompt = isReplaced
    ? t('The new value; it replaces the one that is stored, is encrypted and not shown again')
    : t('The secret; it is encrypted and not shown again');
  try {
    const answer = await askSecret(place, prompt, {
      iconPath: new vscode.ThemeIcon('link'),
      tooltip: t('Refer to an environment variable, a file or a command instead'),
    });
    return answer === back ? back : { value: answer };
  } catch (error) {
    if (!(error instanceof Pressed)) throw error;
    const answer = await askReference(place);
    return answer === back ? await askSecretContent(place, isReplaced) : answer;
  }
}

/** D29. */
async function askReference(place: Place): Promise<Content | Back> {
  // A way back to the secret, also where it was the first question.
  const further = { ...place, step: place.step + 1, total: place.total + 1 };
  const kind = await askChoice(
    further,
    t('Where is the secret? It is looked up at each read.'),
    referenceKinds(),
  );
  if (kind === back) return back;
  const { prompt, placeholder } = referenceQuestions()[kind];
  const target = await askText(further, {
    prompt,
    placeholder,
    validate: (text) => (text.trim() === '' ? t('It cannot be empty.') : undefined),
  });
  return target === back ? await askReference(place) : { reference: `${kind}:${target.trim()}` };
}

function referenceKinds(): Choice<ReferenceKind>[] {
  return [
    { label: `$(symbol-variable) ${t('Environment variable')}`, value: 'env' },
    { label: `$(file) ${t('File')}`, value: 'file' },
    { label: `$(terminal) ${t('Command')}`, description: 'op, vault, pass, …', value: 'command' },
  ];
}

function referenceQuestions(): Record<ReferenceKind, { prompt: string; placeholder: string }> {
  return {
    env: { prompt: t("The variable's name, in the environment of the daemon"), placeholder: 'STRIPE_KEY' },
    file: {
      prompt: t('The absolute path of the file, or one that begins with ~/'),
      placeholder: '~/secrets/stripe',
    },
    command: {
      prompt: t('The command that prints the secret; it is run without a shell'),
      placeholder: 'op read op://vault/stripe/key',
    },
  };
}

async function askValue(
  place: Place,
  type: Exclude<ConfigTypeName, 'secret'>,
  value: string,
  isReplaced: boolean,
): Promise<string | Back> {
  const prompt = isReplaced ? t('The new value; it replaces the one that is stored') : t('The value');
  switch (type) {
    case 'bool': {
      const choices = ['true', 'false'].map((label) => ({ label, value: label }));
      return await askChoice(
        place,
        prompt,
        choices,
        choices.find(({ label }) => label === value),
      );
    }
    default:
      return await askText(place, {
        prompt: `${prompt} (${type})`,
        value,
        validate: (text) => {
          const parsed = parseConfigValue(type, text, t);
          return parsed.ok ? undefined : parsed.problem;
        },
      });
  }
}

/** C5: “Secret” stands first for what is likely to be one. */
function typeChoices(isSecret: boolean): Choice<ConfigTypeName>[] {
  const secret: Choice<ConfigTypeName> = {
    label: `$(lock) ${t('Secret')}`,
    description: t('encrypted, never shown again'),
    value: 'secret',
  };
  const plain: Choice<ConfigTypeName>[] = [
    { label: `$(symbol-string) ${t('Text')}`, value: 'string' },
    { label: `$(symbol-number) ${t('Whole number')}`, value: 'int' },
    { label: `$(symbol-boolean) ${t('True or false')}`, value: 'bool' },
    { label: '$(json) JSON', value: 'json' },
  ];
  return isSecret ? [secret, ...plain] : [...plain, secret];
}

async function askConfig(ctx: Ctx, title: string): Promise<ConfigRow> {
  const rows = await ctx.request('workflowKeys/configs/list', {});
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.map((row): Choice<ConfigRow> => {
    const { label, description, icon } = configText(row, context);
    return {
      label: `$(${icon}) ${label}`,
      description: [row.organizationId ?? t('Global'), description].join(' · '),
      value: row,
    };
  });
  return await askRow(title, t('Which value?'), choices, t('There is no configuration yet.'));
}

function address({ name, organizationId }: ConfigRow): { name: string; organizationId?: string } {
  return organizationId === undefined ? { name } : { name, organizationId };
}
