/** What went wrong with an outgoing call, in one line that names the host and never a value. */

import { Failure } from '../errors.ts';

/** Failures stay as they are; everything else becomes `call-failed`, `call-timeout` or `bad-input`. */
export function describeFailure(
  thrown: unknown,
  { host }: URL,
  { isTimeout, timeoutMs }: { isTimeout: boolean; timeoutMs: number },
): Failure {
  if (thrown instanceof Failure) return thrown;
  const code = codeOf(thrown);
  if (isTimeout || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new Failure('call-timeout', `${host} did not answer in full within ${timeoutMs / 1000} s.`);
  }
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new Failure('call-timeout', `${host} did not take a connection in time.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(
        'call-failed',
        `The name of ${host} is not known; check the address and the network.`,
      );
    case 'ECONNREFUSED':
      return new Failure('call-failed', `${host} refused the connection; check the port, and that it runs.`);
    case 'UND_ERR_INVALID_ARG':
      // Its own message can quote the header that it does not like.
      return new Failure('bad-input', `A header or the method of the call to ${host} cannot be sent.`);
    default:
      if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code)) {
        return new Failure(
          'call-failed',
          `The certificate of ${host} is not trusted (${code}); WORKFLOW_KEYS_CA_FILE names further authorities.`,
        );
      }
      return new Failure('call-failed', `The call to ${host} broke off (${code === '' ? 'unknown' : code}).`);
  }
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  if (typeof code === 'string') return code;
  return thrown instanceof AggregateError ? codeOf(thrown.errors[0]) : '';
}
