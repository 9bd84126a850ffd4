/** The order of texts in lists and files: by code units, so that it is the same on every machine; it knows no language. */

/** For `sort`: negative when `one` comes first. */
export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
