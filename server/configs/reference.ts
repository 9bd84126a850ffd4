/** The text of a reference → where a value is (D29); pure: it reads nothing, and its failures repeat nothing. */

import { isAbsolute } from 'node:path';
import { Failure } from '../errors.ts';
import type { ReferenceKind } from '../protocol/configs.ts';
import { splitWords } from './commandWords.ts';

export type Reference =
  | { kind: 'env'; variable: string }
  /** Absolute, or `~/` and a path below the home folder. */
  | { kind: 'file'; path: string }
  /** The program and its arguments. */
  | { kind: 'command'; program: string; args: string[] };

/**
 * Reads `env:NAME`, `file:/path`, `file:~/path` or `command:program argument …`.
 *
 * @param name of the config, for messages.
 * @throws Failure `bad-input` that says what is wrong and does not hold the text, which may have been a secret.
 */
export function parseReference(name: string, text: string): Reference {
  const refuse = (what: string) => new Failure('bad-input', `The reference of config "${name}" ${what}.`);
  if (text.length > longestText) throw refuse(`is longer than ${longestText} characters`);
  if (text.includes('\0') || !text.isWellFormed()) throw refuse('holds a character that no name can have');
  const [, kind, rest = ''] = /^(env|file|command):([\s\S]*)$/.exec(text) ?? [];
  switch (kind as ReferenceKind | undefined) {
    case 'env':
      if (!variablePattern.test(rest))
        throw refuse('needs the name of an environment variable, as in env:NAME');
      if (ownVariable.test(rest))
        throw refuse("names a variable that is the daemon's own; choose another one");
      return { kind: 'env', variable: rest };
    case 'file':
      // The daemon's working folder is nobody's choice.
      if (!isAbsolute(rest) && !/^~[/\\]./.test(rest)) {
        throw refuse('needs an absolute path, or one that begins with ~/, as in file:~/secrets/api_key');
      }
      return { kind: 'file', path: rest };
    case 'command': {
      const split = splitWords(rest);
      if ('problem' in split) throw refuse(split.problem);
      const [program = '', ...args] = split.words;
      if (program === '') throw refuse('needs a command, as in command:op read op://vault/item/field');
      if (/[/\\]/.test(program) && !isAbsolute(program)) {
        throw refuse('needs a program by its name alone or by its absolute path');
      }
      return { kind: 'command', program, args };
    }
    default:
      throw refuse('must begin with env:, file: or command:');
  }
}

/** Of a text that was read before. */
export function kindOf(text: string): string {
  return text.slice(0, text.indexOf(':'));
}

const longestText = 4096;
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
/** Windows does not tell upper from lower case. */
const ownVariable = /^(BIFROST_SECRET_KEY|WORKFLOW_KEYS_.*)$/i;
