/**
 * Rotates the secret key of the data directory in its first argument over and over, until it is killed; prints a line
 * when it begins. With further arguments these are the keys in turn, without them each key is generated.
 */

import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { openKeyedVault, openRotation } from '../../server/configs/rotation.ts';
import { openLowdbState } from '../../server/store/lowdbState.ts';

const [directory = '', ...texts] = process.argv.slice(2);
const state = await openLowdbState({ directory, writeAudit: async () => undefined });
const environment = texts[0] === undefined ? {} : { BIFROST_SECRET_KEY: texts[0] };
const { vault, source } = await openKeyedVault({ state, environment, directory });
const rotation = openRotation({ state, vault, source, directory });
// Its end leaves no time for that, and the next one is to start sooner.
flushCompileCache();
writeSync(1, 'ready\n');
for (let round = 1; ; round += 1) {
  const text = texts[round % texts.length];
  await rotation.rotate(text === undefined ? { kind: 'generated' } : { kind: 'chosen', text }, 'cli');
}
