/** How the reader calls this program, so that a command that a message names can be pasted. */

/** `workflow-keys`, or in its repository the npm script that builds nothing and goes to the same data. */
export function calledAs(environment: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event: script = '', npm_package_name: name } = environment;
  return name === 'workflow-keys' && /^(cli|start)$/.test(script) ? 'npm run -s cli --' : 'workflow-keys';
}

/** A message of a room that cannot know how it was called; in it `workflow-keys` stands before one of `commands`. */
export function asCalled(message: string, called: string, commands: readonly string[]): string {
  return message.replace(
    new RegExp(`(?<![\\w/.-])workflow-keys (?=(?:${commands.join('|')})\\b)`, 'g'),
    () => `${called} `,
  );
}
