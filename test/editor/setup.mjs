/** Brings what the editor test needs and no other: code-server, and a browser to drive it with. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;

// npm tells its children which node it ran on, and an inner npm would pass that on unchanged: code-server
// would then refuse the node of the caller's npm instead of looking at the one it is installed with.
const { npm_config_user_agent: _, ...environment } = process.env;

const run = (program, args) => execFileSync(program, args, { cwd: here, env: environment, stdio: 'inherit' });

/** Debian package → a file that is there once it is installed. */
const systemPackages = {
  chromium: '/usr/bin/chromium',
  // code-server builds its Kerberos module on installation.
  'libkrb5-dev': '/usr/include/krb5.h',
};

const missing = Object.keys(systemPackages).filter((name) => !existsSync(systemPackages[name]));
if (missing.length > 0) {
  if (process.getuid?.() !== 0) {
    throw new Error(
      `Install these first: ${missing.join(', ')} (as root: apt-get install ${missing.join(' ')})`,
    );
  }
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
}

if (!isInstalled()) run('npm', ['ci', '--no-fund', '--no-audit']);

/** Whether what is installed is what the lock file says. */
function isInstalled() {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  return Object.entries(dependencies).every(([name, version]) => {
    const manifest = join(here, 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  });
}
