/** `workflow/duplicate-name`: two workflows have one name, so neither endpoint runs (D45). */

import type { DiagnoseOptions } from '../diagnostics.ts';
import type { FileFacts } from '../facts.ts';
import type { KnownNames } from '../names.ts';
import type { Finding } from './finding.ts';

export function compute({ workflows }: FileFacts, _known: KnownNames, options: DiagnoseOptions): Finding[] {
  const here = workflows.map(({ workflow: { id, range } }) => ({ id, uri: options.uri, range }));
  const elsewhere = (options.workflows ?? []).filter(({ uri }) => uri !== options.uri);
  return here.flatMap((one) => {
    const others = [...here, ...elsewhere].filter((other) => other !== one && other.id === one.id);
    if (others.length === 0) return [];
    return [
      {
        range: one.range,
        message: `Another workflow is named "${one.id}" too; the endpoint of neither runs until one is renamed.`,
        related: others.map(({ uri, range }) => ({
          location: { uri, range },
          message: `"${one.id}" is defined here too.`,
        })),
      },
    ];
  });
}
