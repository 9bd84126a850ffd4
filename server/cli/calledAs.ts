/** How the reader calls this program, so that what a message advises can be pasted. */

/** `workflow-keys`, or in its repository the npm script that goes to the same data as `npm start`. */
export function calledAs(environment: NodeJS.ProcessEnv): string {
  return npmScript(environment) === undefined ? 'workflow-keys' : 'npm run -s cli --';
}

/** A message of a room that cannot know how it was called; in it `workflow-keys` stands before one of `commands`. */
export function asCalled(
  message: string,
  environment: NodeJS.ProcessEnv,
  commands: readonly string[],
): string {
  const named = message.replace(
    new RegExp(`(?<![\\w/.-])workflow-keys (?=(?:${commands.join('|')})\\b)`, 'g'),
    () => `${calledAs(environment)} `,
  );
  // npm keeps an option for itself that does not stand behind two dashes.
  return npmScript(environment) === 'start'
    ? named.replace(/ with --(?=[a-z])/g, ' with npm start -- --')
    : named;
}

/** The script of our own package that runs, if one does. */
function npmScript({
  npm_lifecycle_event: script,
  npm_package_name: name,
}: NodeJS.ProcessEnv): 'start' | 'cli' | undefined {
  return name === 'workflow-keys' && (script === 'start' || script === 'cli') ? script : undefined;
}
