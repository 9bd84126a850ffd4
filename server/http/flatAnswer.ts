/** The flat answer of the addresses that trigger a workflow (D19); the run itself is elsewhere. */

import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { runDurationMs } from '../runs/rows.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { nullable, strict } from './schemas.ts';
import type { Started } from './start.ts';

export const flatAnswer = strict({
  execution_id: Type.String(),
  status: Type.String(),
  result: Type.Unknown({ description: 'What the workflow returned, scrubbed.' }),
  error: nullable<string>('string', { description: 'One line; the traceback is in the detail of the run.' }),
  duration_ms: nullable<number>('number'),
});

/** @returns the answer to send; its status is 202 while the run goes on, else 200, also when it has failed. */
export function toFlatAnswer(
  reply: FastifyReply,
  { executionMode }: Pick<Workflow, 'executionMode'>,
  { id, record }: Started,
) {
  if (!record) reply.code(202);
  return {
    execution_id: id,
    status: record?.status ?? (executionMode === 'async' ? 'Pending' : 'Running'),
    result: record?.result ?? null,
    error: record?.error ? `${record.error.type}: ${record.error.message}` : null,
    duration_ms: record ? runDurationMs(record) : null,
  };
}
