/** Commands on credentials: add, test, rotate and remove; a value goes through its own hidden prompt. */

import * as vscode from 'vscode';
import type { CredentialRow, ServiceRow } from '../../server/protocol/credentials.ts';
import type { Ctx } from '../ctx.ts';
import { isConfigName } from '../names.ts';
import {
  askChoice,
  askRow,
  askSecret,
  askText,
  type Back,
  type Choice,
  confirm,
  type Place,
} from '../prompts.ts';
import { inSteps, type Steps } from '../steps.ts';
import { authName, credentialText } from '../views/credentialText.ts';
import { askOrganization, organizationChoices } from './organizations.ts';

const { t } = vscode.l10n;

type Placement = ServiceRow['auth'][number];

interface Draft {
  service: ServiceRow;
  placement: Placement;
  name: string;
  organizationId?: string;
  header: string;
  prefix: string;
  hosts: string;
  tokenUrl: string;
  clientId: string;
  value: string;
  clientSecret: string;
  testUrl: string;
}

/** “Add Credential…” (F2–F10): what the service settles is filled in, and asked only where it is the user's to say. */
export async function addCredential(ctx: Ctx): Promise<void> {
  const [services, organizations] = await Promise.all([
    ctx.request('workflowKeys/credentials/services', null),
    organizationChoices(ctx),
  ]);
  const isOauth = ({ placement }: Partial<Draft>) => /^(client|refresh)/.test(placement?.auth ?? '');
  const steps: Steps<Draft> = {
    service: {
      ask: (place) => askChoice(place, t('Which service is it for?'), services.map(serviceChoice)),
    },
    placement: {
      when: ({ service }) => service === undefined || service.auth.length > 1,
      ask: (place, { service }) =>
        askChoice(place, t('How does it authenticate?'), (service?.auth ?? []).map(placementChoice)),
    },
    name: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The name that workflows use, as in credential="…"'),
          value: soFar.name ?? soFar.service?.id ?? '',
          validate: (text) =>
            isConfigName(text) ? undefined : t('Letters, digits, “_”, “.” and “-”; at most 255.'),
        }),
    },
    organizationId: {
      when: () => organizations.length > 1,
      ask: (place) => askOrganization(place, t('Whose workflows may use it?'), organizations),
    },
    header: {
      when: (soFar) => !isOauth(soFar),
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The header that it goes into'),
          value: soFar.header ?? placementOf(soFar)?.header ?? '',
          validate: (text) => (/^[\w!#$%&'*+.^`|~-]+$/.test(text) ? undefined : t('This is no header name.')),
        }),
    },
    prefix: {
      when: (soFar) => !isOauth(soFar),
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The word before the value, such as Bearer or Token; empty for none'),
          value: soFar.prefix ?? placementOf(soFar)?.prefix ?? '',
          validate: (text) => (/\s/.test(text) ? t('One word without blanks.') : undefined),
        }),
    },
    hosts: {
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The hosts that it may be sent to, separated by commas'),
          placeholder: 'api.example.com, *.example.com',
          value: soFar.hosts ?? soFar.service?.hosts.join(', ') ?? '',
          validate: (text) => (splitHosts(text).length === 0 ? t('Name at least one host.') : undefined),
        }),
    },
    tokenUrl: {
      when: isOauth,
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The address where tokens are issued'),
          placeholder: 'https://id.example.com/oauth/token',
          value: soFar.tokenUrl ?? soFar.service?.tokenUrl ?? '',
          validate: checkAddress,
        }),
    },
    clientId: {
      when: isOauth,
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('The client id'),
          value: soFar.clientId ?? '',
          validate: (text) => (text.trim() === '' ? t('A client needs its id.') : undefined),
        }),
    },
    value: { ask: (place, soFar) => askValue(place, placementOf(soFar)?.auth) },
    clientSecret: {
      when: (soFar) => placementOf(soFar)?.auth === 'refresh-token',
      ask: askClientSecret,
    },
    testUrl: {
      when: ({ service, hosts }) => service?.testUrl === undefined || hosts !== service.hosts.join(', '),
      ask: (place, soFar) =>
        askText(place, {
          prompt: t('An address that a test of it can get; empty for none'),
          placeholder: 'https://api.example.com/me',
          value: soFar.testUrl ?? '',
          validate: (text) => (text === '' ? undefined : checkAddress(text)),
        }),
    },
  };
  const row = await inSteps(ctx, t('Add Credential'), steps, (draft) =>
    ctx.request('workflowKeys/credentials/add', wishOf(draft)),
  );
  const test = t('Test Connection');
  const chosen = await vscode.window.showInformationMessage(t('“{0}” is stored.', row.name), test);
  if (chosen === test) await testCredential(ctx, row);
}

