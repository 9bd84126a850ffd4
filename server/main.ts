/** The program `workflow-keys`; what it is made of is loaded only where Node can, so that an older one gets a clear line. */

const oldestNode = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= oldestNode) {
  const { runProgram } = await import('./cli/program.ts');
  process.exitCode = await runProgram(process.argv, process.env);
} else {
  process.stderr.write(
    `workflow-keys: This is Node ${process.versions.node}, and Node ${oldestNode} or newer is needed. Install it, or run "npm run -s cli -- <command>" in the repository, which brings its own.\n`,
  );
  process.exitCode = 1;
}
