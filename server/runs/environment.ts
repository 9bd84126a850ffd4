/** The environment that workflow code sees: an allow-list, so that no key of the daemon's own reaches it. */

const names = new Set([
  'HOME',
  'LANG',
  'LANGUAGE',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TEMP',
  'TMP',
  'TMPDIR',
  'TZ',
  'TZDIR',
  'USER',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  // Windows cannot start a process without these.
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMDATA',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'USERPROFILE',
  'WINDIR',
]);
const patterns = [/^LC_[A-Z]+$/, /^SSL_CERT_(FILE|DIR)$/, /^(HTTP|HTTPS|ALL|NO|FTP)_PROXY$/];

/**
 * What of `environment` a run may see, and what else is named. Names are compared without regard to case, as proxies and
 * Windows need.
 */
export function selectEnvironment(
  environment: NodeJS.ProcessEnv,
  further: readonly RegExp[] = [],
): Record<string, string> {
  const allowed = [...patterns, ...further];
  const selected: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const upper = name.toUpperCase();
    if (value !== undefined && (names.has(upper) || allowed.some((pattern) => pattern.test(upper)))) {
      selected[name] = value;
    }
  }
  return selected;
}
