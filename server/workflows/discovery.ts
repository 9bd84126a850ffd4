/** Workflows of one file's source; it reads no disk and runs nothing. */

import { extractFacts, type FileFacts } from '../language/facts.ts';
import type { PythonParser } from '../language/parser.ts';

/** A file without this word holds no workflow, and is not parsed. */
const tellingWord = 'bifrost';

/** @returns undefined for a file that has nothing to do with workflows. */
export function discoverFile(text: string, parser: PythonParser): FileFacts | undefined {
  if (!text.includes(tellingWord)) return undefined;
  const tree = parser.parse(text);
  try {
    return extractFacts(tree, text);
  } finally {
    tree.delete();
  }
}

/** As `discoverFile`, for a file's bytes: most files are told apart before they are decoded. */
export function discoverBytes(bytes: Buffer, parser: PythonParser): FileFacts | undefined {
  return bytes.includes(tellingWord) ? discoverFile(decode(bytes), parser) : undefined;
}

/** Without a byte order mark, as an editor shows it. */
function decode(bytes: Buffer): string {
  return new TextDecoder('utf-8').decode(bytes);
}
