/** An input to try a workflow with, made up from its annotations; it knows no request that carries it. */

import { type Annotation, readAnnotation, type ScalarName } from './annotation.ts';
import type { Parameter } from './workflow.ts';

/**
 * An input that the workflow takes: every required parameter, and those optional ones whose annotation tells what is
 * sure to fit.
 */
export function exampleInput(parameters: readonly Parameter[]): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const { name, annotation, required } of parameters) {
    const example = annotation === undefined ? undefined : exampleOf(readAnnotation(annotation));
    if (example !== undefined) entries.push([name, example]);
    else if (required) entries.push([name, 'example']);
  }
  return Object.fromEntries(entries);
}

const scalarExamples: Record<ScalarName, unknown> = {
  str: 'example',
  int: 1,
  float: 1.5,
  bool: true,
  datetime: '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00',
  UUID: '01234567-89ab-4cde-8f01-23456789abcd',
  Decimal: '1.50',
};

/** Undefined where nothing is sure to fit. */
function exampleOf(annotation: Annotation): unknown {
  switch (annotation.kind) {
    case 'any':
    case 'none':
      return undefined;
    case 'scalar':
      return scalarExamples[annotation.name];
    case 'list':
      return [];
    case 'dict':
      return {};
    case 'literal':
      return annotation.values[0];
    case 'union':
      return annotation.choices.map(exampleOf).find((example) => example !== undefined);
  }
}
