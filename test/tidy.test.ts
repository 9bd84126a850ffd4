/** Rules of the tree that no compiler checks: who imports whom, and that manifest, README and code agree. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { commandTable, type ProgramContext } from '../server/cli/program.ts';
import { errorTable } from '../server/errors.ts';
import { diagnosticTable } from '../server/language/diagnostics.ts';
import { settingTable } from '../server/settings.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const readme = read('README.md');

interface Import {
  /** File that imports, relative to the root, e.g. `server/http/app.ts`. */
  from: string;
  /** What it imports: a path relative to the root, or a package's name, e.g. `node:crypto`. */
  to: string;
  typesOnly: boolean;
}

const list = (...patterns: string[]) =>
  globSync(patterns, { cwd: root, exclude: (path) => /node_modules|__pycache__/.test(path) }).map((path) =>
    path.split(sep).join('/'),
  );
const sources = list('client/**/*.ts', 'server/**/*.ts').filter((path) => !path.endsWith('.d.ts'));
const imports = sources.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const text = read(from);
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    const to = specifier.startsWith('.') ? posix.normalize(posix.join(dirname(from), specifier)) : specifier;
    return { from, to, typesOnly: match[1] !== undefined };
  });
}

/** Imports that break a rule, as `from → to` lines, so that a failure shows each of them. */
function offenders(from: RegExp, allowed: (found: Import) => boolean): string[] {
  return imports
    .filter((found) => from.test(found.from) && !allowed(found))
    .map((found) => `${found.from} → ${found.to}`);
}

const isDomainRoom = /^server\/(keys|configs|connections|workflows|runs|audit|bundles)\//;
const isEngine = /^server\/store\/(?!contracts\/)/;

test('the contracts import nothing at run time', () => {
  const rule =
    /^server\/(protocol|protocol\/.*|errors|store\/contracts\/.*|runs\/contracts|workflows\/workflow)\.ts$/;
  assert.deepEqual(
    offenders(rule, ({ typesOnly }) => typesOnly),
    [],
  );
});

test('the client sees of the server only the protocol and what is pure', () => {
  assert.deepEqual(
    offenders(
      /^client\//,
      ({ to }) =>
        !to.startsWith('server/') ||
        /^server\/(protocol|protocol\/.*|dataDirectory|secretNames)\.ts$/.test(to),
    ),
    [],
  );
});

