/** Has a bundle's text parsed in a thread of its own, within limits of size, time and memory. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Failure } from '../errors.ts';
import { type Bundle, bundleLimitBytes } from './bundle.ts';
import type { ParseAnswer } from './parseWorker.ts';

const parseLimitMs = 20_000;

/**
 * @param workerFile the built or the source file of `parseWorker.ts`.
 * @throws Failure `bad-input` that names the line, `body-too-large`, `data-too-new`.
 */
export async function readBundle(text: string, workerFile: string): Promise<Bundle> {
  if (Buffer.byteLength(text) > bundleLimitBytes) {
    throw new Failure(
      'body-too-large',
      `The bundle is larger than ${bundleLimitBytes / 2 ** 20} MiB. Split it into several; nothing was changed.`,
    );
  }
  const worker = new Worker(workerFile, {
    workerData: text,
    // Neither the secret key nor anything else of the daemon's is there to be found.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  try {
    const [answer] = (await once(worker, 'message', { signal: AbortSignal.timeout(parseLimitMs) })) as [
      ParseAnswer,
    ];
    if ('bundle' in answer) return answer.bundle;
    throw new Failure(answer.failure.code, answer.failure.message);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('bad-input', 'The bundle takes too much to be read, so nothing was changed.', {
      cause,
    });
  } finally {
    await worker.terminate();
  }
}
