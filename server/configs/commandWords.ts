/** A line of command → its words, with the quotes of a POSIX shell; pure, and it expands nothing. */

export type Words = { words: string[] } | { problem: string };

/**
 * Splits at blanks; `'…'` is literal, `"…"` knows `\"`, `\\`, `\$` and `` \` ``, and a backslash outside of quotes
 * makes the next character literal. What a shell would expand or obey is a problem, because here nothing would.
 */
export function splitWords(line: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const character = line.charAt(at);
    const rest = line.slice(at + 1);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (character === "'" || character === '"') {
      const quoted = character === "'" ? /^([^']*)'/.exec(rest) : /^((?:[^"\\]|\\[\s\S])*)"/.exec(rest);
      if (!quoted) return { problem: 'has a quote that is not closed' };
      const inner = quoted[1] ?? '';
      if (character === '"' && /(^|[^\\])(\\\\)*[$`]/.test(inner)) return { problem: expands };
      word = (word ?? '') + (character === "'" ? inner : inner.replace(/\\([\\"$`])/g, '$1'));
      at += 1 + quoted[0].length;
    } else if (character === '\\') {
      if (rest === '') return { problem: 'ends with a backslash' };
      word = (word ?? '') + rest.charAt(0);
      at += 2;
    } else if (/[|&;<>()$`]/.test(character) || (character === '~' && word === undefined)) {
      return { problem: expands };
    } else {
      word = (word ?? '') + character;
      at += 1;
    }
  }
  if (word !== undefined) words.push(word);
  return { words };
}

const expands =
  'is run without a shell, so | & ; < > ( ) $ ` and a leading ~ do nothing; quote them, or put the line into a script';
