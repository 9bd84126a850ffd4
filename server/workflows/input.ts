/** A run's input against the parameters of its workflow (D47); it knows no HTTP, and Python builds the objects. */

import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import { type Annotation, readAnnotation } from './annotation.ts';
import { scalars } from './scalars.ts';
import type { Workflow } from './workflow.ts';

/**
 * The input that a run gets: converted, complete, and without names that the function does not take
 * (unless it has `**kwargs`).
 *
 * @param body the JSON object of the request; values of a query are texts.
 * @throws Failure `bad-input` that names the parameter and what was expected, never the value.
 */
export function checkInput(
  workflow: Pick<Workflow, 'parameters' | 'acceptsExtra'>,
  body: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const input: [string, unknown][] = [];
  for (const { name, annotation, required } of workflow.parameters) {
    if (!Object.hasOwn(body, name)) {
      if (!required) continue;
      const expected = annotation === undefined ? '' : ` (${annotation})`;
      throw new Failure('bad-input', `Parameter "${name}"${expected} is missing; give it in the input.`);
    }
    const given = body[name];
    input.push([name, annotation === undefined ? given : convert(given, readAnnotation(annotation), name)]);
  }
  if (workflow.acceptsExtra) {
    const taken = new Set(workflow.parameters.map(({ name }) => name));
    for (const [name, given] of Object.entries(body)) if (!taken.has(name)) input.push([name, given]);
  }
  // Unlike an assignment, this takes a parameter named `__proto__` for what it is.
  return Object.fromEntries(input);
}

/** Values deeper than this are left as they are. */
const maxDepth = 32;

function convert(value: unknown, annotation: Annotation, path: string, depth = 0): unknown {
  if (depth > maxDepth) return value;
  switch (annotation.kind) {
    case 'any':
      return value;
    case 'none':
      if (value === null) return value;
      throw unfit(path, 'null');
    case 'scalar': {
      const scalar = scalars[annotation.name];
      const converted = scalar.convert(value);
      if (converted === undefined) throw unfit(path, scalar.expected);
      return converted;
    }
    case 'list': {
      if (!Array.isArray(value)) throw unfit(path, 'a list');
      return value.map((item, index) => convert(item, annotation.item, `${path}[${index}]`, depth + 1));
    }
    case 'dict': {
      if (!isObject(value)) throw unfit(path, 'an object');
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          convert(item, annotation.item, `${path}.${name.slice(0, 64)}`, depth + 1),
        ]),
      );
    }
    case 'literal':
      if (annotation.values.some((one) => one === value)) return value;
      throw unfit(path, `one of ${annotation.source}`);
    case 'union':
      return convertUnion(value, annotation.choices, path, depth);
  }
}

/** What already is of one of the types stays as it is: `int | str` keeps "3". */
function convertUnion(value: unknown, choices: readonly Annotation[], path: string, depth: number): unknown {
  if (choices.some((choice) => isExactly(value, choice))) return value;
  const failures: Failure[] = [];
  for (const choice of choices) {
    try {
      return convert(value, choice, path, depth + 1);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      if (choice.kind !== 'none') failures.push(thrown);
    }
  }
  const [only, ...others] = failures;
  if (only && others.length === 0) throw only;
  throw unfit(path, 'of one of the types that its annotation lists');
}

function isExactly(value: unknown, annotation: Annotation): boolean {
  if (annotation.kind === 'none') return value === null;
  return annotation.kind === 'scalar' && scalars[annotation.name].isExactly?.(value) === true;
}

function unfit(path: string, expected: string): Failure {
  return new Failure('bad-input', `Parameter "${path}" must be ${expected}.`);
}
