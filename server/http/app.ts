/** The HTTP application, built apart from listening; the routes are one file per dialect. */

import swagger from '@fastify/swagger';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { Failure } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings.ts';
import { type AuthenticationParts, openAuthentication } from './authentication.ts';
import { answerUnreadable, askForBody, beginAnswer, deferBodies } from './connection.ts';
import { openDeadEnds } from './deadEnds.ts';
import { type EndpointParts, routeEndpoints } from './endpoints.ts';
import { sendJson } from './envelope.ts';
import { openFailureAnswer } from './failureAnswer.ts';
import { openGuard } from './guard.ts';
import { readJson } from './json.ts';
import { readMethods, refuseOtherMethods } from './otherMethods.ts';
import { documentOptions, type ReferenceParts, routeReference } from './reference.ts';
import { type RunWorkflowParts, routeRunWorkflow } from './runWorkflow.ts';
import { openStart, type StarterParts } from './start.ts';
import { type AuditRouteParts, routeAudit } from './v1Audit.ts';
import { type ConfigRouteParts, routeConfigs } from './v1Configs.ts';
import { type ConnectionRouteParts, routeConnections } from './v1Connections.ts';
import { type KeyRouteParts, routeKeys } from './v1Keys.ts';
import { type RunRouteParts, routeRuns } from './v1Runs.ts';
import { routeWorkflows, type WorkflowRouteParts } from './v1Workflows.ts';
import { validateInput } from './validation.ts';
import { routeWebhooks, type WebhookParts } from './webhooks.ts';

/** What the routes need beside authentication. */
type RouteParts = EndpointParts &
  WebhookParts &
  RunWorkflowParts &
  WorkflowRouteParts &
  RunRouteParts &
  KeyRouteParts &
  ConfigRouteParts &
  ConnectionRouteParts &
  AuditRouteParts &
  ReferenceParts;

export interface HttpParts
  extends Omit<AuthenticationParts, 'settings'>,
    Omit<StarterParts, 'settings' | 'publicUrl'>,
    Omit<RouteParts, 'authentication' | 'start' | 'keys' | 'runs' | 'publicUrl'> {
  keys: AuthenticationParts['keys'] & RouteParts['keys'];
  runs: StarterParts['runs'] & RouteParts['runs'];
  settings: Settings;
  log: Log;
  refusals: AuthenticationParts['refusals'];
}

export interface HttpApp {
  app: FastifyInstance;
  /** `http://127.0.0.1:3000`: with the port that really listens. */
  url(): string;
}

const bodyLimitBytes = 1024 * 1024;
const maxConnections = 256;

export function buildHttp(parts: HttpParts): HttpApp {
  const { settings } = parts;
  const app = fastify({
    // Requests are in the audit log and the history; a line for each would only repeat them.
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: 10_000,
    connectionTimeout: 0,
    keepAliveTimeout: 30_000,
    maxRequestsPerSocket: 0,
    trustProxy: false,
    genReqId: () => newId(),
    routerOptions: { maxParamLength: 16_384, caseSensitive: true },
    // Without a Host it is the guard below that refuses. Node looks for what is too slow every 30 s if not told better.
    http: { headersTimeout: 5_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    // What the router cannot decode comes here instead of to the hooks.
    frameworkErrors: (_error, request, reply) => {
      const refusal = enter(request, reply);
      const refused = refusal ? Promise.reject(refusal) : deadEnds.refuseMalformed(request, reply);
      refused.catch((thrown: unknown) => answerFailure(thrown, request, reply));
    },
  });
  app.server.maxConnections = maxConnections;
  // One client that keeps them all alive without using them keeps nobody else out for long.
  app.server.on('drop', () => app.server.closeIdleConnections());

  const guardOf = (port: number) =>
    openGuard({ port, host: settings.host, allowedHosts: settings.allowedHosts.split(',') });
  let { port } = settings;
  let guard = guardOf(port);
  // Port 0 becomes a real one only now; nothing is served before.
  app.addHook('onListen', async () => {
    const address = app.server.address();
    if (typeof address === 'object' && address !== null) port = address.port;
    guard = guardOf(port);
  });
  const url = () => `http://${urlHost(settings.host)}:${port}`;
  let isClosing = false;
  const authentication = openAuthentication(parts);
  const deadEnds = openDeadEnds(authentication);
  const answerFailure = openFailureAnswer(parts);

  /** What stands before every request. @returns why it goes no further. */
  function enter(request: FastifyRequest, reply: FastifyReply): Failure | undefined {
    beginAnswer(reply.raw);
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const objection = guard(request.raw);
    if (objection !== undefined) return authentication.turnAway(request, objection);
    return isClosing
      ? new Failure('stopping', 'The daemon is stopping. Try again when it has started.')
      : undefined;
  }

  // With callbacks and not promises: they stand before every request.
  app.addHook('onRequest', (request, reply, done) => {
    const refusal = enter(request, reply);
    if (refusal !== undefined || !request.is404) done(refusal);
    else deadEnds.refuseUnknown(request, reply).catch(done);
  });
  app.addHook('preParsing', ({ headers }, reply, _payload, done) => {
    const { 'content-encoding': coding = 'identity', 'content-length': length } = headers;
    if (coding !== 'identity' && length !== '0') {
      done(new Failure('unsupported-media-type', 'Send the body as it is, without a Content-Encoding.'));
      return;
    }
    askForBody(reply.raw, bodyLimitBytes);
    done();
  });
  app.addHook('preClose', async () => {
    isClosing = true;
  });

  app.setErrorHandler(answerFailure);
  deferBodies(app.server);
  readJsonBodies(app);
  validateInput(app);

  app.get('/healthz', async () => ({ status: 'ok' }));
  refuseOtherMethods(app, '/healthz', readMethods);
  const start = openStart({ ...parts, publicUrl: url });
  const shared = { ...parts, authentication, start, publicUrl: url };
  app.register(swagger, documentOptions);
  // After the plugin above, which sees only routes that are added once it is there.
  app.register(async (routes) => {
    routeEndpoints(routes, shared);
    routeWebhooks(routes, shared);
    routeRunWorkflow(routes, shared);
    routeWorkflows(routes, shared);
    routeRuns(routes, shared);
    routeKeys(routes, shared);
    routeConfigs(routes, shared);
    routeConnections(routes, shared);
    routeAudit(routes, shared);
    routeReference(routes, shared);
  });
  return { app, url };
}

/** The host by which this machine itself reaches an address that HTTP is bound to. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** JSON is the only content type; no body at all is no input, whatever type the request names. */
function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => (body.length === 0 ? undefined : readJson(body)),
  );
  // Programs name a type also where they send nothing.
  app.addContentTypeParser('*', async ({ headers }: FastifyRequest) => {
    if (headers['content-length'] === '0') return undefined;
    throw new Failure('unsupported-media-type', sendJson);
  });
}