test('the server never sees the editor or the client', () => {
  assert.deepEqual(
    offenders(/^server\//, ({ to }) => to !== 'vscode' && !to.startsWith('client/')),
    [],
  );
});

test('HTTP and language never import each other, nor a store engine', () => {
  assert.deepEqual(
    offenders(/^server\/http\//, ({ to }) => !to.startsWith('server/language/') && !isEngine.test(to)),
    [],
  );
  assert.deepEqual(
    offenders(/^server\/language\//, ({ to }) => !to.startsWith('server/http/') && !isEngine.test(to)),
    [],
  );
});

test('domain rooms import no engine, no Fastify and no connection', () => {
  assert.deepEqual(
    offenders(
      isDomainRoom,
      ({ to, typesOnly }) =>
        !isEngine.test(to) &&
        !to.startsWith('server/http/') &&
        to !== 'fastify' &&
        (typesOnly || !to.startsWith('vscode-languageserver')),
    ),
    [],
  );
});

test('the language core touches no disk, network, clock or process', () => {
  assert.deepEqual(
    offenders(/^server\/language\//, ({ to }) => !to.startsWith('node:') || to === 'node:path'),
    [],
  );
  const clocks = sources
    .filter((path) => path.startsWith('server/language/'))
    .filter((path) => /\b(Date\.now|new Date|setTimeout|setInterval|process\.)/.test(read(path)));
  assert.deepEqual(clocks, []);
});

test('domain rooms and routes are given their clock', () => {
  const clocks = sources
    .filter((path) => isDomainRoom.test(path) || path.startsWith('server/http/'))
    .filter((path) => /\bDate\.now\b|\bnew Date\(\)/.test(read(path)));
  assert.deepEqual(clocks, []);
});

test('only the tokens of the vault, the secret key and the keys room touch node:crypto', () => {
  assert.deepEqual(
    offenders(
      /^server\/(?!keys\/|configs\/(fernetToken|secretKey)\.ts)/,
      ({ to }) => to !== 'node:crypto' && to !== 'crypto',
    ),
    [],
  );
});

test('only the daemon and the restore build the parts, and nobody imports the program', () => {
  assert.deepEqual(
    offenders(/^server\/(?!(daemon|backup|restore)\.ts|store\/)/, ({ to }) => !isEngine.test(to)),
    [],
  );
  assert.deepEqual(
    imports.filter(({ to }) => to === 'server/main.ts').map(({ from }) => from),
    [],
  );
});

test('no two rooms need each other, by whatever way round', () => {
  const roomOf = (path: string) => /^server\/(\w+)\//.exec(path)?.[1];
  const needs = new Map<string, Set<string>>();
  for (const { from, to, typesOnly } of imports) {
    const [room, needed] = [roomOf(from), roomOf(to)];
    if (typesOnly || !room || !needed || room === needed) continue;
    needs.set(room, (needs.get(room) ?? new Set()).add(needed));
  }
  assert.ok(needs.size > 5);
  const circles: string[] = [];
  const follow = (way: string[]) => {
    for (const next of needs.get(way.at(-1) ?? '') ?? []) {
      if (next === way[0]) circles.push([...way, next].join(' → '));
      else if (!way.includes(next)) follow([...way, next]);
    }
  };
  for (const room of needs.keys()) follow([room]);
  assert.deepEqual(circles, []);
});

test('every file begins with a sentence that says what its job is', () => {
  const scripts = list('client/**/*.{ts,js}', 'server/**/*.{ts,js}', 'test/**/*.{ts,mjs}', '*.mjs');
  const opening = /^\/\*\*(?: |\r?\n \* )[A-Z`][\s\S]*?[.:]\s*(?:\r?\n \*[\s\S]*?)?\*\//;
  const silent = scripts.filter((path) => !opening.test(read(path)));
  const modules = list('server/**/*.py', 'test/workspace/**/*.py');
  assert.deepEqual([...silent, ...modules.filter((path) => !/^"""[A-Z`]/.test(read(path)))], []);
});

test('a source file has one job: it is at most a little over 300 lines', () => {
  const long = sources.filter((path) => read(path).split('\n').length > 330);
  assert.deepEqual(long, []);
});

test('no file and nothing exported is named for being a manager, a helper or a utility', () => {
  const vague = /(?:manager|helper|utils?)$/i;
  const exported =
    /^export (?:default )?(?:abstract |async )?(?:class|function|const|interface|type) (\w+)/gm;
  const named = sources.flatMap((path) => [
    path.replace(/\.ts$/, ''),
    ...[...read(path).matchAll(exported)].map(([, name]) => `${path}: ${name}`),
  ]);
  assert.deepEqual(
    named.filter((name) => vague.test(name) || /: I[A-Z][a-z]/.test(name)),
    [],
  );
});

test('every command of the manifest is registered, and every registered one is in the manifest', () => {
  const declared = manifest.contributes.commands.map((command: { command: string }) => command.command);
  const client = sources
    .filter((path) => path.startsWith('client/'))
    .map(read)
    .join('\n');
  const unregistered = declared.filter((command: string) => !client.includes(`'${command}'`));
  assert.deepEqual(unregistered, []);
  const mentioned = new Set(client.match(/(?<=')workflowKeys\.[a-z]+\.[a-zA-Z]+(?=')/g));
  const settings = Object.keys(manifest.contributes.configuration.properties);
  const contexts = new Set([...client.matchAll(/'setContext',\s*'([^']+)'/g)].map((match) => match[1]));
  assert.deepEqual(
    [...mentioned].filter(
      (name) => !declared.includes(name) && !settings.includes(name) && !contexts.has(name),
    ),
    [],
  );
});

test('what an icon in a row does stands in its menu, too, where the keyboard reaches it', () => {
  const entries: { command: string; group: string }[] = manifest.contributes.menus['view/item/context'];
  const isInline = ({ group }: { group: string }) => group.startsWith('inline');
  const inMenus = new Set(entries.filter((entry) => !isInline(entry)).map(({ command }) => command));
  const icons = entries.filter(isInline).map(({ command }) => command);
  assert.deepEqual(
    icons.filter((command) => !inMenus.has(command)),
    [],
  );
});

test('every setting of the manifest is in the README, and is read by the code', () => {
  const client = sources
    .filter((path) => path.startsWith('client/'))
    .map(read)
    .join('\n');
  for (const name of Object.keys(manifest.contributes.configuration.properties)) {
    assert.ok(readme.includes(`\`${name}\``), `README.md does not say what ${name} is`);
    const short = name.replace(/^workflowKeys\./, '');
    // The language client itself reads the trace setting, by the client's id.
    assert.ok(
      client.includes(short) || short === 'trace.server',
      `${name} is declared, but no code in client/ reads it`,
    );
  }
});

test('every text of the manifest has its words, and no others stand beside them', () => {
  const words = Object.keys(JSON.parse(read('package.nls.json')));
  const named = [...read('package.json').matchAll(/"%([^%"]+)%"/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(named)].sort(), words.sort());
});

test('a message of the daemon that names a setting or a command of the editor names one that exists', () => {
  const known = new Set([
    ...Object.keys(manifest.contributes.configuration.properties),
    ...manifest.contributes.commands.map(({ command }: { command: string }) => command),
  ]);
  const named = sources
    .filter((path) => path.startsWith('server/'))
    .flatMap((path) => [...read(path).matchAll(/\bworkflowKeys\.[a-z]+\.[a-zA-Z]+/g)].map(([name]) => name));
  assert.ok(named.length > 0);
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  );
});

test('the README lists exactly the commands of the program, with no flag that one does not take', () => {
  const program = new Command('workflow-keys');
  // Commands ask their context when they are run, and none is.
  for (const addCommands of commandTable) addCommands(program, {} as ProgramContext);
  const flagsOf = new Map<string, Set<string | undefined>>();
  const visit = (command: Command, way: string[]) => {
    const name = [...way, command.name()];
    for (const inner of command.commands) visit(inner, name);
    const flags = command.options.flatMap(({ long, short }) => [long, short]);
    if (command.commands.length === 0) flagsOf.set(name.join(' '), new Set(flags));
  };
  for (const command of program.commands) visit(command, []);

  const [, table = ''] = /## On the command line\n[\s\S]*?\n(\|[\s\S]*?)\n\n/.exec(readme) ?? [];
  const cells = [...table.matchAll(/^\| (`.*?`) \| /gm)].flatMap(([, cell = '']) => cell.split('`, `'));
  const usages = cells.map((cell) => cell.replaceAll('`', ''));
  const documented = usages.map((usage) => {
    const name = [...flagsOf.keys()].find((known) => `${usage} `.startsWith(`${known} `));
    assert.ok(name !== undefined, `There is no command ${usage}`);
    const foreign = [...usage.matchAll(/(?<=[ [])--?[a-z][a-z-]*/g)].filter(
      ([flag]) => !flagsOf.get(name)?.has(flag),
    );
    assert.deepEqual(foreign.flat(), [], `These are no flags of ${name}`);
    return name;
  });
  assert.deepEqual([...new Set(documented)].sort(), [...flagsOf.keys()].sort());
});

test("the README's table of environment variables is the daemon's", () => {
  const documented = [...readme.matchAll(/^\| `(WORKFLOW_KEYS_[A-Z_]+)`/gm)].map((match) => match[1]);
  const known = Object.values(settingTable).map(({ variable }) => variable);
  assert.deepEqual([...documented].sort(), [...known, 'WORKFLOW_KEYS_DATA'].sort());
});

test('every error code is used, and the README lists exactly those of the table', () => {
  const code = sources
    .filter((path) => path !== 'server/errors.ts')
    .map(read)
    .join('\n');
  const unused = Object.keys(errorTable).filter((name) => !code.includes(`'${name}'`));
  assert.deepEqual(unused, []);
  const documented = [...readme.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(
    (match) => `${match[1]} ${match[2]}`,
  );
  const known = Object.entries(errorTable).map(
    ([name, status]) => `${name.replaceAll('-', '_').toUpperCase()} ${status}`,
  );
  assert.deepEqual(documented.sort(), known.sort());
});

test('the README lists exactly the actions that the audit log can hold', () => {
  const code = sources
    .filter((path) => path.startsWith('server/') && !path.startsWith('server/language/'))
    .map(read)
    .join('\n');
  const verbs = /'([a-z]+\.(?:[a-z]*ed|read|made|broken|written|rebound))'/g;
  const recorded = new Set([...code.matchAll(verbs)].map((match) => match[1]));
  const [, section = ''] = /### The audit log\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const documented = [...section.matchAll(/`([a-z]+\.[a-z]+)`/g)].map((match) => match[1]);
  assert.deepEqual(documented.sort(), [...recorded].sort());
});

test('the diagnostics of manifest, README and code are the same', () => {
  const codes = Object.keys(diagnosticTable).sort();
  const severity = manifest.contributes.configuration.properties['workflowKeys.diagnostics.severity'];
  assert.deepEqual([...severity.propertyNames.enum].sort(), codes);
  const documented = [...readme.matchAll(/^\| `([a-z]+\/[a-z-]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(documented.sort(), codes);
});

test('the lock file names every package that some platform needs, so that npm ci works on each', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => !packages[`node_modules/${name}`]);
  assert.deepEqual(missing, []);
});

test('no file names a path of a machine or a registry', () => {
  const files = globSync(['client/**/*', 'server/**/*', 'test/**/*', '*.md', '*.json', '*.mjs'], {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => entry.name === 'node_modules' || entry.name === '__pycache__',
  }).filter((entry) => entry.isFile() && /\.(ts|mjs|py|md|json)$/.test(entry.name));
  const paths = files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const pattern = new RegExp(['/wo' + 'rk/[a-z]', 'registry\\.' + 'npmjs', '/ro' + 'ot/'].join('|'));
  assert.deepEqual(
    paths.filter((path) => pattern.test(read(path))),
    [],
  );
});
