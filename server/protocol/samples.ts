/** Programs that show how something is called. */

/** A4. */
export const sampleLanguages = ['curl', 'javascript', 'typescript', 'python'] as const;
export type SampleLanguage = (typeof sampleLanguages)[number];

/** A program that makes one request; the key comes from its environment (A13, A22). */
export interface SampleRow {
  language: SampleLanguage;
  /** A name for it, e.g. `sample.py`. */
  file: string;
  code: string;
  /** A public workflow's needs none (D13). */
  needsKey: boolean;
}
