/** The ready-to-paste line that tries a key (W21); it knows no store and no request. */

import type { KeyRow } from '../protocol/keys.ts';
import { callOfKey } from './sampleCall.ts';
import { jsonLine, shellQuote } from './sampleCode.ts';
import type { KnownWorkflows } from './slots.ts';

/**
 * One line for a POSIX shell that does what the key may do, as `callOfKey` says. It holds the key, so it is shown
 * once, together with it; what is kept in files is `sampleCode`'s.
 */
export function curlFor(sample: {
  /** Where the daemon is reached, e.g. `http://127.0.0.1:3000`. */
  url: string;
  row: Pick<KeyRow, 'kind' | 'workflowId' | 'scopes' | 'workflowIds'>;
  key: string;
  workflows: KnownWorkflows;
}): string {
  const { method, path, keyHeader, body } = callOfKey(sample.row, sample.workflows);
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${shellQuote(sample.url.replace(/\/+$/, '') + path)}`,
    ...(keyHeader ? [`-H ${shellQuote(`${keyHeader}: ${sample.key}`)}`] : []),
    ...(body
      ? [`-H ${shellQuote('Content-Type: application/json')}`, `-d ${shellQuote(jsonLine(body))}`]
      : []),
  ].join(' ');
}
