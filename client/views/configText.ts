/** How a config row reads in the side bar (C3, C12, D37); pure, so that it is tested without an editor. */

import { type ConfigRow, type ReferenceKind, secretMask } from '../../server/protocol/configs.ts';
import { escapeMarkdown, fullTime, oneLine, type TextContext, type Translate } from '../text.ts';

export interface ConfigText {
  label: string;
  description: string;
  /** Markdown. */
  tooltip: string;
  spoken: string;
  /** A codicon. */
  icon: string;
}

const typeIcons: Record<ConfigRow['type'], string> = {
  string: 'symbol-string',
  int: 'symbol-number',
  bool: 'symbol-boolean',
  json: 'json',
  secret: 'lock',
};

export function configText(row: ConfigRow, context: TextContext): ConfigText {
  const { t } = context;
  const value = row.needsValue ? t('needs a value') : shownValue(row, t);
  const facts = [
    `**${escapeMarkdown(row.name)}** (${row.type})`,
    ...(row.description ? [escapeMarkdown(row.description)] : []),
    row.needsValue
      ? t('It was imported without its value; workflows that read it fail until it is set.')
      : escapeMarkdown(oneLine(value, shownCodePoints)),
    t('Changed {0} by {1}', fullTime(row.updatedAt, context), escapeMarkdown(row.updatedBy)),
  ];
  return {
    label: row.name,
    description: oneLine(value),
    tooltip: facts.join('\n\n'),
    spoken: `${row.name}, ${row.type}, ${row.type === 'secret' && !row.needsValue ? t('hidden') : oneLine(value)}`,
    icon: row.needsValue ? 'warning' : typeIcons[row.type],
  };
}

/** A tooltip is no place to read a document. */
const shownCodePoints = 1000;

/** Invariant: a secret is six dots, whatever the daemon answered (C12); of a reference its kind is told. */
function shownValue(row: ConfigRow, t: Translate): string {
  if (row.type === 'secret') {
    return row.reference ? t('{0} from {1}', secretMask, referenceText(row.reference, t)) : secretMask;
  }
  return typeof row.value === 'string' ? row.value : JSON.stringify(row.value);
}

function referenceText(kind: ReferenceKind, t: Translate): string {
  const texts = { env: t('an environment variable'), file: t('a file'), command: t('a command') };
  return texts[kind];
}
