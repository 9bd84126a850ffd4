/** What goes out with an export or a backup, and what an import would change. */

import type { ConfigTypeName } from './configs.ts';
import type { AddCredentialParams } from './credentials.ts';

/** A backup that was written. */
export interface MadeBackup {
  /** Absolute. */
  path: string;
  /** Of the state. */
  revision: number;
  /** Where the key of its secrets is, which is not in it. */
  keySource: 'environment' | 'file';
}

/** A portable bundle (C21), and what is not in it. */
export interface ExportedBundle {
  /** YAML; the same state gives the same text. */
  text: string;
  organizations: number;
  configs: number;
  credentials: number;
  workflows: number;
  leftOut: {
    secretValues: number;
    credentialValues: number;
    /** Of credentials, where they may hold more than an address. */
    testAddresses: number;
    keys: number;
    folders: number;
  };
  /** Plain values that are in the text under the names of secrets. */
  suspects: string[];
}

/** What an import does with one row of a bundle. */
export interface BundleItem {
  kind: 'organization' | 'config' | 'credential' | 'workflow';
  name: string;
  /** Absent: the global scope. */
  organizationId?: string;
  /** Of a config. */
  type?: ConfigTypeName;
  /** A refused row keeps the whole bundle out. */
  change: 'new' | 'changed' | 'unchanged' | 'refused';
  /** It is without its value after the import (D37). */
  needsValue: boolean;
  /** What changes, or why not; never what a secret holds. */
  detail?: string;
}

export interface BundlePreview {
  /** Of exactly these changes, for `approved`. */
  id: string;
  items: BundleItem[];
}

/** What is to be typed after an import (C22); a credential is made with its value. */
export type NeededValue =
  | { kind: 'config'; name: string; organizationId?: string; type: ConfigTypeName; description?: string }
  | ({ kind: 'credential' } & Omit<AddCredentialParams, 'value' | 'clientSecret'> &
      Required<Pick<AddCredentialParams, 'auth' | 'hosts'>>);

export interface ImportedBundle {
  items: BundleItem[];
  needed: NeededValue[];
}
