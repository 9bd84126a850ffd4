import { crashContract } from './crashContract.ts';

crashContract('embedded');
