/** How a secret may look once a workflow has encoded it (D35); it knows nothing of where it is looked for. */

import {
  base32Forms,
  base64Forms,
  bytesReprForms,
  hexForms,
  jsonForms,
  markupForms,
  misreadForms,
  reprForms,
  shellForms,
  urlForms,
  utf16,
} from './encodings.ts';
import { nestedForms } from './nestedForms.ts';

/** Shorter texts would hit by chance. */
export const shortestForm = 4;
/** From this length on, another case or order is looked for; shorter ones may be ordinary words. */
const shortestTurned = 8;
/** Letters alone, in another case, are ordinary words up to here. */
const shortestLetters = 16;
/** Lines of a secret that has several, a private key say, are also found on their own from this length on. */
const shortestLine = 12;

/** Up to this length a secret is looked for in pairs of encodings, too. */
const longestNested = 4096;

/** All texts that give `secret` away, each at least 4 characters long; none for a shorter secret. */
export function secretForms(secret: string): Set<string> {
  const forms = new Set<string>();
  if (secret.length < shortestForm) return forms;
  // A run often trims what it reads, and Windows and Unix line ends are the same secret.
  const unix = secret.replaceAll('\r\n', '\n');
  for (const variant of new Set([secret, secret.trim(), unix, unix.trim()])) addForms(variant, forms);
  for (const line of linesOf(secret)) forms.add(line);
  for (const form of forms) if (form.length < shortestForm) forms.delete(form);
  return forms;
}

function addForms(given: string, forms: Set<string>): void {
  if (given.length < shortestForm) return;
  const text = given.toWellFormed();
  const bytes = Buffer.from(text, 'utf8');
  for (const form of [
    given,
    ...turnedForms(text),
    ...base64Forms(bytes),
    ...base32Forms(bytes),
    ...hexForms(bytes),
    ...urlForms(text),
    ...jsonForms(text),
    ...markupForms(text),
    ...shellForms(text),
    ...reprForms(text),
    ...bytesReprForms(bytes),
    ...(text.length > longestNested ? [] : nestedForms(text)),
    ...utf16(text).flatMap((wide) => [
      ...misreadForms(wide),
      ...bytesReprForms(wide),
      ...hexForms(wide),
      ...base64Forms(wide),
    ]),
  ]) {
    forms.add(form);
  }
}

/** Backwards, and in another case. */
function turnedForms(text: string): string[] {
  if (text.length < shortestTurned) return [];
  const backwards = [...text].reverse().join('');
  const isWord = text.length < shortestLetters && /^\p{L}+$/u.test(text);
  return isWord ? [backwards] : [backwards, text.toUpperCase(), text.toLowerCase()];
}

function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  if (lines.length === 1) return [];
  return lines.filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
}
