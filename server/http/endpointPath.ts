/** One endpoint-enabled workflow as a path of the OpenAPI document, its parameters from the source's annotations. */

import { type Annotation, readAnnotation, type ScalarName } from '../workflows/annotation.ts';
import { exampleInput } from '../workflows/exampleInput.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { flatAnswer } from './flatAnswer.ts';
import { errorAnswer } from './schemas.ts';

type Schema = Record<string, unknown>;

/** Method → operation. */
export function endpointPath(workflow: Workflow): Record<string, Schema> {
  return Object.fromEntries(
    workflow.allowedMethods.map((method) => [method.toLowerCase(), operationOf(workflow, method)]),
  );
}

function operationOf(workflow: Workflow, method: string): Schema {
  const { id, description, publicEndpoint } = workflow;
  const answer = (text: string, schema: object) => ({
    description: text,
    content: { 'application/json': { schema } },
  });
  const failures = [
    ...(publicEndpoint ? [400, 429] : [400, 401, 403, 404, 429]).map((status) => [
      status,
      answer('Refused', errorAnswer),
    ]),
  ];
  return {
    operationId: `${method.toLowerCase()}-${inAddress(id)}`,
    summary: `Trigger ${id}`,
    ...(description !== undefined && { description }),
    tags: ['Endpoints'],
    ...(publicEndpoint && { security: [] }),
    ...(method === 'GET' ? { parameters: queryParameters(workflow) } : { requestBody: bodyOf(workflow) }),
    responses: {
      200: answer('The run has ended, also when it failed: see `status`.', flatAnswer),
      202: answer('The run goes on.', flatAnswer),
      ...Object.fromEntries(failures),
    },
  };
}

/** One text for each id, of characters that mean nothing in an address: programs are made from it. */
function inAddress(id: string): string {
  return encodeURIComponent(id).replaceAll('~', '%7E').replaceAll('%', '~');
}

function queryParameters({ parameters }: Workflow): Schema[] {
  const examples = exampleInput(parameters);
  return parameters.map(({ name, annotation, required }) => ({
    name,
    in: 'query',
    required,
    schema: schemaOf(annotation),
    ...(required && { example: examples[name] }),
  }));
}

function bodyOf({ parameters, acceptsExtra }: Workflow): Schema {
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, annotation }) => [name, schemaOf(annotation)])),
    ...(required.length > 0 && { required }),
    // Names that a function does not take are left out of its input, but nobody should send them.
    additionalProperties: acceptsExtra,
  };
  const example = exampleInput(parameters);
  return { required: required.length > 0, content: { 'application/json': { schema, example } } };
}

function schemaOf(annotation: string | undefined): Schema {
  return annotation === undefined ? {} : fromAnnotation(readAnnotation(annotation));
}

const scalarSchemas: Record<ScalarName, Schema> = {
  int: { type: 'integer' },
  float: { type: 'number' },
  bool: { type: 'boolean' },
  str: { type: 'string' },
  datetime: { type: 'string', format: 'date-time' },
  date: { type: 'string', format: 'date' },
  time: { type: 'string', format: 'time' },
  UUID: { type: 'string', format: 'uuid' },
  Decimal: { type: ['string', 'number'] },
};

function fromAnnotation(annotation: Annotation): Schema {
  switch (annotation.kind) {
    case 'any':
      return {};
    case 'none':
      return { type: 'null' };
    case 'scalar':
      return scalarSchemas[annotation.name];
    case 'list':
      return { type: 'array', items: fromAnnotation(annotation.item) };
    case 'dict':
      return { type: 'object', additionalProperties: fromAnnotation(annotation.item) };
    case 'literal':
      return { enum: annotation.values };
    case 'union':
      return { anyOf: annotation.choices.map(fromAnnotation) };
  }
}