/** “Test Connection” (F9, F14). */
export async function testCredential(ctx: Ctx, given?: CredentialRow): Promise<void> {
  const row = given ?? (await askCredential(ctx, t('Test Connection')));
  const { id, name } = row;
  const { outcome, message } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: t('Testing “{0}”…', name) },
    () => ctx.request('workflowKeys/credentials/test', { id }),
  );
  switch (outcome) {
    case 'good':
      void vscode.window.showInformationMessage(message);
      return;
    case 'inconclusive':
      void vscode.window.showWarningMessage(message);
      return;
    case 'bad': {
      const rotate = t('Rotate Credential…');
      if ((await vscode.window.showErrorMessage(message, rotate)) === rotate)
        await rotateCredential(ctx, row);
      return;
    }
  }
}

/** A new value (F13); the test is offered after it (F14). */
export async function rotateCredential(ctx: Ctx, given?: CredentialRow): Promise<void> {
  const row = given ?? (await askCredential(ctx, t('Rotate Credential')));
  const steps: Steps<Pick<Draft, 'value' | 'clientSecret'>> = {
    value: { ask: (place) => askValue(place, row.auth) },
    clientSecret: { when: () => row.auth === 'refresh-token', ask: askClientSecret },
  };
  await inSteps(ctx, t('Rotate “{0}”', row.name), steps, (draft) =>
    ctx.request('workflowKeys/credentials/rotate', { id: row.id, ...secretsOf(draft) }),
  );
  const test = t('Test Connection');
  const message = t('“{0}” has its new value; the next call uses it.', row.name);
  if ((await vscode.window.showInformationMessage(message, test)) === test) await testCredential(ctx, row);
}

export async function removeCredential(ctx: Ctx, given?: CredentialRow): Promise<void> {
  const row = given ?? (await askCredential(ctx, t('Remove Credential')));
  await confirm(
    t('Remove the credential “{0}”?', row.name),
    t('Workflows that call with it fail from now on. Its value cannot be brought back.'),
    t('Remove'),
  );
  await ctx.request('workflowKeys/credentials/remove', { id: row.id });
}

function wishOf(draft: Draft) {
  const { service, name, organizationId, header, prefix, tokenUrl, clientId, testUrl } = draft;
  const { auth } = placementOf(draft) ?? {};
  const hosts = splitHosts(draft.hosts);
  return {
    name,
    service: service.id,
    ...secretsOf(draft),
    ...(auth !== undefined && { auth }),
    ...(organizationId !== undefined && { organizationId }),
    ...(header !== undefined && { header }),
    ...(prefix !== undefined && { prefix }),
    // The service's own hosts are left to the daemon, together with the test that is for them.
    ...(hosts.join() !== service.hosts.join() && { hosts }),
    ...(tokenUrl !== undefined && { tokenUrl }),
    ...(clientId !== undefined && { clientId }),
    ...(testUrl && { testUrl }),
  };
}

function secretsOf({ value, clientSecret }: Pick<Draft, 'value' | 'clientSecret'>) {
  return { value, ...(clientSecret && { clientSecret }) };
}

/** A service that takes one kind only is not asked about. */
function placementOf({ service, placement }: Partial<Draft>): Placement | undefined {
  return service !== undefined && service.auth.length === 1 ? service.auth[0] : placement;
}

async function askValue(place: Place, auth: CredentialRow['auth'] | undefined): Promise<string | Back> {
  switch (auth) {
    case 'basic':
      return await askSecret(place, t('User and password, with “:” between; encrypted and not shown again'));
    case 'client-credentials':
      return await askSecret(place, t('The client secret; it is encrypted and not shown again'));
    case 'refresh-token':
      return await askSecret(place, t('The refresh token; it is encrypted and not shown again'));
    default:
      return await askSecret(place, t('The key or token; it is encrypted and not shown again'));
  }
}

/** Public clients have none, which is why it may be left empty. */
async function askClientSecret(place: Place): Promise<string | Back> {
  const none = t('No client secret');
  const has = await askChoice(place, t('Does the client have a secret?'), [
    { label: t('Enter the client secret…'), value: true },
    { label: none, value: false },
  ]);
  if (has === true)
    return await askSecret(place, t('The client secret; it is encrypted and not shown again'));
  return has === false ? '' : has;
}

async function askCredential(ctx: Ctx, title: string): Promise<CredentialRow> {
  const rows = await ctx.request('workflowKeys/credentials/list', {});
  const context = { t, now: Date.now(), language: vscode.env.language };
  const choices = rows.map((row): Choice<CredentialRow> => {
    const { label, description } = credentialText(row, context);
    return { label: `$(plug) ${label}`, description, value: row };
  });
  return await askRow(title, t('Which credential?'), choices, t('There are no credentials yet.'));
}

function serviceChoice(service: ServiceRow): Choice<ServiceRow> {
  return { label: service.name, description: service.hosts.join(', '), value: service };
}

function placementChoice(placement: Placement): Choice<Placement> {
  const sent = [placement.header, placement.prefix].filter(Boolean).join(': ');
  return { label: authName(placement.auth, t), description: sent, value: placement };
}

function splitHosts(text: string): string[] {
  return text
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
}

function checkAddress(text: string): string | undefined {
  return URL.canParse(text) ? undefined : t('This is no address yet.');
}
