/** What the language room may know of what is stored: names, types and places, read once per change. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Configs } from './configs/configs.ts';
import type { WorkflowPlace } from './language/diagnostics.ts';
import type { KnownNames } from './language/names.ts';
import type { WorkflowRegistry } from './workflows/registry.ts';

export interface KnownNameSource {
  /** As an organization sees them. `isTrusted` false: an incomplete list, so that nobody is warned (invariant 6). */
  names(organizationId: string | undefined, isTrusted: boolean): Promise<KnownNames>;
  /** Every registered workflow, where it stands. */
  workflows(): readonly WorkflowPlace[];
}

/**
 * Keeps the lists between changes, because they are asked for at every keystroke.
 * To be opened before whoever announces changes, so that nobody who is told reads an old list.
 */
export function openKnownNames(configs: Configs, registry: WorkflowRegistry): KnownNameSource {
  let stored: Promise<Pick<KnownNames, 'organizations' | 'configs'>> | undefined;
  let places: WorkflowPlace[] | undefined;
  configs.onChange(() => {
    stored = undefined;
  });
  registry.onChange(() => {
    places = undefined;
  });

  const readStored = async () => ({
    organizations: (await configs.listOrganizations()).map(({ id, name }) => ({ id, name })),
    configs: await configs.names(),
  });

  return {
    async names(organizationId, isTrusted) {
      stored ??= readStored();
      const { organizations, configs: names } = await stored;
      // An organization that was removed is nobody's choice any more.
      const isKnown = organizations.some(({ id }) => id === organizationId);
      return {
        complete: isTrusted,
        organizations,
        configs: names,
        ...(organizationId !== undefined && isKnown && { chosenOrganizationId: organizationId }),
      };
    },
    workflows() {
      places ??= registry.list().map(({ id, folder, file, range }) => ({
        id,
        uri: pathToFileURL(join(folder, file)).href,
        range,
      }));
      return places;
    },
  };
}
