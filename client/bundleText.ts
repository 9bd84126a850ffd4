/** How an import, an export and what is missing after them read in the editor; pure, so that it is tested without one. */

import type { BundleItem, BundlePreview, ExportedBundle, NeededValue } from '../server/protocol/bundles.ts';
import type { TextContext } from './text.ts';

type Words = Pick<TextContext, 't'>;

/** A dialog holds no more; the command line shows all. */
const shownLines = 20;

/** What an import would do, as a question's detail: what changes, what is refused, and how much stays. */
export function previewText({ items }: BundlePreview, { t }: Words): string {
  const told = items.filter(({ change, needsValue }) => change !== 'unchanged' || needsValue);
  const lines = told.slice(0, shownLines).map((item) => itemText(item, { t }));
  if (told.length > shownLines) lines.push(t('… and {0} more.', told.length - shownLines));
  const same = items.length - told.length;
  if (same > 0) lines.push(t('Unchanged: {0}', same));
  return lines.join('\n') || t('There is nothing to change.');
}

function itemText(item: BundleItem, { t }: Words): string {
  const changes = { new: t('New'), changed: t('Changed'), unchanged: t('Unchanged'), refused: t('Refused') };
  const isScoped = item.kind === 'config' || item.kind === 'credential';
  const details = [
    ...(item.needsValue ? [t('needs its value')] : []),
    ...(item.detail === undefined ? [] : [item.detail]),
  ].join('; ');
  const place = isScoped ? `, ${item.organizationId ?? t('Global')}` : '';
  return `${changes[item.change]}: ${item.name} (${item.type ?? item.kind}${place})${details && ` – ${details}`}`;
}

/** What is in the file, and what is not. */
export function exportText({ configs, leftOut }: ExportedBundle, { t }: Words): string {
  const { secretValues, credentialValues, keys } = leftOut;
  return t(
    'Exported, configs: {0}. Left out: values of secrets ({1}) and of credentials ({2}), keys ({3}), folders, history.',
    configs,
    secretValues,
    credentialValues,
    keys,
  );
}

/** The question for one value that is missing: whose it is, and where it goes. */
export function neededText(needed: NeededValue, { t }: Words): string {
  const scope = needed.organizationId ?? t('Global');
  if (needed.kind === 'credential') {
    // Whoever types a key should see where it goes: the file may come from somebody else.
    return t(
      'Value of the credential “{0}” ({1}); it is sent to {2}',
      needed.name,
      scope,
      needed.hosts.join(', '),
    );
  }
  const what = t('Value of “{0}” ({1}, {2})', needed.name, needed.type, scope);
  return needed.description === undefined ? what : `${what}: ${needed.description}`;
}
