/** Samples on the command line: which languages are asked for, and how several of them are printed. */

import { Option } from 'commander';
import { type SampleLanguage, type SampleRow, sampleLanguages } from '../protocol/samples.ts';

export type SampleChoice = SampleLanguage | 'all';

export function sampleOption(flags: string): Option {
  return new Option(flags, 'the language of a program that makes the call').choices([
    ...sampleLanguages,
    'all',
  ]);
}

export function chosenSamples(samples: readonly SampleRow[], choice: SampleChoice): SampleRow[] {
  return samples.filter(({ language }) => choice === 'all' || choice === language);
}

/** One alone is the program itself; several each stand below the name of their file. */
export function samplesText(samples: readonly SampleRow[]): string {
  const [only, ...others] = samples;
  if (only && others.length === 0) return only.code.trimEnd();
  return samples
    .map(({ file, code }) => `--- ${file}\n${code}`)
    .join('\n')
    .trimEnd();
}
