/** Endpoint settings that stand above a workflow's decorator (A6); they are kept in the state, never in the source. */

import type { Millis, State, WorkflowSettingsRecord } from '../store/contracts.ts';
import type { WorkflowRegistry } from './registry.ts';

/** Left out: as it is. `null`: as the decorator says. */
export type OverrideWish = {
  [S in keyof Omit<WorkflowSettingsRecord, 'id' | 'updatedAt' | 'updatedBy'>]?:
    | WorkflowSettingsRecord[S]
    | null;
};

export interface Overrides {
  /** Durable, and in force for the next request, when it resolves. */
  set(workflowId: string, wish: OverrideWish, actor: string): Promise<void>;
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
  registry.override(await state.list('workflowSettings'));

  return {
    async set(workflowId, wish, actor) {
      const given = Object.entries(wish).filter(([, value]) => value !== undefined);
      await state.transact(async (tx) => {
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
            given.map(([name, value]) => [name, value === null ? 'decorator' : String(value)]),
          ),
        });
      });
      registry.override(await state.list('workflowSettings'));
    },
  };
}
