/** Further certificate authorities that outgoing calls trust, from a file of the user's. */

import { readFileSync } from 'node:fs';
import { Failure } from '../errors.ts';

/**
 * PEM text of at least one certificate.
 *
 * @throws Failure `bad-input` that names the file.
 */
export function readCertificates(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    throw new Failure('bad-input', `WORKFLOW_KEYS_CA_FILE names ${file}, which cannot be read.`, { cause });
  }
  throw new Failure('bad-input', `WORKFLOW_KEYS_CA_FILE names ${file}, which holds no PEM certificate.`);
}
