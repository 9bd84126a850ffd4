/** The services that are known by name: where their keys go, where they may be sent, how one is tried; it calls none. */

import type { CredentialAuth, ServiceRow } from '../protocol/credentials.ts';

export interface Service extends ServiceRow {
  /** What the test call needs besides the credential. */
  testHeaders?: Readonly<Record<string, string>>;
  /** What the body of a 2xx says where the service answers so to a bad key as well. */
  refusal?: RegExp;
}

type Placement = { auth: CredentialAuth; header: string; prefix: string };

/** A token in `Authorization`, as most services take it. */
const bearer: Placement = { auth: 'bearer', header: 'Authorization', prefix: 'Bearer' };
/** User and password, or address and token, in `Authorization` (RFC 7617). */
const basic: Placement = { auth: 'basic', header: 'Authorization', prefix: 'Basic' };
const oauth: Placement[] = [
  { auth: 'client-credentials', header: 'Authorization', prefix: 'Bearer' },
  { auth: 'refresh-token', header: 'Authorization', prefix: 'Bearer' },
];
const inHeader = (header: string, prefix = ''): Placement => ({ auth: 'api-key', header, prefix });
/** A personal access token is an API key that goes where a bearer token goes (F32). */
const asBearer = inHeader('Authorization', 'Bearer');
const refreshed = oauth.filter(({ auth }) => auth === 'refresh-token');

/**
 * D42: each test is a GET that changes nothing, needs as few rights as possible, and fails without a valid key.
 * Generic stands last, where lists show it.
 */
export const services: readonly Service[] = [
  {
    id: 'stripe',
    name: 'Stripe',
    hosts: ['api.stripe.com', 'files.stripe.com'],
    auth: [bearer, asBearer, basic],
    testUrl: 'https://api.stripe.com/v1/balance',
  },
  {
    id: 'github',
    name: 'GitHub',
    hosts: ['api.github.com', 'uploads.github.com'],
    auth: [bearer, asBearer],
    testUrl: 'https://api.github.com/rate_limit',
  },
  {
    id: 'gitlab',
    name: 'GitLab',
    hosts: ['gitlab.com'],
    auth: [inHeader('PRIVATE-TOKEN'), bearer, ...refreshed],
    testUrl: 'https://gitlab.com/api/v4/user',
    tokenUrl: 'https://gitlab.com/oauth/token',
  },
  {
    id: 'slack',
    name: 'Slack',
    hosts: ['slack.com'],
    auth: [bearer, ...refreshed],
    testUrl: 'https://slack.com/api/auth.test',
    refusal: /"ok"\s*:\s*false/,
    tokenUrl: 'https://slack.com/api/oauth.v2.access',
  },
  {
    id: 'openai',
    name: 'OpenAI',
    hosts: ['api.openai.com'],
    auth: [bearer, asBearer],
    testUrl: 'https://api.openai.com/v1/models',
  },
  {
    id: 'anthropic',
    name: 'Anthropic',
    hosts: ['api.anthropic.com'],
    auth: [inHeader('x-api-key'), bearer],
    testUrl: 'https://api.anthropic.com/v1/models',
    testHeaders: { 'anthropic-version': '2023-06-01' },
  },
  {
    id: 'sendgrid',
    name: 'SendGrid',
    hosts: ['api.sendgrid.com', 'api.eu.sendgrid.com'],
    auth: [bearer, asBearer],
    testUrl: 'https://api.sendgrid.com/v3/scopes',
  },
  {
    id: 'hubspot',
    name: 'HubSpot',
    hosts: ['api.hubapi.com'],
    auth: [bearer, ...refreshed],
    testUrl: 'https://api.hubapi.com/account-info/v3/details',
    tokenUrl: 'https://api.hubapi.com/oauth/v1/token',
  },
  {
    id: 'notion',
    name: 'Notion',
    hosts: ['api.notion.com'],
    auth: [bearer],
    testUrl: 'https://api.notion.com/v1/users/me',
    testHeaders: { 'notion-version': '2022-06-28' },
  },
  {
    id: 'linear',
    name: 'Linear',
    hosts: ['api.linear.app'],
    auth: [inHeader('Authorization'), bearer],
    testUrl: 'https://api.linear.app/graphql?query=%7Bviewer%7Bid%7D%7D',
    testHeaders: { 'content-type': 'application/json' },
    refusal: /AUTHENTICATION_ERROR/,
  },
  {
    id: 'jira',
    name: 'Jira',
    hosts: ['*.atlassian.net', 'api.atlassian.com'],
    auth: [basic, bearer, ...refreshed],
    tokenUrl: 'https://auth.atlassian.com/oauth/token',
  },
  {
    id: 'microsoft-graph',
    name: 'Microsoft Graph',
    hosts: ['graph.microsoft.com'],
    auth: [...oauth, bearer],
    testUrl: 'https://graph.microsoft.com/v1.0/organization?$select=id',
    oauthScope: 'https://graph.microsoft.com/.default',
  },
  {
    id: 'generic',
    name: 'Another service',
    hosts: [],
    auth: [asBearer, bearer, basic, ...oauth],
  },
];

export function findService(id: string): Service | undefined {
  return services.find((service) => service.id === id);
}
