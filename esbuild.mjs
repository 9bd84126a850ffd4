/** Builds both bundles into `dist/`, with the files they read beside them. */

import { cp, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  logLevel: 'warning',
  legalComments: 'none',
};

/** What dependencies in CommonJS expect to find in a module that is none. */
const commonJsGlobals = [
  "import { createRequire as $createRequire } from 'node:module';",
  'const require = $createRequire(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
];

/**
 * A dependency of `fernet` calls `new Buffer(text, encoding)`.
 * Node keeps quiet about that inside `node_modules`, but a bundle is not there, and every user would see the warning.
 */
const withoutOldBuffer = {
  name: 'without-old-buffer',
  setup({ onLoad }) {
    onLoad({ filter: /urlsafe-base64\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace('new Buffer(', 'Buffer.from('),
    }));
  },
};

/**
 * An older Node could not load the program, so it is no part of the file that tells of that.
 * In one piece all the same: a daemon may run on when its files have been replaced.
 */
const programApart = {
  name: 'program-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/cli\/program\.ts$/ }, () => ({ path: './program.js', external: true }));
  },
};

await rm('dist', { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: {
      server: 'server/main.ts',
      program: 'server/cli/program.ts',
      parseWorker: 'server/bundles/parseWorker.ts',
    },
    outdir: 'dist',
    // Less to read at each start; names stay, for what the log says of failures.
    minifyWhitespace: true,
    plugins: [withoutOldBuffer, programApart],
    format: 'esm',
    banner: { js: ['#!/usr/bin/env node', ...commonJsGlobals].join('\n') },
  }),
  build({
    ...shared,
    entryPoints: ['client/extension.ts'],
    outfile: 'dist/extension.cjs',
    // It is loaded each time a window opens.
    minify: true,
    format: 'cjs',
    external: ['vscode'],
  }),
  cp('server/python', 'dist/python', {
    recursive: true,
    filter: (source) => !source.includes('__pycache__'),
  }),
  build({
    ...shared,
    entryPoints: ['server/http/reference/page.js'],
    outfile: 'dist/reference/page.js',
    platform: 'browser',
    target: 'es2022',
    sourcemap: false,
    format: 'esm',
  }),
  ...['page.html', 'page.css'].map((file) => cp(`server/http/reference/${file}`, `dist/reference/${file}`)),
  ...['keyCards.js', 'keyCards.css'].map((file) => cp(`client/pages/${file}`, `dist/pages/${file}`)),
  ...['tree-sitter.wasm', 'tree-sitter-python.wasm'].map((file) =>
    cp(`node_modules/@vscode/tree-sitter-wasm/wasm/${file}`, `dist/wasm/${file}`),
  ),
]);
