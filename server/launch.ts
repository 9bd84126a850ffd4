/** The command `workflow-keys` as it is installed; says so where Node is too old for the program, which would not load. */

const oldestNode = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= oldestNode) {
  // By its address, so that it stays the file beside this one: what cannot be loaded must not be bundled here.
  await import(new URL('server.js', import.meta.url).href);
} else {
  process.stderr.write(
    `workflow-keys: This is Node ${process.versions.node}, and Node ${oldestNode} or newer is needed. Install it, or run "npm run -s cli -- <command>" in the repository, which brings its own.\n`,
  );
  process.exitCode = 1;
}
