/** What the embedded engines have acknowledged survives `kill -9` at random points of a writing process. */

import { crashContract } from './crashContract.ts';

crashContract('embedded');
