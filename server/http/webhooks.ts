/** `/api/v1/webhooks/:workflowId`: other services trigger public workflows, signed or not (A27, D13). */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Failure } from '../errors.ts';
import { isObject } from '../jsonObject.ts';
import { mayRun } from '../keys/permissions.ts';
import type { Settings } from '../settings.ts';
import { type Annotation, readAnnotation } from '../workflows/annotation.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { openAdmission } from './admission.ts';
import type { Caller } from './authentication.ts';
import type { EndpointParts } from './endpoints.ts';
import { sendJson } from './envelope.ts';
import { flatAnswer, toFlatAnswer } from './flatAnswer.ts';
import { readJson } from './json.ts';
import { refuseOtherMethods } from './otherMethods.ts';
import { errorAnswer, strict } from './schemas.ts';
import { checkUnique } from './start.ts';

export interface WebhookParts extends EndpointParts {
  settings: Pick<Settings, 'signatureHeaders'>;
}

interface Delivery {
  caller: Caller;
  workflow: Workflow;
}

type Input = Record<string, unknown>;

interface SignedRequest {
  query: Input;
  body: Buffer;
  signature: string | undefined;
}

const url = '/api/v1/webhooks/:workflowId';

/** In a scope of its own, whose bodies are kept as the bytes that were sent: a signature is over these. */
export function routeWebhooks(app: FastifyInstance, parts: WebhookParts): void {
  const headerNames = parts.settings.signatureHeaders.split(',').map((name) => name.trim().toLowerCase());
  const admission = openAdmission<Delivery>();
  const admit = admitter(parts);

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

    const readMembers = (request: FastifyRequest, body: Buffer): object => {
      if (!isJson(request.headers['content-type'])) {
        throw new Failure('unsupported-media-type', sendJson);
      }
      const value = readJson(body);
      if (!isObject(value)) {
        throw new Failure('bad-input', 'The request body must be a JSON object.');
      }
      return value;
    };

    scope.post(url, {
      schema: {
        operationId: 'receiveWebhook',
        summary: 'Trigger a public workflow from another service',
        description:
          'A workflow with the parameters `payload: str, signature: str` gets the body as it was sent, of any content type, and the signature header; every other one gets the members of the JSON object.',
        tags: ['Webhooks'],
        security: [],
        consumes: ['application/json', '*/*'],
        body: Type.Unknown({ description: 'Whatever the service sends.', examples: [{}] }),
        params: strict({ workflowId: Type.String({ description: "The workflow's id, which is its name." }) }),
        response: {
          200: flatAnswer,
          202: flatAnswer,
          ...Object.fromEntries([400, 401, 403, 404, 415, 429].map((status) => [status, errorAnswer])),
        },
      },
      // As at the endpoints: nothing of the body is read before the request is admitted (D10).
      onRequest: async (request, reply) => {
        admission.grant(request, await admit(request, reply));
      },
      handler: async (request, reply) => {
        const { workflow, caller } = admission.of(request);
        const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
        // Query parameters merge below the body, as at the endpoints (D18).
        const query = request.query as Input;
        const input = takesSignature(workflow)
          ? signedInput(workflow, { query, body, signature: signatureOf(request, headerNames) })
          : { ...query, ...(body.length > 0 && readMembers(request, body)) };
        const mode = workflow.executionMode;
        const started = await parts.start({
          workflow,
          input,
          caller,
          mode,
          wait: mode === 'sync',
        });
        return toFlatAnswer(reply, workflow, started);
      },
    });

    refuseOtherMethods(scope, url, ['POST'], admit);
  });
}

/** 401, 429, 403, 404, in this order (D10); no key is needed, but one that is sent has to be good (D13). */
function admitter({ authentication, workflows }: EndpointParts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<Delivery> => {
    const { workflowId } = request.params as { workflowId: string };
    const workflow = workflows.get(workflowId);
    const caller = await authentication.admitPublic(request, reply, 'execute');
    if (caller.kind === 'key') {
      const verdict = mayRun(caller.record, workflowId, workflow);
      if (verdict !== 'yes' && verdict !== 'no-endpoint') {
        throw authentication.forbid(request, caller, verdict);
      }
    }
    if (!workflow?.endpointEnabled || !workflow.publicEndpoint) {
      const reason = !workflow ? 'unknown-workflow' : workflow.endpointEnabled ? 'not-public' : 'no-endpoint';
      throw authentication.missing(request, caller, reason, 'No public workflow has this id.');
    }
    checkUnique(workflow);
    return { caller, workflow };
  };
}

/** Whether the workflow checks a signature itself, as S10's does. */
function takesSignature({ parameters }: Workflow): boolean {
  return ['payload', 'signature'].every((wanted) => {
    const annotation = parameters.find(({ name }) => name === wanted)?.annotation;
    return annotation !== undefined && takesText(readAnnotation(annotation));
  });
}

function takesText(annotation: Annotation): boolean {
  if (annotation.kind === 'union') return annotation.choices.some(takesText);
  return annotation.kind === 'scalar' && annotation.name === 'str';
}

/** @throws Failure `bad-input` where the body is no text, or there is no signature but the workflow needs one. */
function signedInput({ parameters }: Workflow, { query, body, signature }: SignedRequest): Input {
  if (signature === undefined && parameters.some(({ name, required }) => name === 'signature' && required)) {
    throw new Failure('bad-input', 'The request carries no signature; send it in a signature header.');
  }
  // An address cannot stand in for the header: without that, the workflow has its own default.
  const others = Object.entries(query).filter(([name]) => name !== 'signature');
  return {
    ...Object.fromEntries(others),
    payload: textOf(body),
    ...(signature !== undefined && { signature }),
  };
}

/** The same text gives the same bytes again, so the workflow checks what was sent. */
function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Failure('bad-input', 'The request body must be UTF-8 text.');
  }
}

/** The first of the headers that is there; GitHub's `sha256=` before the digest is left out. */
function signatureOf({ headers }: FastifyRequest, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') return /^sha256=([0-9a-f]{64})$/i.exec(value)?.[1] ?? value;
  }
  return undefined;
}

/** `application/json` and types that are JSON with a name, e.g. `application/cloudevents+json`. */
function isJson(contentType: string | undefined): boolean {
  return /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i.test(contentType ?? '');
}
