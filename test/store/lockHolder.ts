/** Holds the lock of the data directory in its first argument until it is killed. */

import { lockDataDirectory } from '../../server/store/lock.ts';

const lock = lockDataDirectory(String(process.argv[2]));
process.stdout.write('held\n');
// Also keeps the lock, and so the database, from being collected.
setInterval(() => lock, 60_000);
