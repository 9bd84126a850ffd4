/** What a portable bundle is, and its text: the same content gives the same bytes; it neither reads state nor parses. */

import type { ConfigTypeName } from '../protocol/configs.ts';
import type { CredentialShape, EndpointSettings } from '../store/contracts/records.ts';
import { compareTexts } from '../textOrder.ts';

/** What a file must name as its `format`. */
export const bundleFormat = 'workflow-keys';
/** Raised when an older program would misread, or drop, what a newer one writes. */
export const bundleVersion = 1;
/** Of the text. A thousand values take about 200 kB. */
export const bundleLimitBytes = 8 * 1024 * 1024;

/**
 * What one installation can give to another.
 *
 * Invariant: there is no field for a key, a user, a path on a disk, a time of day, or the value of a secret or credential.
 */
export interface Bundle {
  organizations: BundledOrganization[];
  configs: BundledConfig[];
  credentials: BundledCredential[];
  workflows: BundledWorkflow[];
}

export interface BundledOrganization {
  id: string;
  name: string;
}

export interface BundledConfig {
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  type: ConfigTypeName;
  description?: string;
  /** Absent: it needs a value (D37), as every secret does. */
  value?: unknown;
}

/** A credential's place and limits; whoever imports it types its value. */
export type BundledCredential = CredentialShape;

/** Endpoint settings that stand above the decorator (A6); what is absent is the decorator's. */
export interface BundledWorkflow extends EndpointSettings {
  id: string;
}

/** The names of the fields in the file → those in the bundle, in the order in which they are written. */
export const fieldNames = {
  organizations: { id: 'id', name: 'name' },
  configs: {
    key: 'name',
    organization: 'organizationId',
    config_type: 'type',
    description: 'description',
    value: 'value',
  },
  credentials: {
    name: 'name',
    organization: 'organizationId',
    service: 'service',
    auth: 'auth',
    header: 'header',
    prefix: 'prefix',
    query_parameter: 'queryParameter',
    hosts: 'hosts',
    test_url: 'testUrl',
    token_url: 'tokenUrl',
    client_id: 'clientId',
    oauth_scope: 'oauthScope',
  },
  workflows: {
    id: 'id',
    endpoint_enabled: 'endpointEnabled',
    public_endpoint: 'publicEndpoint',
    disable_global_key: 'disableGlobalKey',
    allowed_methods: 'allowedMethods',
    execution_mode: 'executionMode',
    timeout_seconds: 'timeoutSeconds',
    organization: 'organizationId',
  },
} as const satisfies { [S in keyof Bundle]: Record<string, keyof Bundle[S][number]> };

export type Section = keyof Bundle;
export const sections = Object.keys(fieldNames) as Section[];

/**
 * The bundle as YAML 1.2 that other readers of YAML 1.1 understand alike (C21).
 *
 * Every value is JSON, which is YAML too: text is always quoted, so that `yes`, `0x1` and dates stay text everywhere.
 */
export function writeBundle(bundle: Bundle): string {
  const lines = [
    '# Portable configuration of Workflow Keys. Secrets are without their values: importing asks for them.',
    `format: ${bundleFormat}`,
    `version: ${bundleVersion}`,
  ];
  for (const section of sections) {
    const rows = bundle[section].toSorted(byPlace);
    lines.push(rows.length === 0 ? `${section}: []` : `${section}:`);
    for (const row of rows) lines.push(...fieldLines(section, row));
  }
  return `${lines.join('\n')}\n`;
}

function fieldLines(section: Section, row: Bundle[Section][number]): string[] {
  const fields = new Map<string, unknown>(Object.entries(row));
  return Object.entries(fieldNames[section])
    .flatMap(([written, field]) => {
      const value = fields.get(field);
      if (value !== undefined) return [`${written}: ${field === 'type' ? value : quoted(value)}`];
      // In JSON null is a value, so there it is the absence that says that one is needed.
      return field === 'value' && fields.get('type') !== 'json' ? [`${written}: null`] : [];
    })
    .map((line, index) => `  ${index === 0 ? '-' : ' '} ${line}`);
}

/** JSON, with what YAML cannot hold or a screen would not show as it is written as `\uXXXX`. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The global scope first. */
function byPlace(one: Bundle[Section][number], other: Bundle[Section][number]): number {
  return compareTexts(scopeOf(one), scopeOf(other)) || compareTexts(labelOf(one), labelOf(other));
}

/** What tells a row from the others of its scope. */
export function labelOf(row: Bundle[Section][number]): string {
  return 'id' in row ? row.id : row.name;
}

/** Empty for what exists once for all; a workflow does, for whomever it runs. */
export function scopeOf(row: Bundle[Section][number]): string {
  return 'name' in row && 'organizationId' in row ? (row.organizationId ?? '') : '';
}
