/** The program `workflow-keys`: arguments → the daemon, or one request to the running one. */

import { runProgram } from './cli/program.ts';

process.exitCode = await runProgram(process.argv, process.env);
