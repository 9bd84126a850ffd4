/** What an import would change, compared with what is stored (D37); it changes nothing and opens no secret. */

import { isDeepStrictEqual } from 'node:util';
import { type ConfigPlace, findAt, placeOf, scopeName } from '../configs/cascade.ts';
import type { ConfigWish } from '../configs/configWish.ts';
import type { BundleItem } from '../protocol/bundles.ts';
import { looksLikeSecret } from '../secretNames.ts';
import type { ConfigRecord } from '../store/contracts/records.ts';
import type { StateReader } from '../store/contracts/state.ts';
import type { OverrideWish } from '../workflows/overrides.ts';
import type {
  Bundle,
  BundledConfig,
  BundledCredential,
  BundledOrganization,
  BundledWorkflow,
} from './bundle.ts';

/** One row of a bundle: what is told of it, and what is to be done, if anything. */
export interface Step {
  item: BundleItem;
  act?: Act;
}

export type Act =
  | { kind: 'add-organization' | 'rename-organization'; organization: BundledOrganization }
  | { kind: 'write-config'; place: ConfigPlace; wish: ConfigWish }
  | { kind: 'override-workflow'; workflowId: string; wish: OverrideWish };

/** In the order in which they are to be done. */
export async function planImport(reader: StateReader, bundle: Bundle): Promise<Step[]> {
  const stored = await reader.list('organizations');
  const known = new Set([...stored, ...bundle.organizations].map(({ id }) => id));
  const steps: Step[] = [];
  for (const organization of bundle.organizations) steps.push(await planOrganization(reader, organization));
  for (const config of bundle.configs) {
    steps.push(
      isHomeless(config, known)
        ? refused('config', config)
        : planConfig(await findAt(reader, config), config),
    );
  }
  for (const credential of bundle.credentials) {
    if (isHomeless(credential, known)) steps.push(refused('credential', credential));
    else steps.push(await planCredential(reader, credential));
  }
  for (const workflow of bundle.workflows) {
    if (isHomeless(workflow, known)) steps.push(refused('workflow', { ...workflow, name: workflow.id }));
    else steps.push(await planWorkflow(reader, workflow));
  }
  return steps;
}

async function planOrganization(reader: StateReader, organization: BundledOrganization): Promise<Step> {
  const { id } = organization;
  const item = { kind: 'organization', name: id, needsValue: false } as const;
  const stored = await reader.get('organizations', id);
  if (!stored) return { item: { ...item, change: 'new' }, act: { kind: 'add-organization', organization } };
  if (stored.name === organization.name) return { item: { ...item, change: 'unchanged' } };
  const detail = `"${stored.name}" → "${organization.name}"`;
  return { item: { ...item, change: 'changed', detail }, act: { kind: 'rename-organization', organization } };
}

function planConfig(stored: ConfigRecord | undefined, config: BundledConfig): Step {
  const { type, value, description } = config;
  const place = placeOf(config);
  const item = { kind: 'config', ...place, type } as const;
  const write = (
    change: 'new' | 'changed',
    details: string[],
    { needsValue, ...wish }: Omit<ConfigWish, 'type'> & { needsValue: boolean },
  ): Step => ({
    item: { ...item, change, needsValue, ...(details.length > 0 && { detail: details.join('; ') }) },
    act: {
      kind: 'write-config',
      place,
      wish: { type, ...wish, ...(description !== undefined && { description }), mayNeedValue: true },
    },
  });
  const refuse = (detail: string): Step => ({
    item: { ...item, change: 'refused', needsValue: false, detail },
  });

  if (!stored) {
    const given = value === undefined ? {} : { value };
    return write('new', value === undefined ? [] : [shownValue(config.name, value)], {
      ...given,
      needsValue: value === undefined,
    });
  }
  const described = description !== undefined && description !== stored.description ? ['description'] : [];
  const needsValue = stored.value === undefined;
  if (stored.type === 'secret' && type !== 'secret') {
    return refuse(
      `is a secret here and a plain ${type} in the bundle; remove it here first if that is meant`,
    );
  }
  if (value !== undefined) {
    if (stored.type === type && isDeepStrictEqual(stored.value, value)) {
      return described.length === 0
        ? { item: { ...item, change: 'unchanged', needsValue } }
        : write('changed', described, { needsValue });
    }
    const before = needsValue ? 'no value' : shownValue(config.name, stored.value);
    const retyped = stored.type === type ? [] : [`${stored.type} → ${type}`];
    return write('changed', [...retyped, `${before} → ${shownValue(config.name, value)}`, ...described], {
      value,
      needsValue: false,
    });
  }
  if (stored.type !== type && !needsValue) {
    // What workflows read stays what it is, only that from now on it is encrypted.
    if (type === 'secret' && typeof stored.value === 'string' && stored.value !== '') {
      return write('changed', ['becomes a secret and keeps its value', ...described], {
        value: stored.value,
        needsValue: false,
      });
    }
    return refuse(
      `is a plain ${stored.type} here, and the bundle has a ${type} without a value; remove it here first`,
    );
  }
  if (stored.type === type && described.length === 0) {
    return { item: { ...item, change: 'unchanged', needsValue } };
  }
  return write('changed', stored.type === type ? described : [`${stored.type} → ${type}`, ...described], {
    needsValue,
  });
}

/** A stored credential stays as it is: a bundle must not send a key that is there to another host. */
async function planCredential(reader: StateReader, credential: BundledCredential): Promise<Step> {
  const { name, organizationId, service, hosts } = credential;
  const item = { kind: 'credential', ...placeOf(credential) } as const;
  const named = await reader.findBy('credentials', 'name', name);
  const isStored = named.some((record) => record.organizationId === organizationId);
  return {
    item: isStored
      ? { ...item, change: 'unchanged', needsValue: false }
      : { ...item, change: 'new', needsValue: true, detail: `${service}, sent to ${hosts.join(', ')}` },
  };
}

async function planWorkflow(reader: StateReader, workflow: BundledWorkflow): Promise<Step> {
  const { id, ...wish } = workflow;
  const stored = await reader.get('workflowSettings', id);
  const changed = Object.entries(wish).filter(
    ([setting, value]) => !isDeepStrictEqual(stored?.[setting as keyof typeof wish], value),
  );
  const item = { kind: 'workflow', name: id, needsValue: false } as const;
  if (changed.length === 0) return { item: { ...item, change: 'unchanged' } };
  const detail = changed.map(([setting, value]) => `${setting} ${[value].flat().join(', ')}`).join('; ');
  return {
    item: { ...item, change: stored ? 'changed' : 'new', detail },
    act: { kind: 'override-workflow', workflowId: id, wish },
  };
}

function isHomeless({ organizationId }: BundledWorkflow | ConfigPlace, known: ReadonlySet<string>): boolean {
  return organizationId !== undefined && !known.has(organizationId);
}

function refused(kind: 'config' | 'credential' | 'workflow', row: ConfigPlace): Step {
  const detail = `belongs to ${scopeName(row)}, which is neither in the bundle nor here`;
  return { item: { kind, ...placeOf(row), change: 'refused', needsValue: false, detail } };
}

const longestShown = 40;

/** Of a plain value; one whose name is that of a secret is not shown either. */
function shownValue(name: string, value: unknown): string {
  if (looksLikeSecret(name)) return 'a value';
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
