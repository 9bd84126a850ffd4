/** The envelope of every error answer of every dialect (A33), and the texts that are documented; it knows no request. */

import type { ErrorCode } from '../errors.ts';

/** The documented texts; a refusal never says more than these (D9). */
export const unauthorizedMessage = 'Invalid or missing API key';
/** What is said of a body of another type. */
export const sendJson = 'Send the body as JSON, with the header "Content-Type: application/json".';
export const forbiddenMessage = 'Insufficient permissions for this operation';

export const contentType = 'application/json; charset=utf-8';

/** The text of a failure's answer. */
export function envelope(code: ErrorCode, message: string): string {
  return JSON.stringify({
    success: false,
    error: { code: code.replaceAll('-', '_').toUpperCase(), message },
  });
}
