/** Workflows of one file's source; it reads no disk and runs nothing. */

import { extractFacts, type FileFacts } from '../language/facts.ts';
import type { PythonParser } from '../language/parser.ts';

/** A file without this word holds no workflow; most are told apart by it before they are decoded or parsed. */
const tellingWord = 'bifrost';

/**
 * What a file's bytes, taken as UTF-8 with or without a byte order mark, say of workflows.
 *
 * @returns undefined for a file that has nothing to do with them.
 */
export function discoverBytes(bytes: Buffer, parser: PythonParser): FileFacts | undefined {
  if (!bytes.includes(tellingWord)) return undefined;
  return extractFacts(new TextDecoder().decode(bytes), parser);
}
