/** The records of the state: organizations, keys, configs, credentials, workflow settings and folders. */

import type { ConfigTypeName, ReferenceKind } from '../../protocol/configs.ts';
import type { CredentialRow } from '../../protocol/credentials.ts';
import type { Millis } from './time.ts';

export interface OrganizationRecord {
  /** Stable id, e.g. `acme`. */
  id: string;
  name: string;
  createdAt: Millis;
}

export interface ApiKeyRecord {
  id: string;
  /** D3: workflow keys hold a workflow's slot, API keys have scopes. */
  kind: 'workflow' | 'api';
  /** `bk_live_`, `wfk_`, or what an administrator chose (D2). */
  prefix: string;
  /** SHA-256 of the whole key in hex; absent once revoked (D25). */
  hash?: string;
  lastFour: string;
  /** W12–W14 for workflow keys, the name for API keys. */
  description: string;
  /** The one workflow of a workflow-specific key; absent for a global key and for API keys. */
  workflowId?: string;
  /** API keys: canonical scopes (D14). */
  scopes?: string[];
  /** API keys: allow-list of workflow ids; absent means all. */
  workflowIds?: string[];
  organizationId?: string;
  createdAt: Millis;
  createdBy: string;
  /** Absent means never. */
  expiresAt?: Millis;
  /** Once it was rotated: the end of its overlap, never later than `expiresAt`. */
  endsAt?: Millis;
  /** Ids of the key before it and of the one after it. */
  rotatedFrom?: string;
  replacedBy?: string;
  revokedAt?: Millis;
}

export interface ConfigRecord {
  id: string;
  /** D36. */
  name: string;
  /** Absent means the global scope. */
  organizationId?: string;
  type: ConfigTypeName;
  /** The plain value, or the Fernet token of a secret; absent when the row needs a value (D37). */
  value?: unknown;
  /** Of a secret whose token holds a reference (D29): its kind, to be shown. Which it is only the token says. */
  reference?: ReferenceKind;
  description?: string;
  updatedAt: Millis;
  updatedBy: string;
}

/** What a credential is for and where it goes: all of it but its value. */
export type CredentialShape = Omit<CredentialRow, 'id' | 'value' | 'createdAt' | 'updatedAt' | 'updatedBy'>;

/** D17: what an outgoing call is made with. */
export interface CredentialRecord extends CredentialShape {
  id: string;
  /** The Fernet token of the value, and of the client secret of `refresh-token`. */
  value: string;
  clientSecret?: string;
  createdAt: Millis;
  updatedAt: Millis;
  updatedBy: string;
}

export interface FolderRecord {
  /** The folder's absolute path is its id. */
  id: string;
  /** Interpreter chosen for this folder; absent means the daemon's default. */
  python?: string;
  registeredAt: Millis;
}

/** What of a workflow's decorator is overridden (A6); absent members are the decorator's. */
export interface EndpointSettings {
  endpointEnabled?: boolean;
  publicEndpoint?: boolean;
  disableGlobalKey?: boolean;
  allowedMethods?: string[];
  executionMode?: 'sync' | 'async';
  timeoutSeconds?: number;
  /** Whose runs these are where the key says nothing (D28); no decorator says it. */
  organizationId?: string;
}

export interface WorkflowSettingsRecord extends EndpointSettings {
  /** The workflow's id. */
  id: string;
  updatedAt: Millis;
  updatedBy: string;
}

export interface MetaRecord {
  id: string;
  value: string;
}
