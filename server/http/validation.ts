/** Input against its schema, and what is wrong with it in words that never hold a value. */

import type { FastifyInstance } from 'fastify';
import { IsBoolean, IsInteger, IsObject, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Failure } from '../errors.ts';

type Finding = ReturnType<ReturnType<typeof Compile>['Errors']>[number];

const placeNames: Record<string, string> = {
  body: 'request body',
  querystring: 'query',
  params: 'address',
  headers: 'headers',
};

/**
 * Has every route's schemas checked here, each compiled when it is first needed, and answers written as plain JSON:
 * compiling a hundred schemas ahead of time would keep the daemon from being ready.
 * What stands in an address is text, and becomes what its schema says; a body is taken as it is, and nothing is
 * removed from it.
 */
export function validateInput(app: FastifyInstance): void {
  app.setValidatorCompiler<TSchema>(({ schema, httpPart = 'body' }) => {
    let compiled: ReturnType<typeof Compile> | undefined;
    const readTexts = httpPart === 'body' ? undefined : textReader(schema);
    return (given: unknown) => {
      compiled ??= Compile(schema);
      const value = readTexts ? readTexts(given) : given;
      if (compiled.Check(value)) return { value };
      return { error: new Failure('bad-input', describe(compiled.Errors(value), placeNames[httpPart])) };
    };
  });
  app.setSerializerCompiler(() => JSON.stringify);
}

/**
 * Makes of the texts of an address what their schemas say, where they are that exactly; all else is left to be refused.
 * Undefined where the schema wants only texts.
 */
function textReader(schema: TSchema): ((given: unknown) => unknown) | undefined {
  const members = IsObject(schema) ? Object.entries(schema.properties) : [];
  const others = new Map(members.filter(([, member]) => IsInteger(member) || IsBoolean(member)));
  if (others.size === 0) return undefined;
  return (given) => {
    if (typeof given !== 'object' || given === null) return given;
    return Object.fromEntries(
      Object.entries(given).map(([name, text]) => [name, readText(others.get(name), text)]),
    );
  };
}

function readText(schema: TSchema | undefined, text: unknown): unknown {
  if (typeof text !== 'string' || schema === undefined) return text;
  if (IsInteger(schema)) return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (IsBoolean(schema) && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** One line for the first thing that is wrong. */
function describe([first]: readonly Finding[], place = 'request'): string {
  if (!first) return `The ${place} is not as it must be.`;
  const name = first.instancePath.slice(1).replaceAll('/', '.').slice(0, 64);
  switch (first.keyword) {
    case 'required':
      return `The ${place} needs ${quoted(first.params.requiredProperties)}${name === '' ? '' : ` in "${name}"`}.`;
    // A member that no schema allows.
    case 'boolean':
      return `The ${place} has no "${name}"; see /api-docs for what it has.`;
    case 'enum':
      return `"${name}" in the ${place} must be one of ${quoted(first.params.allowedValues.map(String))}.`;
    default:
      return name === '' ? `The ${place} ${first.message}.` : `"${name}" in the ${place} ${first.message}.`;
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
