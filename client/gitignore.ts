/** What the text of a `.gitignore` says of one file; pure, without git and without the disk. */

/**
 * Whether the file is ignored: `true` or `false` by the last line that names it, `undefined` when none does.
 *
 * @param path of the file, relative to the folder of the `.gitignore`, e.g. `.env` or `service/.env`.
 */
export function ignores(text: string, path: string): boolean | undefined {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?<!\\)[ \t]+$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .filter((line) => toExpression(line.replace(/^!/, '')).test(path))
    .map((line) => !line.startsWith('!'))
    .at(-1);
}

/** A pattern with a slash that is not its end is of one place; one without holds in every folder below. */
function toExpression(pattern: string): RegExp {
  // What ends with a slash names folders only.
  if (pattern.endsWith('/')) return /(?!)/;
  const place = pattern.includes('/') ? pattern.replace(/^\//, '') : `**/${pattern}`;
  return new RegExp(`^${place.replace(/\*\*\/|\/\*\*$|\*+|\?|\[!?[^\]]+\]|\\?./gs, toSource)}$`, 's');
}

function toSource(part: string): string {
  switch (part) {
    case '**/':
      return '(?:.*/)?';
    case '/**':
      return '/.*';
    case '?':
      return '[^/]';
  }
  if (part.startsWith('*')) return '[^/]*';
  if (part.startsWith('[') && part.length > 1) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
  return part.replace(/^\\(?=.)/s, '').replace(/\W/g, '\\$&');
}
