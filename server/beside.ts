/** Where the program's own files lie: beside the bundle, or in the package when it runs from source. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The grammars that the parser loads. */
export function wasmDirectory(): string {
  return either('wasm', '..', 'node_modules', '@vscode', 'tree-sitter-wasm', 'wasm');
}

/** The page behind `/api-docs`. */
export function referenceDirectory(): string {
  return either('reference', 'http', 'reference');
}

/** The `bifrost` package and the run host. */
export function pythonDirectory(): string {
  return join(import.meta.dirname, 'python');
}

/** The thread that parses bundles. */
export function parseWorkerFile(): string {
  return either('parseWorker.js', 'bundles', 'parseWorker.ts');
}

function either(bundledName: string, ...source: string[]): string {
  const bundled = join(import.meta.dirname, bundledName);
  return existsSync(bundled) ? bundled : join(import.meta.dirname, ...source);
}
