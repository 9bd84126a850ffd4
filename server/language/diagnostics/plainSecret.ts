/** `config/plain-secret`: a secret, by its name or by what is stored, is set without `is_secret=True` (C5, C6, D30). */

import { looksLikeSecret } from '../../secretNames.ts';
import type { ConfigCall } from '../configCalls.ts';
import type { FileFacts } from '../facts.ts';
import { findConfig, type KnownNames, reachOf } from '../names.ts';
import type { Finding, FixData } from './finding.ts';

export function compute({ configCalls }: FileFacts, known: KnownNames): Finding[] {
  return configCalls.flatMap((call) => {
    const { name, isSecret } = call;
    if (!name || call.method !== 'set' || isSecret === true || isSecret === 'dynamic') return [];
    const reach = reachOf(call.scope, known);
    const stored = reach && findConfig(known, name.text, reach);
    const isStoredHere = stored?.type === 'secret' && stored.organizationId === reach?.organizationId;
    if (isStoredHere && isSecret === undefined) return [];
    const message = isStoredHere
      ? `"${name.text}" holds a secret, and is_secret=False would make it plain: this raises. Leave it out, or write is_secret=True.`
      : `"${name.text}" looks like a secret, but is stored in plain. Write is_secret=True to have it encrypted.`;
    if (!isStoredHere && !looksLikeSecret(name.text)) return [];
    return [{ range: name.range, message, fix: { makeSecret: editOf(call) } }];
  });
}

function editOf({ isSecretRange, addArgument }: ConfigCall): NonNullable<FixData['makeSecret']> {
  if (isSecretRange) return { range: isSecretRange, text: 'True' };
  const { at, separator } = addArgument;
  return { range: { start: at, end: at }, text: `${separator}is_secret=True` };
}
