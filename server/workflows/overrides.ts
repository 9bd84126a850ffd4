/** Endpoint settings that stand above a workflow's decorator (A6); they are kept in the state, never in the source. */

import type { WorkflowSettingsRecord } from '../store/contracts/records.ts';
import type { State, StateTransaction } from '../store/contracts/state.ts';
import type { Millis } from '../store/contracts/time.ts';
import { unknownOrganization } from '../unknownOrganization.ts';
import type { WorkflowRegistry } from './registry.ts';

/** Left out: as it is. `null`: as the decorator says; no organization. */
export type OverrideWish = {
  [S in keyof Omit<WorkflowSettingsRecord, 'id' | 'updatedAt' | 'updatedBy'>]?:
    | WorkflowSettingsRecord[S]
    | null;
};

export interface Overrides {
  /**
   * Durable, and in force for the next request, when it resolves.
   *
   * @throws Failure `bad-input` for an unknown organization.
   */
  set(workflowId: string, wish: OverrideWish, actor: string): Promise<void>;
  /** As `set`, but as a part of the caller's transaction; once it is durable, the caller calls `enforce`. */
  setIn(tx: StateTransaction, workflowId: string, wish: OverrideWish, actor: string): Promise<void>;
  /** Tells the registry what is stored. */
  enforce(): Promise<void>;
}

/** Reads what is stored and tells the registry, before a folder is read. */
export async function openOverrides({
  state,
  registry,
  clock,
}: {
  state: State;
  registry: Pick<WorkflowRegistry, 'override'>;
  clock: () => Millis;
}): Promise<Overrides> {
  const overrides: Overrides = {
    async set(workflowId, wish, actor) {
      await state.transact((tx) => overrides.setIn(tx, workflowId, wish, actor));
      await overrides.enforce();
    },

    async setIn(tx, workflowId, wish, actor) {
      const given = Object.entries(wish).filter(([, value]) => value !== undefined);
      const { organizationId } = wish;
      if (typeof organizationId === 'string' && !(await tx.get('organizations', organizationId))) {
        throw unknownOrganization(organizationId, 'bad-input');
      }
      const stored = await tx.get('workflowSettings', workflowId);
      const merged = Object.fromEntries(
        Object.entries({ ...stored, ...Object.fromEntries(given) }).filter(([, value]) => value !== null),
      );
      tx.put('workflowSettings', { ...merged, id: workflowId, updatedAt: clock(), updatedBy: actor });
      tx.audit({
        actor,
        action: 'workflow.configured',
        target: workflowId,
        outcome: 'ok',
        detail: Object.fromEntries(
          given.map(([name, value]) => [name, value === null ? 'unset' : String(value)]),
        ),
      });
    },

    async enforce() {
      registry.override(await state.list('workflowSettings'));
    },
  };
  await overrides.enforce();
  return overrides;
}
