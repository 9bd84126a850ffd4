/** `config/unawaited`: the coroutine of a config call is used as if it were the value. */

import type { FileFacts } from '../facts.ts';
import type { Finding } from './finding.ts';

export function compute({ configCalls }: FileFacts): Finding[] {
  return configCalls.flatMap(({ method, range, awaited, canAwait, isOperand }) => {
    if (awaited !== 'no') return [];
    const effect =
      method === 'get'
        ? 'this is a coroutine, not the value'
        : `nothing is ${method === 'set' ? 'set' : 'deleted'}`;
    const remedy = canAwait ? 'Write "await" before it' : 'Make the function "async def" and await it there';
    return [
      {
        range,
        message: `config.${method}(…) is not awaited, so ${effect}. ${remedy}.`,
        ...(canAwait && { fix: { addAwait: { call: range, isOperand } } }),
      },
    ];
  });
}
