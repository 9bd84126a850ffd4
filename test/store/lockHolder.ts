/** Holds the lock of the data directory in its first argument until it is killed. */

import { lockDataDirectory } from '../../server/store/lock.ts';

lockDataDirectory(String(process.argv[2]));
process.stdout.write('held\n');
setInterval(() => {}, 60_000);
