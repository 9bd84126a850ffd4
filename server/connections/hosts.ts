/** Where a credential may be sent: the text of an allow-list against the address of a call; it knows no credential. */

/**
 * The normal form of an entry, or undefined when it is none.
 *
 * `api.example.com`, `api.example.com:8443`: by https only; by http as well on a loopback name, which does not leave
 * the machine. `http://10.0.0.5:8080`: by http, said outright. `*.example.com`: any name below, not `example.com`.
 */
export function normalHost(entry: string): string | undefined {
  const [, scheme = '', wildcard = '', rest = ''] =
    /^(https?:\/\/)?(\*\.)?([^/?#@\s*]+)\/?$/i.exec(entry.trim()) ?? [];
  const address = URL.parse(`${scheme === '' ? 'https://' : scheme}${rest}`);
  if (rest === '' || !address || address.hostname === '') return undefined;
  // A wildcard over a whole top-level domain, or over addresses, is a slip.
  if (wildcard !== '' && !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(address.hostname))
    return undefined;
  const isPlain = address.protocol === 'http:';
  return `${isPlain ? 'http://' : ''}${wildcard}${address.host}`;
}

/** Whether one of the entries, in their normal form, is for this address. */
export function isAllowed(hosts: readonly string[], address: URL): boolean {
  return hosts.some((entry) => {
    const isPlain = entry.startsWith('http://');
    const host = isPlain ? entry.slice('http://'.length) : entry;
    const isHttps = address.protocol === 'https:';
    if (isPlain ? isHttps : !isHttps && !isLoopbackName(address.hostname)) return false;
    return host.startsWith('*.') ? address.host.endsWith(host.slice(1)) : address.host === host;
  });
}

/** A name that means this machine whatever a name server says. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
