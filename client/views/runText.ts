/** How a run reads in the side bar and as a document; pure. */

import type { RunDetail, RunRow, RunStatusName } from '../../server/protocol/runs.ts';
import { duration, relativeTime, type TextContext } from '../text.ts';

export interface RunText {
  label: string;
  description: string;
  spoken: string;
  /** A codicon and the colour of the theme it has. */
  icon: { name: string; color?: string };
}

const icons: Record<RunStatusName, RunText['icon']> = {
  Pending: { name: 'clock' },
  Running: { name: 'loading~spin' },
  Success: { name: 'pass', color: 'testing.iconPassed' },
  Failed: { name: 'error', color: 'testing.iconFailed' },
  Timeout: { name: 'watch', color: 'testing.iconFailed' },
  Cancelled: { name: 'circle-slash' },
  Interrupted: { name: 'debug-disconnect', color: 'testing.iconErrored' },
};

export function isActive(row: RunRow): boolean {
  return row.status === 'Pending' || row.status === 'Running';
}

export function runText(row: RunRow, context: TextContext): RunText {
  const when = relativeTime(row.createdAt, context);
  const took = row.durationMs === null ? [] : [duration(row.durationMs)];
  return {
    label: row.workflowId,
    // A key's id says nothing to people; the document of the run has it.
    description: [when, ...took, row.triggeredBy.replace(/^key:.*/, context.t('a key'))].join(' · '),
    spoken: [row.workflowId, row.status, when, ...took].join(', '),
    icon: icons[row.status],
  };
}

/** A run as a document of the language `workflow-keys-run`; everything in it was scrubbed by the daemon. */
export function runDocument(run: RunDetail): string {
  const took = run.durationMs === null ? '' : ` in ${duration(run.durationMs)}`;
  const lines = [
    `${run.workflowId}  ${run.status}${took}`,
    '',
    `created  ${run.createdAt}`,
    `by       ${run.triggeredBy}`,
    ...(run.organizationId ? [`for      ${run.organizationId}`] : []),
    `run      ${run.id}`,
    ...(run.retryOf ? [`repeats  ${run.retryOf}`] : []),
  ];
  const section = (title: string, text: string) => lines.push('', `── ${title}`, text);
  section('input', JSON.stringify(run.input, null, 2));
  if (run.error)
    section('error', run.error.traceback?.trimEnd() || `${run.error.type}: ${run.error.message}`);
  else if (!isActive(run)) section('result', JSON.stringify(run.result ?? null, null, 2));
  if (run.logs.length > 0)
    section(
      'logs',
      run.logs.map(({ at, level, message }) => `${at}  ${level.padEnd(8)} ${message.trimEnd()}`).join('\n'),
    );
  if (run.droppedLogBytes > 0) lines.push(`… ${run.droppedLogBytes} bytes of output were dropped`);
  return `${lines.join('\n')}\n`;
}
