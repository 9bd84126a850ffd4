/** The thread in which one bundle is parsed, so that a large or hostile one holds up nobody; it knows only its text. */

import { parentPort, workerData } from 'node:worker_threads';
import { Failure } from '../errors.ts';
import type { Bundle } from './bundle.ts';
import { parseBundle } from './parse.ts';

/** What the thread answers with. */
export type ParseAnswer = { bundle: Bundle } | { failure: Pick<Failure, 'code' | 'message'> };

parentPort?.postMessage(parsed(String(workerData)));

function parsed(text: string): ParseAnswer {
  try {
    return { bundle: parseBundle(text) };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { failure: { code: thrown.code, message: thrown.message } };
  }
}
