/** Portable bundles out of the state and into it (C21, C22, D37); it opens no secret and writes no file. */

import { setImmediate } from 'node:timers/promises';
import type { Configs } from '../configs/configs.ts';
import { rename as renameOrganization } from '../configs/organizations.ts';
import { findService } from '../connections/services.ts';
import { Failure } from '../errors.ts';
import type { BundlePreview, ExportedBundle, ImportedBundle, NeededValue } from '../protocol/bundles.ts';
import { looksLikeSecret } from '../secretNames.ts';
import type { ConfigRecord, CredentialRecord, WorkflowSettingsRecord } from '../store/contracts/records.ts';
import type { State, StateTransaction } from '../store/contracts/state.ts';
import type { Overrides } from '../workflows/overrides.ts';
import {
  type Bundle,
  type BundledConfig,
  type BundledCredential,
  type BundledWorkflow,
  fieldNames,
  writeBundle,
} from './bundle.ts';
import { type Act, planImport, type Step } from './plan.ts';

export interface BundlesParts {
  state: State;
  configs: Pick<Configs, 'changeIn' | 'addOrganizationIn' | 'announce'>;
  overrides: Pick<Overrides, 'setIn' | 'enforce'>;
  /** The text of a bundle → what it holds; refuses what is none. */
  read: (text: string) => Promise<Bundle>;
  /** Lower-case hex SHA-256. */
  hash: (text: string) => string;
}

export interface Bundles {
  /** Everything portable; the same state gives the same text. Audited before it is given. */
  export(actor: string): Promise<ExportedBundle>;
  /** What an import would do now; changes nothing. @throws Failure `bad-input` that names the line, `data-too-new`. */
  preview(text: string): Promise<BundlePreview>;
  /**
   * All of it in one transaction with its audit records, or nothing. A stored secret is never overwritten.
   *
   * @param approved the `id` of a preview: what was shown is what is done, or nothing.
   * @throws Failure as `preview`, and `conflict` when a row is refused or the preview is out of date.
   */
  import(params: { text: string; approved?: string }, actor: string): Promise<ImportedBundle>;
}

/** Of an import, between two looks at what else there is to do: a few milliseconds' work. */
const stepsAtOnce = 100;

export function openBundles({ state, configs, overrides, read, hash }: BundlesParts): Bundles {
  const idOf = (steps: Step[]) => hash(JSON.stringify(steps.map(({ item, act }) => [item, act])));

  async function perform(tx: StateTransaction, act: Act, actor: string): Promise<void> {
    switch (act.kind) {
      case 'add-organization':
        await configs.addOrganizationIn(tx, act.organization, actor);
        break;
      case 'rename-organization':
        await renameOrganization(tx, act.organization, actor);
        break;
      case 'write-config':
        await configs.changeIn(tx, act.place, { actor }, () => act.wish);
        break;
      case 'override-workflow':
        await overrides.setIn(tx, act.workflowId, act.wish, actor);
        break;
    }
  }

  return {
    async export(actor) {
      return state.transact(async (tx) => {
        const stored = {
          configs: await tx.list('configs'),
          credentials: await tx.list('credentials'),
          keys: (await tx.list('keys')).filter(({ revokedAt }) => revokedAt === undefined),
          folders: await tx.list('folders'),
        };
        const bundle: Bundle = {
          organizations: (await tx.list('organizations')).map(({ id, name }) => ({ id, name })),
          configs: stored.configs.map(bundledConfig),
          credentials: stored.credentials.map(bundledCredential),
          workflows: (await tx.list('workflowSettings')).map(bundledWorkflow).filter(saysSomething),
        };
        const leftOut = {
          secretValues: stored.configs.filter(({ type, value }) => type === 'secret' && value !== undefined)
            .length,
          credentialValues: stored.credentials.length,
          testAddresses:
            stored.credentials.filter(({ testUrl }) => testUrl !== undefined).length -
            bundle.credentials.filter(({ testUrl }) => testUrl !== undefined).length,
          keys: stored.keys.length,
          folders: stored.folders.length,
        };
        tx.audit({
          actor,
          action: 'bundle.exported',
          target: 'configuration',
          outcome: 'ok',
          detail: { ...countsOf(bundle), ...leftOut },
        });
        return {
          text: writeBundle(bundle),
          ...countsOf(bundle),
          leftOut,
          suspects: stored.configs.filter(isSuspect).map(({ name }) => name),
        };
      });
    },

    async preview(text) {
      const steps = await planImport(state, await read(text));
      return { id: idOf(steps), items: steps.map(({ item }) => item) };
    },

    async import({ text, approved }, actor) {
      const bundle = await read(text);
      const steps = await state.transact(async (tx) => {
        const planned = await planImport(tx, bundle);
        if (approved !== undefined && approved !== idOf(planned)) {
          throw new Failure(
            'conflict',
            'The configuration has changed since the preview, so nothing was imported. Look at it again.',
          );
        }
        checkNoneRefused(planned);
        tx.audit({
          actor,
          action: 'bundle.imported',
          target: 'configuration',
          outcome: 'ok',
          detail: { ...countsOf(bundle), changes: planned.filter(({ act }) => act).length },
        });
        for (const [index, { act }] of planned.entries()) {
          if (index % stepsAtOnce === 0) await setImmediate();
          if (act) await perform(tx, act, actor);
        }
        return planned;
      });
      if (steps.some(({ act }) => act?.kind === 'override-workflow')) await overrides.enforce();
      configs.announce(['organizations', 'configs']);
      return { items: steps.map(({ item }) => item), needed: neededValues(bundle, steps) };
    },
  };
}

