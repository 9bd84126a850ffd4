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
    if (isHomeless(config, known)) steps.push(homeless('config', config));
    else steps.push(planConfig(await findAt(reader, config), config));
  }
  for (const credential of bundle.credentials) {
    if (isHomeless(credential, known)) steps.push(homeless('credential', credential));
    else steps.push(await planCredential(reader, credential));
  }
  for (const workflow of bundle.workflows) {
    if (isHomeless(workflow, known)) steps.push(homeless('workflow', { ...workflow, name: workflow.id }));
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
  const { name, type, value } = config;
  if (!stored) {
    return value === undefined
      ? written(config, 'new', [], { needsValue: true })
      : written(config, 'new', [shownValue(name, value)], { value, needsValue: false });
  }
  if (stored.type === 'secret' && type !== 'secret') {
    return refused(
      toldOf(config),
      `is a secret here and a plain ${type} in the bundle; remove it here first if that is meant`,
    );
  }
  return value === undefined ? planWithoutValue(stored, config) : planValue(stored, config, value);
}

function planValue(stored: ConfigRecord, config: BundledConfig, value: unknown): Step {
  const { name, type } = config;
  if (stored.type === type && isDeepStrictEqual(stored.value, value)) return planKept(stored, config);
  const before = stored.value === undefined ? 'no value' : shownValue(name, stored.value);
  const [retyped, described] = changesOf(stored, config);
  const details = [...retyped, `${before} → ${shownValue(name, value)}`, ...described];
  return written(config, 'changed', details, { value, needsValue: false });
}

function planWithoutValue(stored: ConfigRecord, config: BundledConfig): Step {
  if (stored.type === config.type || stored.value === undefined) return planKept(stored, config);
  const { value } = stored;
  if (config.type === 'secret' && typeof value === 'string' && value !== '') {
    const [, described] = changesOf(stored, config);
    // What workflows read stays what it is, only that from now on it is encrypted.
    const details = ['becomes a secret and keeps its value', ...described];
    return written(config, 'changed', details, { value, needsValue: false });
  }
  return refused(
    toldOf(config),
    `is a plain ${stored.type} here, and the bundle has a ${config.type} without a value; remove it here first`,
  );
}

/** What is stored keeps its value, or goes on without one. */
function planKept(stored: ConfigRecord, config: BundledConfig): Step {
  const needsValue = stored.value === undefined;
  const details = changesOf(stored, config).flat();
  if (details.length > 0) return written(config, 'changed', details, { needsValue });
  return { item: { ...toldOf(config), change: 'unchanged', needsValue } };
}

/** Of the type, and of the description; each empty where there is none. */
function changesOf(stored: ConfigRecord, { type, description }: BundledConfig): [string[], string[]] {
  const isDescribed = description !== undefined && description !== stored.description;
  return [stored.type === type ? [] : [`${stored.type} → ${type}`], isDescribed ? ['description'] : []];
}

function written(
  config: BundledConfig,
  change: 'new' | 'changed',
  details: string[],
  { needsValue, value }: { needsValue: boolean; value?: unknown },
): Step {
  const { type, description } = config;
  const detail = details.join('; ');
  return {
    item: { ...toldOf(config), change, needsValue, ...(detail !== '' && { detail }) },
    act: {
      kind: 'write-config',
      place: placeOf(config),
      wish: {
        type,
        ...(value !== undefined && { value }),
        ...(description !== undefined && { description }),
        mayNeedValue: true,
      },
    },
  };
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

function homeless(kind: 'config' | 'credential' | 'workflow', row: ConfigPlace): Step {
  const reason = `belongs to ${scopeName(row)}, which is neither in the bundle nor here`;
  return refused({ kind, ...placeOf(row) }, reason);
}

/** @param reason the end of a sentence about the row. */
function refused(row: Pick<BundleItem, 'kind' | 'name' | 'organizationId' | 'type'>, reason: string): Step {
  return { item: { ...row, change: 'refused', needsValue: false, detail: reason } };
}

/** What is told of a config in any case. */
function toldOf(config: BundledConfig) {
  return { kind: 'config', ...placeOf(config), type: config.type } as const;
}

const longestShown = 40;

/** Of a plain value; one whose name is that of a secret is not shown either. */
function shownValue(name: string, value: unknown): string {
  if (looksLikeSecret(name)) return 'a value';
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
