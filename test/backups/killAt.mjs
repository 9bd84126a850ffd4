/** Loaded into a child process: kills it, as `kill -9` would, before the n-th change that it makes to the disk. */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

let left = Number(process.env.TEST_KILL_AT);

for (const name of [
  'renameSync',
  'mkdirSync',
  'rmdirSync',
  'rmSync',
  'writeFileSync',
  'copyFileSync',
  'fsyncSync',
]) {
  const original = fs[name];
  fs[name] = (...given) => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    return original(...given);
  };
}
syncBuiltinESMExports();