/** Invariant: a secret has no value here, sealed or not (C21, D32). */
function bundledConfig({ name, organizationId, type, description, value }: ConfigRecord): BundledConfig {
  return {
    name,
    ...(organizationId !== undefined && { organizationId }),
    type,
    ...(description !== undefined && { description }),
    ...(type !== 'secret' && value !== undefined && { value }),
  };
}

/** Field by field, so that what is added to the record one day does not slip out. */
function bundledCredential(record: CredentialRecord): BundledCredential {
  const { name, organizationId, service, auth, header, prefix = '', queryParameter, hosts } = record;
  const { testUrl, tokenUrl, clientId, oauthScope } = record;
  // Some services want the key in the address itself, so only an address that is known to hold none is given away.
  const isKnownAddress = testUrl !== undefined && testUrl === findService(service)?.testUrl;
  return {
    name,
    ...(organizationId !== undefined && { organizationId }),
    service,
    auth,
    ...(header !== undefined && { header, prefix }),
    ...(queryParameter !== undefined && { queryParameter }),
    hosts: [...hosts],
    ...(isKnownAddress && { testUrl }),
    ...(tokenUrl !== undefined && { tokenUrl }),
    ...(clientId !== undefined && { clientId }),
    ...(oauthScope !== undefined && { oauthScope }),
  };
}

function bundledWorkflow(record: WorkflowSettingsRecord): BundledWorkflow {
  const fields = Object.values(fieldNames.workflows).map((field) => [field, record[field]] as const);
  return { id: record.id, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
}

/** A row whose settings were all given back to the decorator stays behind in the state. */
function saysSomething(workflow: BundledWorkflow): boolean {
  return Object.keys(workflow).length > 1;
}

/** It goes out as plain text under a name that is that of a secret. */
function isSuspect({ name, type, value }: ConfigRecord): boolean {
  return type !== 'secret' && typeof value === 'string' && value !== '' && looksLikeSecret(name);
}

function countsOf(bundle: Bundle) {
  return {
    organizations: bundle.organizations.length,
    configs: bundle.configs.length,
    credentials: bundle.credentials.length,
    workflows: bundle.workflows.length,
  };
}

function checkNoneRefused(steps: Step[]): void {
  const refused = steps.flatMap(({ item }) => (item.change === 'refused' ? item : []));
  const [first] = refused;
  if (!first) return;
  const others = refused.length > 1 ? `, and ${refused.length - 1} more` : '';
  throw new Failure(
    'conflict',
    `Nothing was imported, because the ${first.kind} "${first.name}" ${first.detail}${others}.`,
  );
}

/** C22: what is to be typed, by whom it is for. */
function neededValues(bundle: Bundle, steps: Step[]): NeededValue[] {
  const missing = new Set(steps.flatMap(({ item }) => (item.needsValue ? [keyOf(item.kind, item)] : [])));
  return [
    ...bundle.configs
      .filter((row) => missing.has(keyOf('config', row)))
      .map(({ value: _, ...row }): NeededValue => ({ kind: 'config', ...row })),
    ...bundle.credentials
      .filter((row) => missing.has(keyOf('credential', row)))
      .map((row): NeededValue => ({ kind: 'credential', ...row })),
  ];
}

function keyOf(kind: string, { name, organizationId }: { name: string; organizationId?: string }): string {
  return JSON.stringify([kind, name, organizationId ?? null]);
}
