/** Whether a connection leads back to the daemon that made it; it knows no name. */

import type { Socket } from 'node:net';

/**
 * A connection to this machine has a loopback address at its far end, or the same address at both.
 * Another program on the same port of this machine cannot be told apart, and is refused as well.
 */
export function isOwnAddress(
  {
    remoteAddress = '',
    remotePort,
    localAddress,
  }: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress'>,
  ownPort: number | undefined,
): boolean {
  if (ownPort === undefined || remotePort !== ownPort) return false;
  const address = remoteAddress.replace(/^::ffff:/i, '');
  return address.startsWith('127.') || address === '::1' || remoteAddress === localAddress;
}
