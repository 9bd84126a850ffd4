/** Runs as answers show them. */

import Type from 'typebox';
import { runStatuses } from '../protocol/runs.ts';
import { anyValue, nullable, strict, timestamp } from './schemas.ts';

export const runStatus = Type.Enum([...runStatuses]);

const row = {
  id: Type.String(),
  workflowId: Type.String(),
  status: runStatus,
  triggeredBy: Type.String({ description: '`key:<id>`, `editor`, `cli` or `public`.' }),
  organizationId: Type.Optional(Type.String()),
  createdAt: timestamp,
  durationMs: nullable<number>('number', { description: '`null` until the run has ended.' }),
  retryOf: Type.Optional(Type.String({ description: 'The run that this one repeats.' })),
};

export const runRowSchema = strict(row);

export const runAnswer = strict({
  ...row,
  input: Type.Unknown({ description: 'Scrubbed; `null` until the run has ended.' }),
  result: anyValue,
  error: nullable<object>('object', {
    properties: { type: Type.String(), message: Type.String(), traceback: Type.String() },
    required: ['type', 'message'],
    additionalProperties: false,
  }),
  logs: Type.Array(strict({ at: timestamp, level: Type.String(), message: Type.String() })),
  droppedLogBytes: Type.Integer({ description: 'Log output that was over the limit.' }),
});
