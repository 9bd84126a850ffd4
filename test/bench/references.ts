/** Resolving a reference, beside what the same takes by a plain call of Node. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openReferences } from '../../server/configs/references.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { median, timed } from './measure.ts';

export interface ReferenceTimes {
  /** Medians in milliseconds. */
  envMs: number;
  fileMs: number;
  commandMs: number;
  bareFileMs: number;
  bareCommandMs: number;
}

export async function measureReferences(rounds: number): Promise<ReferenceTimes> {
  const data = temporaryFolder();
  const folder = temporaryFolder();
  const file = join(folder.path, 'secret');
  writeFileSync(file, 'sk_test_example\n');
  const references = openReferences({
    environment: { EXAMPLE: 'sk_test_example' },
    commandEnvironment: { PATH: process.env.PATH ?? '' },
    dataDirectory: data.path,
    timeoutMs: 10_000,
  });
  try {
    const resolve = (text: string) => async () => {
      await references.resolve({ name: 'api_key' }, text);
    };
    const run = promisify(execFile);
    const kinds = {
      envMs: resolve('env:EXAMPLE'),
      fileMs: resolve(`file:${file}`),
      commandMs: resolve('command:printf sk_test_example'),
      bareFileMs: async () => void (await readFile(file)),
      bareCommandMs: async () => void (await run('printf', ['sk_test_example'])),
    };
    const taken = { envMs: [], fileMs: [], commandMs: [], bareFileMs: [], bareCommandMs: [] } as Record<
      keyof ReferenceTimes,
      number[]
    >;
    // In turns, so that a noisy moment of the machine meets all of them.
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, work] of Object.entries(kinds)) {
        taken[name as keyof ReferenceTimes].push(await timed(work));
      }
    }
    return {
      envMs: median(taken.envMs),
      fileMs: median(taken.fileMs),
      commandMs: median(taken.commandMs),
      bareFileMs: median(taken.bareFileMs),
      bareCommandMs: median(taken.bareCommandMs),
    };
  } finally {
    references.close();
    data.remove();
    folder.remove();
  }
}
