/** The ways of writing a text twice over, one in another, as programs do by themselves; no text is secret to it. */

import { base64Cores, base64Forms, jsonForms, markupForms, reprForms, urlForms } from './encodings.ts';

/**
 * Base64 of what was escaped for an address (the `Authorization` of RFC 6749, 2.3.1), of JSON (tokens, messages) and of
 * base64 (a Kubernetes secret); base64, JSON and addresses within an address; JSON within markup and Python's `repr`.
 *
 * Only what the two give that neither gives alone: an alphanumeric text is escaped by none but base64.
 */
export function nestedForms(text: string): string[] {
  const others = (forms: string[]) => [...new Set(forms)].filter((form) => form !== text);
  const escaped = others([encodeURIComponent(text), ...urlForms(text).slice(1, 2)]);
  const json = others(jsonForms(text).slice(0, 2));
  const base64 = base64Forms(Buffer.from(text));
  return [
    ...[...escaped, ...json].flatMap((form) => base64Forms(Buffer.from(form))),
    ...base64Cores(Buffer.from(text)).flatMap((form) => base64Cores(Buffer.from(form))),
    ...[...base64.filter((form) => /[+/]/.test(form)), ...json, ...escaped].flatMap(urlForms),
    ...json.flatMap((form) => [...markupForms(form), ...reprForms(form)]),
  ];
}
