/** Credentials for outgoing calls, and the services that they are for. */

import type { Timestamp } from './time.ts';

export const credentialAuths = ['api-key', 'bearer', 'basic', 'client-credentials', 'refresh-token'] as const;
export type CredentialAuth = (typeof credentialAuths)[number];

/** A credential for outgoing calls as it may be shown: never its value (D17). */
export interface CredentialRow {
  id: string;
  /** What workflow code asks for; as configs are named (D36). */
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  /** Id of a service of `workflowKeys/credentials/services`. */
  service: string;
  auth: CredentialAuth;
  /** Always `[SECRET]` (D32). */
  value: string;
  /** Where the value goes: a header, with `prefix` before it if there is one, or a query parameter (D43, F8). */
  header?: string;
  prefix?: string;
  queryParameter?: string;
  /** Where it may be sent, e.g. `api.stripe.com`, `*.atlassian.net`, `http://10.0.0.5:8080`. */
  hosts: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  oauthScope?: string;
  createdAt: Timestamp;
  updatedAt: Timestamp;
  updatedBy: string;
}

/** What is left out is the service's own. */
export interface AddCredentialParams {
  name: string;
  service: string;
  auth?: CredentialAuth;
  /** The key or token; `user:password` for `basic`; the client secret or the refresh token for OAuth. */
  value: string;
  /** Of `refresh-token`, where the client has one. */
  clientSecret?: string;
  organizationId?: string;
  header?: string;
  /** Empty: the value stands alone. */
  prefix?: string;
  /** The value goes here instead of into a header (F8). */
  queryParameter?: string;
  hosts?: string[];
  testUrl?: string;
  tokenUrl?: string;
  clientId?: string;
  oauthScope?: string;
}

/** D42; never holds the value. */
export interface CredentialTest {
  outcome: 'good' | 'bad' | 'inconclusive';
  /** Of the service's answer. */
  status?: number;
  message: string;
}

/** A service that credentials are for (F3, F4). */
export interface ServiceRow {
  id: string;
  name: string;
  /** Where its credentials may be sent; empty: the user says. */
  hosts: string[];
  /** What it supports, the usual first, and where the value goes. */
  auth: { auth: CredentialAuth; header: string; prefix: string }[];
  testUrl?: string;
  tokenUrl?: string;
  oauthScope?: string;
}
