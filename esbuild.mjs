/** Builds both bundles into `dist/`, with the files they read beside them. */

import { cp, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  logLevel: 'warning',
  legalComments: 'none',
};

await rm('dist', { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: ['server/main.ts'],
    outfile: 'dist/server.js',
    format: 'esm',
    // Dependencies in CommonJS call `require` for Node's own modules.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  }),
  build({
    ...shared,
    entryPoints: ['client/extension.ts'],
    outfile: 'dist/extension.cjs',
    format: 'cjs',
    external: ['vscode'],
  }),
  cp('server/python', 'dist/python', {
    recursive: true,
    filter: (source) => !source.includes('__pycache__'),
  }),
  ...['tree-sitter.wasm', 'tree-sitter-python.wasm'].map((file) =>
    cp(`node_modules/@vscode/tree-sitter-wasm/wasm/${file}`, `dist/wasm/${file}`),
  ),
]);
