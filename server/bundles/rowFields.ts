/** The fields of one row of a bundle → the row, checked as if it were made here; it knows no YAML and no line. */

import { checkDescription, checkName } from '../configs/configWish.ts';
import { checkOrganization } from '../configs/organizations.ts';
import { checkValue } from '../configs/values.ts';
import { checkShape } from '../connections/wish.ts';
import { Failure } from '../errors.ts';
import { type ConfigTypeName, configTypes } from '../protocol/configs.ts';
import type { AddCredentialParams } from '../protocol/credentials.ts';
import { endpointMethods } from '../protocol/workflows.ts';
import type { Bundle, BundledConfig, BundledOrganization, BundledWorkflow } from './bundle.ts';

/** Fields of the bundle's type → what stands there. */
export type Row = Map<string, unknown>;

/** @throws Failure `bad-input`, as the others here; the caller says on which line. */
export function readOrganization(row: Row): BundledOrganization {
  const id = textOf(row, 'id');
  const name = optionalText(row, 'name');
  return { id, name: checkOrganization({ id, ...(name !== undefined && { name }) }) };
}

export function readConfig(row: Row): BundledConfig {
  const name = row.get('name');
  checkName(name);
  const type = configTypes.find((known) => known === row.get('type'));
  if (!type) {
    throw new Failure('bad-input', `Config "${name}" needs a config_type: one of ${configTypes.join(', ')}.`);
  }
  const description = checkDescription(name, row.get('description') ?? undefined);
  return { name, ...placeIn(row), type, ...(description && { description }), ...valueIn(row, name, type) };
}

function valueIn(row: Row, name: string, type: ConfigTypeName): { value?: unknown } {
  const value = row.get('value');
  // JSON has a null of its own; for every other type it says that a value is needed (D37).
  if (value === undefined || (value === null && type !== 'json')) return {};
  if (type === 'secret') {
    throw new Failure(
      'bad-input',
      `Config "${name}" is a secret, and its value stands in the file. Take it out of there ("value: null") and change it where it was made; importing asks for the new one.`,
    );
  }
  return { value: checkValue(name, type, value) };
}

export function readCredential(row: Row): Bundle['credentials'][number] {
  const given = Object.fromEntries([...row].filter(([, value]) => value !== null));
  for (const [field, value] of Object.entries(given)) {
    const fits = field === 'hosts' ? Array.isArray(value) : typeof value === 'string';
    if (!fits)
      throw new Failure(
        'bad-input',
        `"${field}" of a credential is ${field === 'hosts' ? 'a list' : 'text'}.`,
      );
  }
  const { name, service } = given;
  if (typeof name !== 'string' || typeof service !== 'string') {
    throw new Failure('bad-input', 'A credential needs a name and a service.');
  }
  const { prefix = '', ...shape } = checkShape({ ...given, name, service, value: '' } as AddCredentialParams);
  // Said even when there is none, or the service's own would be put in its place.
  return { ...shape, ...placeIn(row), ...(shape.header !== undefined && { prefix }) };
}

export function readWorkflow(row: Row): BundledWorkflow {
  const id = textOf(row, 'id');
  const given = new Map([...row].filter(([field, value]) => value !== null && field !== 'id'));
  for (const [field, value] of given) {
    const setting = workflowSettings[field];
    if (!setting?.fits(value)) throw new Failure('bad-input', `Workflow "${id}": ${setting?.expected}.`);
  }
  return { id, ...Object.fromEntries(given) };
}

const flag = (name: string) => ({
  expected: `${name} is true or false`,
  fits: (value: unknown) => typeof value === 'boolean',
});
const workflowSettings: Record<string, { expected: string; fits(value: unknown): boolean }> = {
  endpointEnabled: flag('endpoint_enabled'),
  publicEndpoint: flag('public_endpoint'),
  disableGlobalKey: flag('disable_global_key'),
  allowedMethods: {
    expected: `allowed_methods is a list of ${endpointMethods.join(', ')}`,
    fits: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((method) => endpointMethods.includes(method)),
  },
  executionMode: {
    expected: 'execution_mode is sync or async',
    fits: (value) => value === 'sync' || value === 'async',
  },
  timeoutSeconds: {
    expected: 'timeout_seconds is a whole number from 0 to 86400',
    fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 86_400,
  },
  organizationId: { expected: 'organization is the id of one', fits: (value) => typeof value === 'string' },
};

function placeIn(row: Row): { organizationId?: string } {
  const organizationId = optionalText(row, 'organizationId');
  if (organizationId === undefined) return {};
  checkOrganization({ id: organizationId });
  return { organizationId };
}

function textOf(row: Row, field: string): string {
  const text = optionalText(row, field);
  if (text !== undefined && text !== '' && text.length <= 255) return text;
  throw new Failure('bad-input', `This needs its ${field}, as text of at most 255 characters.`);
}

function optionalText(row: Row, field: string): string | undefined {
  const value = row.get(field) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new Failure(
    'bad-input',
    `What names an organization, a workflow or a description is text, in quotes.`,
  );
}
