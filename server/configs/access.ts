/** What a run may do with the configuration: its own organization's, then the global one; no HTTP, no processes. */

import { Failure } from '../errors.ts';
import { configNamePattern, secretPlaceholder } from '../protocol/configs.ts';
import type { ConfigAddress, ConfigAnswer, ConfigServices, RunScope } from '../runs/contracts.ts';
import type { AuditEntry } from '../store/contracts/audit.ts';
import type { ConfigRecord } from '../store/contracts/records.ts';
import type { State } from '../store/contracts/state.ts';
import { type ConfigPlace, scopeName, visibleTo } from './cascade.ts';
import type { Configs } from './configs.ts';
import { isPresent, removedMessage } from './organizations.ts';
import { kindOf } from './reference.ts';
import type { References } from './references.ts';
import { typeOf } from './values.ts';
import type { Vault } from './vault.ts';

export interface AccessParts {
  state: State;
  configs: Configs;
  vault: Pick<Vault, 'read'>;
  references: Pick<References, 'resolve'>;
  /** Resolves once the record is durable, and rejects when it cannot be. */
  appendAudit: (entry: AuditEntry) => Promise<unknown>;
}

/**
 * The services behind `bifrost.config` in workflow code (S4, S6, C9).
 *
 * Invariant: a run sees its own organization and the global scope, never another organization (S11, S20, D27), and
 * a secret leaves only after the record of its read is durable (D33, D34). Once its organization is removed it sees
 * nothing.
 */
export function openConfigAccess({
  state,
  configs,
  vault,
  references,
  appendAudit,
}: AccessParts): ConfigServices {
  /**
   * The scope that an address means for this run (D5). Another organization's is refused alike whether it exists or
   * not; a run of an organization reads the global scope and does not write it, for the others' sake (D41).
   */
  async function placeOf(run: RunScope, address: ConfigAddress, use: 'read' | 'write'): Promise<ConfigPlace> {
    const { name, scope } = address;
    const { organization } = run;
    const organizationId = organization?.id;
    const refuse = async (reason: string, message: string) => {
      await appendAudit({
        ...auditOf(run, configNamePattern.test(name) ? name : 'config'),
        action: use === 'read' ? 'config.read' : 'config.written',
        outcome: 'refused',
        detail: { workflowId: run.workflowId, reason },
      });
      return new Failure('forbidden', message);
    };
    // Else it would go on with the global values, which are somebody else's.
    if (organization && !(await isPresent(state, organization))) {
      throw await refuse('organization-removed', removedMessage(organization.id));
    }
    const isGlobal = scope === null || scope === 'global';
    const isOwn = scope === undefined || scope === organizationId;
    if (isOwn && organizationId !== undefined) return { name, organizationId };
    if ((isGlobal && (use === 'read' || organizationId === undefined)) || isOwn) return { name };
    throw isGlobal
      ? await refuse(
          'global-scope',
          `A run of organization "${organizationId}" may read global configs and not change them; leave scope out.`,
        )
      : await refuse(
          'other-organization',
          'A run may only use the configs of its own organization and the global ones; leave scope out.',
        );
  }

  /** Audits the read, durably, and only then gives the value; of a reference what it stands for now (D29). */
  async function reveal(run: RunScope, record: ConfigRecord): Promise<string> {
    let opened: { value: string } | { thrown: unknown };
    let kind: string | undefined;
    try {
      const { text, isReference } = vault.read(record, String(record.value));
      if (isReference) kind = kindOf(text);
      opened = { value: isReference ? await references.resolve(record, text) : text };
    } catch (thrown) {
      opened = { thrown };
    }
    await appendAudit({
      ...auditOf(run, record.name),
      action: 'secret.read',
      outcome: 'value' in opened ? 'ok' : 'failed',
      detail: {
        workflowId: run.workflowId,
        scope: record.organizationId === undefined ? 'global' : 'organization',
        ...(kind !== undefined && { reference: kind }),
      },
    });
    if ('thrown' in opened) throw opened.thrown;
    return opened.value;
  }

  return {
    async getConfig(run, address): Promise<ConfigAnswer> {
      const place = await placeOf(run, address, 'read');
      if (!configNamePattern.test(place.name))
        return { found: false, message: 'This is no valid config name.' };
      const record = await configs.resolve(place);
      if (!record) return { found: false, message: missingMessage(place) };
      if (record.value === undefined) return { found: false, message: needsValueMessage(record) };
      return record.type === 'secret'
        ? { found: true, value: await reveal(run, record), secret: true }
        : { found: true, value: record.value, secret: false };
    },

    async setConfig(run, address) {
      const place = await placeOf(run, address, 'write');
      const { value, isSecret } = address;
      const row = await configs.change(place, sourceOf(run), (seen) => {
        const wasSecret = seen?.type === 'secret';
        if (wasSecret && isSecret === false) {
          throw new Failure(
            'bad-input',
            `Config "${place.name}" holds a secret, which is_secret=False cannot undo; leave is_secret out.`,
          );
        }
        return { type: wasSecret || isSecret ? 'secret' : typeOf(value), value };
      });
      return { secret: row.type === 'secret' };
    },

    async deleteConfig(run, address) {
      return configs.remove(await placeOf(run, address, 'write'), sourceOf(run));
    },

    async listConfigs(run, scope) {
      const { organizationId } = await placeOf(
        run,
        { name: '', ...(scope !== undefined && { scope }) },
        'read',
      );
      const seen = visibleTo(organizationId, await state.list('configs'));
      // Built from entries, because `__proto__` is a valid name.
      return Object.fromEntries(
        seen.map((record) => [
          record.name,
          record.type === 'secret' && record.value !== undefined ? secretPlaceholder : (record.value ?? null),
        ]),
      );
    },
  };
}

function sourceOf(run: RunScope) {
  return { actor: `run:${run.runId}`, runId: run.runId };
}

function auditOf(run: RunScope, target: string) {
  const { organization } = run;
  return { ...sourceOf(run), target, ...(organization && { organizationId: organization.id }) };
}

/** S21, C27: names the config and the scope, and says where to add it. */
function missingMessage(place: ConfigPlace): string {
  const where =
    place.organizationId === undefined
      ? 'does not exist in the global scope'
      : `does not exist for ${scopeName(place)}, nor in the global scope`;
  return `Config "${place.name}" ${where}. ${howToSet(place)}`;
}

/** D37: the row came without its value, as secrets do in a portable bundle. */
function needsValueMessage(record: ConfigRecord): string {
  return `Config "${record.name}" (${scopeName(record)}) was imported without its value. ${howToSet(record)}`;
}

function howToSet({ name, organizationId }: ConfigPlace): string {
  const option = organizationId === undefined ? '' : ` --org ${organizationId}`;
  return `Add it under Configuration in Workflow Keys, or with: workflow-keys config set ${name}${option}`;
}
