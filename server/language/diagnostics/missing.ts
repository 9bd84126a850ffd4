/** `config/missing`: a name is read that the chosen organization does not see (S21, C27); it knows no value. */

import { configNamePattern } from '../../protocol/configs.ts';
import type { ConfigCall } from '../configCalls.ts';
import type { FileFacts } from '../facts.ts';
import { describePlaces, describeReach, findConfig, type KnownNames, type Reach, reachOf } from '../names.ts';
import type { Finding, FixData } from './finding.ts';

export function compute({ configCalls }: FileFacts, known: KnownNames): Finding[] {
  return configCalls.flatMap((call) => {
    const { name } = call;
    const reach = reachOf(call.scope, known);
    if (!name || !reach || call.method !== 'get' || call.hasDefault || call.handlesMissing) return [];
    if (findConfig(known, name.text, reach)) return [];
    return [{ range: name.range, message: messageOf(name.text, known, reach), fix: fixOf(call, reach) }];
  });
}

function messageOf(name: string, known: KnownNames, reach: Reach): string {
  const shown = `"${shorten(name)}"`;
  if (!configNamePattern.test(name)) {
    return `${shown} cannot be the name of a config: letters, digits, ".", "_" and "-" are allowed, at most 255.`;
  }
  const place = describeReach(known, reach);
  const where = reach.organizationId === undefined ? place : `${place} or globally`;
  const elsewhere = describePlaces(known, name);
  const hint = elsewhere === undefined ? '' : ` It is set ${elsewhere}.`;
  return `${shown} is not set ${where}.${hint} Set it ${where}, or give a default.`;
}

function fixOf({ name, addArgument }: ConfigCall, reach: Reach): FixData {
  if (!name) return {};
  return {
    ...(configNamePattern.test(name.text) && { set: { name: name.text, ...reach } }),
    ...(name.content && { rename: { range: name.content, name: name.text, ...reach } }),
    addDefault: { at: addArgument.at, text: `${addArgument.separator}default=None` },
  };
}

function shorten(name: string): string {
  return name.length > 64 ? `${name.slice(0, 63)}…` : name;
}
